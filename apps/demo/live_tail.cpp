#include "apps/demo/live_tail.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <map>
#include <optional>
#include <utility>

#include "apps/cli/table_reader.hpp"
#include "client/appender.hpp"
#include "client/scanner.hpp"

namespace millrace::demo {

namespace {

/// One poll's wait: how soon a failed writer is noticed, not how soon a row comes.
constexpr Duration poll_time = 250ms;
constexpr std::string_view flight_column = "flight";

/// The writing half: appends a row, then sets a timer for the next one. Timers outlive the call
/// that set them, hence the shared_ptr.
class Trickle : public std::enable_shared_from_this<Trickle> {
 public:
  Trickle(EventLoop& loop, const LiveRequest& request, std::shared_ptr<client::Appender> appender)
      : loop_(loop), request_(request), appender_(std::move(appender)) {}

  void write_next() {
    if (stopped_ || written_ == request_.rows->num_rows()) return;
    const std::int64_t flight = request_.first_flight + written_;
    auto row = renumbered_row(*request_.rows, written_, flight);
    if (!row) return give_up(cli::failed(row.error()).value());
    ++written_;
    sent_at_[flight] = loop_.now();
    const auto taken = appender_->append(
        std::move(*row),
        [self = shared_from_this()](const protocol::Outcome<client::Appended>& outcome) {
          if (!outcome) self->give_up(cli::failed(outcome.error()).value());
        });
    if (!taken) return give_up(cli::failed(taken.error()).value());
    loop_.after(request_.between, [self = shared_from_this()] { self->write_next(); });
  }

  void stop() { stopped_ = true; }

  [[nodiscard]] const std::optional<cli::Failure>& failure() const { return failure_; }
  /// How long ago the row was written; nothing for rows of others and for one seen already.
  [[nodiscard]] std::optional<Duration> age_of(std::int64_t flight) {
    const auto found = sent_at_.find(flight);
    if (found == sent_at_.end()) return std::nullopt;
    const Duration age = loop_.now() - found->second;
    sent_at_.erase(found);
    return age;
  }

 private:
  void give_up(cli::Failure failure) {
    if (!stopped_ && !failure_) failure_ = std::move(failure);
    stopped_ = true;
  }

  EventLoop& loop_;
  const LiveRequest request_;
  const std::shared_ptr<client::Appender> appender_;
  std::map<std::int64_t, Instant> sent_at_;  // By flight number, until seen.
  std::int64_t written_ = 0;
  bool stopped_ = false;
  std::optional<cli::Failure> failure_;
};

/// A scanner of carrier, flight, origin and dest, at the table's end.
cli::Done<std::shared_ptr<client::Scanner>> open_scanner(cli::Session& session,
                                                         const client::TablePath& table) {
  const auto info = session.wait<client::TablePtr>(
      [&](auto done) { session.client().describe_table(table, std::move(done)); });
  if (!info) return tl::unexpected(info.error());
  std::vector<std::int32_t> positions;
  const auto& columns = (*info)->descriptor.schema.columns;
  for (const std::string_view name : {"carrier", "flight", "origin", "dest"}) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name == name) positions.push_back(static_cast<std::int32_t>(i));
    }
  }
  const auto ends = cli::offsets_of(session, table, {});
  if (!ends) return tl::unexpected(ends.error());
  auto scanner = session.wait<std::shared_ptr<client::Scanner>>([&](auto done) {
    client::Scanner::open(session.client(), table, {.columns = positions}, std::move(done));
  });
  if (!scanner) return scanner;
  for (std::size_t i = 0; i < ends->size(); ++i)
    (*scanner)->subscribe(BucketIndex{static_cast<std::int32_t>(i)}, (*ends)[i]);
  return scanner;
}

std::string text_at(const arrow::RecordBatch& rows, const std::string& column, std::int64_t row) {
  const auto values = rows.GetColumnByName(column);
  if (!values || values->type_id() != arrow::Type::STRING) return {};
  return static_cast<const arrow::StringArray&>(*values).GetString(row);
}

/// Hands out the rows of ours among `rows`.
void take(const arrow::RecordBatch& rows, Trickle& trickle, std::vector<Duration>& latencies,
          const std::function<void(const LiveRow&)>& on_row) {
  const auto flights = rows.GetColumnByName(std::string(flight_column));
  if (!flights || flights->type_id() != arrow::Type::INT64) return;
  for (std::int64_t i = 0; i < rows.num_rows(); ++i) {
    const std::int64_t flight = static_cast<const arrow::Int64Array&>(*flights).Value(i);
    const auto age = trickle.age_of(flight);
    if (!age) continue;
    latencies.push_back(*age);
    on_row({flight, text_at(rows, "carrier", i), text_at(rows, "origin", i),
            text_at(rows, "dest", i), *age});
  }
}

/// Reads until every row of the request has come.
cli::Done<std::vector<Duration>> follow(cli::Session& session, const LiveRequest& request,
                                        client::Scanner& scanner, Trickle& trickle,
                                        const std::function<void(const LiveRow&)>& on_row) {
  std::vector<Duration> latencies;
  Instant heard_at = session.loop().now();
  while (latencies.size() < static_cast<std::size_t>(request.rows->num_rows())) {
    // While this waits the same loop runs the writer's timers.
    const auto batches = session.wait<std::vector<client::ScannedBatch>>(
        [&](auto done) { scanner.poll(poll_time, std::move(done)); });
    if (!batches) return tl::unexpected(batches.error());
    if (trickle.failure()) return tl::unexpected(*trickle.failure());
    for (const client::ScannedBatch& batch : *batches)
      take(*batch.rows, trickle, latencies, on_row);
    if (!batches->empty()) heard_at = session.loop().now();
    if (session.loop().now() - heard_at > request.silence_max) {
      return cli::failed(protocol::ProtocolError{protocol::ErrorCode::request_time_out,
                                                 "rows that were written do not come"});
    }
  }
  return latencies;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> renumbered_row(const arrow::RecordBatch& rows,
                                                           std::int64_t index,
                                                           std::int64_t flight) {
  const int column = rows.schema()->GetFieldIndex(flight_column);
  if (column < 0 || rows.schema()->field(column)->type()->id() != arrow::Type::INT64)
    return fail(Errc::malformed, "there is no column flight of type BIGINT");
  arrow::Int64Builder builder;
  auto status = builder.Append(flight);
  const auto number = builder.Finish();
  if (!status.ok() || !number.ok()) return fail(Errc::unavailable, "no memory for a row");
  auto row = rows.Slice(index, 1)->SetColumn(column, rows.schema()->field(column), *number);
  if (!row.ok()) return fail(Errc::malformed, row.status().message());
  return row.MoveValueUnsafe();
}

cli::Done<std::vector<Duration>> tail_live(cli::Session& session, const LiveRequest& request,
                                           const std::function<void(const LiveRow&)>& on_row) {
  const auto scanner = open_scanner(session, request.table);
  if (!scanner) return tl::unexpected(scanner.error());
  AsioTransport transport(session.loop());
  client::Client writer(transport, session.loop(), {.bootstrap = request.bootstrap});
  auto appender = session.wait<std::shared_ptr<client::Appender>>(
      [&](auto done) { client::Appender::open(writer, request.table, {}, std::move(done)); });
  if (!appender) return tl::unexpected(appender.error());

  const auto trickle = std::make_shared<Trickle>(session.loop(), request, std::move(*appender));
  trickle->write_next();
  auto latencies = follow(session, request, **scanner, *trickle, on_row);
  // Its timers and callbacks may come later than this call's transport lives.
  trickle->stop();
  return latencies;
}

}  // namespace millrace::demo
