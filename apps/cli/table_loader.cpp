#include "apps/cli/table_loader.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/arrow_schema.hpp"

namespace millrace::cli {

namespace {

/// Batches that wait while the next ones are read from the file: enough to keep every bucket busy.
std::size_t waiting_max(const client::Appender& appender) {
  return std::clamp<std::size_t>(2 * appender.table().buckets.size(), 4, 16);
}

}  // namespace

Done<std::shared_ptr<arrow::Schema>> columns_of(Session& session, const client::TablePath& table) {
  const auto info = session.wait<client::TablePtr>(
      [&](auto done) { session.client().describe_table(table, std::move(done)); });
  if (!info) return tl::unexpected(info.error());
  return protocol::to_arrow((*info)->descriptor.schema);
}

Done<LoadSummary> load_rows(Session& session, const client::TablePath& table, RowSource& source,
                            const std::function<void(const LoadProgress&)>& on_progress) {
  auto opened = session.wait<std::shared_ptr<client::Appender>>(
      [&](auto done) { client::Appender::open(session.client(), table, {}, std::move(done)); });
  if (!opened) return tl::unexpected(opened.error());
  client::Appender& appender = **opened;
  const Instant start = session.loop().now();
  // Outlives this call if it gives up before all answers are in.
  struct Tally {
    std::int64_t rows = 0;
    std::optional<protocol::ProtocolError> error;
  };
  const auto tally = std::make_shared<Tally>();
  std::int64_t batches = 0;
  /// Waits, as long as something is confirmed now and then, until few enough batches wait.
  const auto wait_until_waiting = [&](std::size_t most) -> Done<void> {
    while (appender.pending() > most && !tally->error) {
      const std::size_t before = appender.pending();
      const bool moved = session.blocking().until(
          [&] { return appender.pending() < before || tally->error.has_value(); });
      on_progress({tally->rows, source.fraction()});
      if (!moved)
        return failed(protocol::ProtocolError{protocol::ErrorCode::request_time_out,
                                              "no rows were confirmed within the time limit"});
    }
    if (tally->error) return failed(*tally->error);
    return {};
  };
  while (true) {
    auto rows = source.next();
    if (!rows) return failed(rows.error());
    if (!*rows) break;
    const auto taken = appender.append(std::move(*rows),
                                       [tally](const protocol::Outcome<client::Appended>& outcome) {
                                         if (outcome) tally->rows += outcome->rows;
                                         if (!outcome && !tally->error)
                                           tally->error = outcome.error();
                                       });
    if (!taken) return failed(taken.error());
    ++batches;
    if (auto few = wait_until_waiting(waiting_max(appender)); !few)
      return tl::unexpected(few.error());
  }
  if (auto none = wait_until_waiting(0); !none) return tl::unexpected(none.error());
  on_progress({tally->rows, 1.0});
  return LoadSummary{tally->rows, batches, session.loop().now() - start};
}

}  // namespace millrace::cli
