#include "bench/load/tail_load.hpp"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "bench/load/load_table.hpp"
#include "client/scanner.hpp"

namespace millrace::bench {

namespace {

constexpr std::int64_t warm_up_seconds = 2;
constexpr std::int64_t pool_rows = 8192;
/// What one batch holds at most when a timer came late.
constexpr std::int64_t rows_at_once_max = 1024;
constexpr std::size_t pending_batches_max = 100'000;

std::shared_ptr<arrow::Array> numbers(std::int64_t count, const auto& value_of) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < count; ++i) CHECK(builder.Append(value_of(i)).ok());
  return builder.Finish().ValueOrDie();
}

/// Rows that are due one after the other. c0 is a row's number, c1 when it is due, in nanoseconds
/// since the first.
class Pacing {
 public:
  Pacing(Shape shape, std::int64_t rows_per_second)
      : pool_(make_rows(shape, pool_rows)), rows_per_second_(rows_per_second) {}

  [[nodiscard]] Duration due(std::int64_t row) const {
    return Duration(row * 1'000'000'000 / rows_per_second_);
  }

  [[nodiscard]] std::shared_ptr<arrow::RecordBatch> rows(std::int64_t first,
                                                         std::int64_t count) const {
    const auto values = pool_->Slice(first % (pool_rows - rows_at_once_max), count);
    std::vector<std::shared_ptr<arrow::Array>> columns = values->columns();
    columns[0] = numbers(count, [&](std::int64_t i) { return first + i; });
    columns[1] = numbers(count, [&](std::int64_t i) { return due(first + i).count(); });
    return arrow::RecordBatch::Make(values->schema(), count, std::move(columns));
  }

 private:
  const std::shared_ptr<arrow::RecordBatch> pool_;
  const std::int64_t rows_per_second_;
};

/// A writer and a reader at work. Callbacks keep them going; whatever comes late finds it alive.
class Tail : public std::enable_shared_from_this<Tail> {
 public:
  Tail(EventLoop& loop, const LoadOptions& options)
      : loop_(loop),
        pacing_(options.shape, options.rows_per_second),
        skipped_(warm_up_seconds * options.rows_per_second),
        all_(skipped_ + options.length / 1s * options.rows_per_second) {}

  void start(std::shared_ptr<client::Appender> appender, std::shared_ptr<client::Scanner> scanner) {
    appender_ = std::move(appender);
    scanner_ = std::move(scanner);
    origin_ = loop_.now();
    poll();
    write();
  }

  /// No row comes after this, and nothing holds the writer and the reader any more.
  void stop() {
    stopped_ = true;
    appender_.reset();
    scanner_.reset();
  }

  [[nodiscard]] bool is_warm() const { return error_ || next_ > skipped_; }
  [[nodiscard]] bool is_over() const { return error_ || (seen_ == all_ && acknowledged_ == all_); }
  [[nodiscard]] const std::optional<protocol::ProtocolError>& error() const { return error_; }
  [[nodiscard]] std::int64_t seen() const { return seen_; }
  [[nodiscard]] TailResult result() const {
    return {.rows = all_ - skipped_,
            .seen = percentiles_of(seen_after_),
            .acknowledged = percentiles_of(acknowledged_after_),
            .cost = {}};
  }

 private:
  void write() {
    if (stopped_ || error_) return;
    std::int64_t count = 0;
    while (next_ + count < all_ && count < rows_at_once_max && now() >= pacing_.due(next_ + count))
      ++count;
    if (count > 0) append(count);
    if (next_ == all_) return;
    loop_.after(std::max(pacing_.due(next_) - now(), Duration(0)),
                [self = shared_from_this()] { self->write(); });
  }

  void append(std::int64_t count) {
    const std::int64_t first = next_;
    next_ += count;
    const Status taken = appender_->append(
        pacing_.rows(first, count), [self = shared_from_this(), first,
                                     count](const protocol::Outcome<client::Appended>& outcome) {
          if (!outcome) return self->note(outcome.error());
          self->acknowledged_ += count;
          for (std::int64_t row = first; row < first + count; ++row)
            self->count(row, self->acknowledged_after_);
        });
    if (!taken) note({protocol::ErrorCode::unknown_server_error, taken.error().message});
  }

  void poll() {
    if (stopped_ || error_) return;
    scanner_->poll(500ms, [self = shared_from_this()](
                              const protocol::Outcome<std::vector<client::ScannedBatch>>& batches) {
      if (!batches) return self->note(batches.error());
      for (const client::ScannedBatch& batch : *batches) self->take(*batch.rows);
      self->poll();
    });
  }

  void take(const arrow::RecordBatch& rows) {
    const auto& row_numbers = static_cast<const arrow::Int64Array&>(*rows.column(0));
    for (std::int64_t i = 0; i < rows.num_rows(); ++i) count(row_numbers.Value(i), seen_after_);
    seen_ += rows.num_rows();
  }

  void count(std::int64_t row, std::vector<Duration>& after) const {
    if (row >= skipped_) after.push_back(now() - pacing_.due(row));
  }

  void note(const protocol::ProtocolError& error) {
    if (!error_) error_ = error;
  }

  [[nodiscard]] Duration now() const { return loop_.now() - origin_; }

  EventLoop& loop_;
  const Pacing pacing_;
  const std::int64_t skipped_;
  const std::int64_t all_;
  std::shared_ptr<client::Appender> appender_;
  std::shared_ptr<client::Scanner> scanner_;
  Instant origin_;
  bool stopped_ = false;
  std::int64_t next_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t seen_ = 0;
  std::vector<Duration> seen_after_;
  std::vector<Duration> acknowledged_after_;
  std::optional<protocol::ProtocolError> error_;
};

cli::Done<std::shared_ptr<client::Scanner>> open_scanner(cli::Session& session,
                                                         client::Client& client,
                                                         const LoadOptions& options) {
  auto scanner = session.wait<std::shared_ptr<client::Scanner>>(
      [&](auto done) { client::Scanner::open(client, options.table, {}, std::move(done)); });
  if (!scanner) return scanner;
  for (std::int32_t bucket = 0; bucket < options.buckets; ++bucket)
    (*scanner)->subscribe(BucketIndex{bucket}, client::from_earliest);
  return scanner;
}

cli::Done<TailResult> measure(cli::Session& session, Tail& tail, const LoadOptions& options) {
  const auto failed = [&] {
    return cli::failed(tail.error().value_or(protocol::ProtocolError{
        protocol::ErrorCode::request_time_out, fmt::format("only {} rows came", tail.seen())}));
  };
  const Duration time_max = std::chrono::seconds(warm_up_seconds) + options.length + 60s;
  if (!session.loop().run_until([&] { return tail.is_warm(); }, time_max) || tail.error())
    return failed();
  CostMeter meter(options.servers, options.data);
  if (auto begun = meter.begin(session.loop().now()); !begun) return cli::failed(begun.error());
  if (!session.loop().run_until([&] { return tail.is_over(); }, time_max) || tail.error())
    return failed();
  const auto cost = meter.end(session.loop().now());
  if (!cost) return cli::failed(cost.error());
  TailResult result = tail.result();
  result.cost = *cost;
  return result;
}

}  // namespace

cli::Done<TailResult> run_tail(cli::Session& session, const LoadOptions& options) {
  if (auto made = make_table(session, options); !made) return tl::unexpected(made.error());
  auto appender = open_appender(session, options.table, pending_batches_max);
  if (!appender) return tl::unexpected(appender.error());
  const auto reader = session.another_client();
  auto scanner = open_scanner(session, *reader, options);
  if (!scanner) return tl::unexpected(scanner.error());
  const auto tail = std::make_shared<Tail>(session.loop(), options);
  tail->start(std::move(*appender), std::move(*scanner));
  auto result = measure(session, *tail, options);
  tail->stop();
  return result;
}

}  // namespace millrace::bench
