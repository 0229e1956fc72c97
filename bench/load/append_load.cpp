#include "bench/load/append_load.hpp"

#include <utility>

namespace millrace::bench {

namespace {

/// Sends batches in turn, the first again after the last.
class Sending {
 public:
  Sending(cli::Session& session, client::Appender& appender, const LoadBatches& load)
      : session_(session), appender_(appender), load_(load) {}

  /// Errors: the server's; request_time_out when nothing is acknowledged for too long.
  [[nodiscard]] cli::Done<void> send(std::int64_t count) {
    for (std::int64_t sent = 0; sent < count;) {
      while (sent < count && appender_.has_room()) {
        if (auto taken = send_next(); !taken) return cli::failed(taken.error());
        ++sent;
      }
      if (auto fewer = wait_until_fewer(appender_.pending()); !fewer) return fewer;
    }
    while (appender_.pending() > 0) {
      if (auto fewer = wait_until_fewer(appender_.pending()); !fewer) return fewer;
    }
    return {};
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] Status send_next() {
    const Buffer& batch = load_.batches[next_];
    next_ = (next_ + 1) % load_.batches.size();
    bytes_ += batch.size();
    return appender_.append_encoded(
        std::nullopt, batch, [error = error_](const protocol::Outcome<client::Appended>& outcome) {
          if (!outcome && !*error) *error = outcome.error();
        });
  }

  [[nodiscard]] cli::Done<void> wait_until_fewer(std::size_t pending) {
    const bool moved = session_.blocking().until(
        [&] { return appender_.pending() < pending || error_->has_value(); });
    if (*error_) return cli::failed(**error_);
    if (moved) return {};
    return cli::failed(protocol::ProtocolError{protocol::ErrorCode::request_time_out,
                                               "no batch was confirmed within the time limit"});
  }

  cli::Session& session_;
  client::Appender& appender_;
  const LoadBatches& load_;
  std::size_t next_ = 0;
  std::uint64_t bytes_ = 0;
  // Answers may come after this is gone.
  std::shared_ptr<std::optional<protocol::ProtocolError>> error_ =
      std::make_shared<std::optional<protocol::ProtocolError>>();
};

}  // namespace

cli::Done<AppendResult> run_append(cli::Session& session, const LoadOptions& options) {
  if (auto made = make_table(session, options); !made) return tl::unexpected(made.error());
  const auto appender =
      open_appender(session, options.table, static_cast<std::size_t>(options.buckets) * 10);
  if (!appender) return tl::unexpected(appender.error());
  const auto load =
      encode_batches(options, static_cast<std::int16_t>((*appender)->table().schema_id));
  if (!load) return cli::failed(load.error());
  Sending warm_up(session, **appender, *load);
  const auto all = static_cast<std::int64_t>(load->batches.size());
  if (auto sent = warm_up.send(all); !sent) return tl::unexpected(sent.error());

  AppendResult result;
  result.batches = (options.rows + load->rows_per_batch - 1) / load->rows_per_batch;
  result.rows = result.batches * load->rows_per_batch;
  result.logical_bytes_per_row = load->logical_bytes_per_row;
  Sending sending(session, **appender, *load);
  CostMeter meter(options.servers, options.data);
  if (auto begun = meter.begin(session.loop().now()); !begun) return cli::failed(begun.error());
  if (auto sent = sending.send(result.batches); !sent) return tl::unexpected(sent.error());
  const auto cost = meter.end(session.loop().now());
  if (!cost) return cli::failed(cost.error());
  result.cost = *cost;
  result.wire_bytes = sending.bytes();
  return result;
}

}  // namespace millrace::bench
