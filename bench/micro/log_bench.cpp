// The question: what does the log add to writing and reading a file?
// Workload: a segmented log in a temporary folder of the host's file system, batches of N bytes of
// noise. "log_append" writes one batch a call, "log_append_sync" makes each durable as well;
// "log_commit_growing" and "log_commit_prepared" make each durable as a table of durability `disk`
// does, without room that was made in advance and with it. The log starts over after 256 MiB.
// "log_read" reads 64 MiB that were just written, so out of the page
// cache, in calls of up to 1 MiB. "crc32c" is what every batch costs on arrival. Unit: time per
// call, bytes per second. Left out: cold reads, full disks, whoever waits in the device's queue.
#include <benchmark/benchmark.h>

#include <memory>

#include "base/check.hpp"
#include "base/crc32c.hpp"
#include "state/disk/posix/posix_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "tests/conformance/state/temporary_folder.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace::bench {
namespace {

constexpr std::int32_t rows_per_batch = 1000;
constexpr std::uint64_t log_bytes_max = std::uint64_t{256} << 20;
constexpr BucketId bucket{TableId{1}, BucketIndex{0}};

/// A log of its own, gone afterwards.
class Log {
 public:
  explicit Log(std::int64_t batch_bytes, const SegmentedLogOptions& options = {})
      : batch_(Buffer::from(test::make_batch({.rows = rows_per_batch,
                                              .body_bytes = static_cast<std::size_t>(batch_bytes) -
                                                            protocol::log_batch_header_size})
                                .bytes)),
        store_(disk_, options) {
    start_over();
  }

  [[nodiscard]] TableLog& operator*() { return *log_; }
  [[nodiscard]] TableLog* operator->() { return log_.get(); }

  [[nodiscard]] Status append() {
    const Offset base = log_->end_offset();
    BatchSummary summary{.base = base, .last = base + rows_per_batch - 1, .timestamp = ++clock_};
    return log_->append({{summary, protocol::stamp(batch_, base, clock_)}});
  }

  void start_over() {
    log_.reset();
    CHECK(store_.remove(bucket).has_value());
    auto opened = store_.open(bucket);
    CHECK(opened.has_value());
    log_ = std::move(*opened);
  }

 private:
  const Buffer batch_;
  EpochMillis clock_ = 0;
  TemporaryFolder folder_;
  PosixDisk disk_{folder_.path()};
  SegmentedLogStore store_;
  std::unique_ptr<TableLog> log_;
};

enum class Durable { no, by_sync, by_commit };

void append_batches(benchmark::State& state, Durable durable,
                    const SegmentedLogOptions& options = {}) {
  Log log(state.range(0), options);
  for (auto _ : state) {
    if (log->size_bytes() > log_bytes_max) {
      state.PauseTiming();
      log.start_over();
      state.ResumeTiming();
    }
    auto appended = log.append();
    if (appended && durable == Durable::by_sync) appended = log->sync();
    if (appended && durable == Durable::by_commit) appended = log->commit();
    if (!appended) {
      state.SkipWithError(appended.error().message.c_str());
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations());
}

void log_append(benchmark::State& state) { append_batches(state, Durable::no); }
BENCHMARK(log_append)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

void log_append_sync(benchmark::State& state) { append_batches(state, Durable::by_sync); }
BENCHMARK(log_append_sync)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

void log_commit_growing(benchmark::State& state) {
  append_batches(state, Durable::by_commit, {.room_bytes = 0});
}
BENCHMARK(log_commit_growing)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

void log_commit_prepared(benchmark::State& state) { append_batches(state, Durable::by_commit); }
BENCHMARK(log_commit_prepared)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

void log_read(benchmark::State& state) {
  constexpr std::uint64_t filled_bytes = std::uint64_t{64} << 20;
  constexpr std::size_t read_bytes_max = std::size_t{1} << 20;
  Log log(state.range(0));
  while (log->size_bytes() < filled_bytes) CHECK(log.append().has_value());
  const Offset end = log->end_offset();
  Offset next = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    auto read = log->read(next, end, read_bytes_max);
    if (!read || read->empty()) {
      state.SkipWithError(read ? "nothing to read" : read.error().message.c_str());
      break;
    }
    bytes += static_cast<std::int64_t>(read->size());
    next += static_cast<Offset>(read->size()) / state.range(0) * rows_per_batch;
    if (next >= end) next = 0;
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(log_read)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

void crc32c(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) benchmark::DoNotOptimize(crc32c_of(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(crc32c)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

}  // namespace
}  // namespace millrace::bench
