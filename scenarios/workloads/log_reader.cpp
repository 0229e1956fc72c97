#include "scenarios/workloads/log_reader.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <utility>

#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {
constexpr Duration open_again_after = 200ms;
constexpr Duration poll_time = 1s;
}  // namespace

LogReader::LogReader(SimulatedClient& client, History& history, client::TablePath table,
                     std::string name, bool projected)
    : client_(client),
      history_(history),
      table_(std::move(table)),
      name_(std::move(name)),
      projected_(projected) {}

void LogReader::start() { open(); }

void LogReader::open() {
  if (stopping_) return;
  client::ScanOptions options;
  if (projected_) options.columns = {1, 0};
  // Small answers, so that reads of a bucket begin at many offsets; a short limit, so that an
  // answer that a crash swallowed is not waited for.
  options.bucket_bytes_max = 1024;
  options.answer_bytes_max = 4096;
  options.answer_time_max = 6s;
  client::Scanner::open(client_.api(), table_, options,
                        [this](client::Outcome<std::shared_ptr<client::Scanner>> opened) {
                          if (opened) return begin(std::move(*opened));
                          (void)client_.loop().after(open_again_after, [this] { open(); });
                        });
}

void LogReader::begin(std::shared_ptr<client::Scanner> scanner) {
  scanner_ = std::move(scanner);
  for (const client::BucketInfo& info : scanner_->table().buckets) {
    scanner_->subscribe(info.bucket, client::from_earliest);
    reads_[info.bucket] = history_.reads.size();
    Read read;
    read.reader = name_;
    read.bucket = {scanner_->table().id, info.bucket};
    read.begun_at = client_.loop().now();
    history_.reads.push_back(std::move(read));
  }
  poll();
}

void LogReader::poll() {
  if (stopping_) return;
  scanner_->poll(poll_time, [this](client::Outcome<std::vector<client::ScannedBatch>> polled) {
    if (stopping_) return;
    if (!polled) {
      history_.findings.push_back(
          fmt::format("{} cannot read on: {}", name_, polled.error().message));
      return;
    }
    for (const client::ScannedBatch& batch : *polled) take(batch);
    poll();
  });
}

void LogReader::take(const client::ScannedBatch& batch) {
  Read& read = history_.reads[reads_.at(batch.bucket)];
  Offset offset = batch.base_offset;
  for (const std::optional<Value>& value : values_in(*batch.rows)) {
    if (value) {
      read.rows.push_back({offset, *value});
    } else {
      history_.findings.push_back(fmt::format("damaged row: bucket {} offset {}, read by {}",
                                              millrace::to_string(read.bucket), offset, name_));
    }
    ++offset;
  }
}

Offset LogReader::position(BucketIndex bucket) const {
  const auto found = reads_.find(bucket);
  if (found == reads_.end()) return 0;
  const Read& read = history_.reads[found->second];
  return read.rows.empty() ? read.from : read.rows.back().offset + 1;
}

void LogReader::mark_final() {
  for (const auto& [bucket, read] : reads_) history_.reads[read].is_final = true;
}

}  // namespace millrace::scenarios
