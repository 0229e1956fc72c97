#include "scenarios/workloads/log_reader.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {
constexpr Duration open_again_after = 200ms;
constexpr Duration poll_time = 1s;
}  // namespace

LogReader::LogReader(SimulatedClient& client, History& history, ReadPlan plan, Random random)
    : client_(client), history_(history), plan_(std::move(plan)), random_(random) {}

void LogReader::start() { open(); }

void LogReader::open_again() {
  (void)client_.loop().after(open_again_after, [this] { open(); });
}

void LogReader::open() {
  if (stopping_) return;
  client::ScanOptions options;
  if (plan_.projected) options.columns = {1, 0};
  // Small answers, so that reads of a bucket begin at many offsets; a short limit, so that an
  // answer that a crash swallowed is not waited for.
  options.bucket_bytes_max = 1024;
  options.answer_bytes_max = 4096;
  options.answer_time_max = 6s;
  client::Scanner::open(client_.api(), plan_.table, options,
                        [this](client::Outcome<std::shared_ptr<client::Scanner>> opened) {
                          if (opened) return find_start(*opened);
                          open_again();
                        });
}

void LogReader::find_start(const std::shared_ptr<client::Scanner>& scanner) {
  const Instant asked_at = client_.loop().now();
  client_.api().list_offsets(
      plan_.table, {.kind = client::OffsetQuery::Kind::earliest},
      [this, scanner, asked_at](client::Outcome<std::vector<client::BucketOffset>> starts) {
        const auto known = [this](const client::BucketOffset& one) {
          return one.offset || (plan_.only && one.bucket != *plan_.only);
        };
        const bool complete = starts && std::all_of(starts->begin(), starts->end(), known);
        if (stopping_) return;
        if (!complete) return open_again();
        begin(scanner, *starts, asked_at);
      });
}

void LogReader::begin(std::shared_ptr<client::Scanner> scanner,
                      const std::vector<client::BucketOffset>& starts, Instant asked_at) {
  scanner_ = std::move(scanner);
  for (const client::BucketOffset& start : starts) {
    if (plan_.only && start.bucket != *plan_.only) continue;
    scanner_->subscribe(start.bucket, *start.offset);
    reads_[start.bucket] = history_.reads.size();
    Read read;
    read.reader = plan_.name;
    read.bucket = {scanner_->table().id, start.bucket};
    read.begun_at = client_.loop().now();
    read.start_asked_at = asked_at;
    read.from = *start.offset;
    history_.reads.push_back(std::move(read));
  }
  poll();
}

void LogReader::poll() {
  if (stopping_) return;
  scanner_->poll(poll_time,
                 [this](const client::Outcome<std::vector<client::ScannedBatch>>& outcome) {
                   if (!stopping_) polled(outcome);
                 });
}

void LogReader::polled(const client::Outcome<std::vector<client::ScannedBatch>>& outcome) {
  if (!outcome) {
    if (bears(outcome.error()) || ended_) return;
    history_.findings.push_back(
        fmt::format("{} cannot read on: {}", plan_.name, outcome.error().message));
    return;
  }
  for (const client::ScannedBatch& batch : *outcome) take(batch);
  const Duration lag = plan_.lag_max == Duration::zero()
                           ? Duration::zero()
                           : Duration(random_.between(0, plan_.lag_max.count()));
  if (lag == Duration::zero()) return poll();
  (void)client_.loop().after(lag, [this] { poll(); });
}

bool LogReader::bears(const client::ProtocolError& error) {
  if (error.code == client::ErrorCode::log_offset_out_of_range_exception && history_.time_to_live) {
    ++history_.readers_overtaken;
    open();
    return true;
  }
  if (error.code == client::ErrorCode::corrupt_message &&
      client_.loop().now() <= history_.wire_bad_until) {
    // What came is not what was sent, and the client saw it.
    ++history_.answers_damaged;
    open_again();
    return true;
  }
  if (error.code != client::ErrorCode::corrupt_record_exception || history_.damage.empty())
    return false;
  if (plan_.only && pass_over(error.message)) {
    poll();
    return true;
  }
  ended_ = true;
  return false;
}

bool LogReader::pass_over(const std::string& message) {
  constexpr std::string_view before = "the log goes on at ";
  const std::size_t found = message.rfind(before);
  if (found == std::string::npos) return false;
  const char* const first = message.data() + found + before.size();
  Offset next = 0;
  if (std::from_chars(first, message.data() + message.size(), next).ec != std::errc()) return false;
  const Offset now = position(*plan_.only);
  if (next <= now) return false;
  history_.reads[reads_.at(*plan_.only)].gaps.push_back({now, next});
  scanner_->subscribe(*plan_.only, next);
  return true;
}

void LogReader::take(const client::ScannedBatch& batch) {
  Read& read = history_.reads[reads_.at(batch.bucket)];
  added_values_ += count_added_values(*batch.rows);
  Offset offset = batch.base_offset;
  for (const std::optional<Value>& value : values_in(*batch.rows)) {
    if (value) {
      read.rows.push_back({offset, *value});
    } else {
      history_.findings.push_back(fmt::format("damaged row: bucket {} offset {}, read by {}",
                                              millrace::to_string(read.bucket), offset,
                                              plan_.name));
    }
    ++offset;
  }
}

Offset LogReader::position(BucketIndex bucket) const {
  const auto found = reads_.find(bucket);
  if (found == reads_.end()) return 0;
  const Read& read = history_.reads[found->second];
  const Offset behind_rows = read.rows.empty() ? read.from : read.rows.back().offset + 1;
  return read.gaps.empty() ? behind_rows : std::max(behind_rows, read.gaps.back().to);
}

void LogReader::mark_final() {
  for (const auto& [bucket, read] : reads_) history_.reads[read].is_final = true;
}

}  // namespace millrace::scenarios
