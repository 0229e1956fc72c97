// A log under everything its disk can do, against a model that remembers every append. The rules:
// what was appended and synced is never lost but by being too old or cut off, what is there is
// exactly a run of what was appended, with the epochs it was appended under, a refused append
// leaves nothing, and the start never goes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/port/recent_batches.hpp"
#include "state/log/segmented/segmented_log.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;
using test::TestBatch;

const std::string folder = "log/7/0";

class LogRun {
 public:
  LogRun(std::uint64_t seed, std::map<std::string, int>& reached)
      : random_(Random(seed).fork("workload")),
        disk_(Random(seed).fork("disk")),
        reached_(reached) {
    options_.segment_bytes = 2000 + random_.below(20000);
    options_.index_interval_bytes = random_.below(3000);
    options_.finished_open_max = 1 + random_.below(2);
    options_.room_bytes = random_.below(60'000);
  }

  void run() {
    reopen();
    for (int step = 0; step < 60 && !testing::Test::HasFatalFailure(); ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      do_step();
    }
  }

 private:
  void do_step() {
    switch (random_.below(24)) {
      case 0:
        return power_off();
      case 1:
        return power_off_in_the_middle();
      case 2:
        return reopen();
      case 3:
        return sync();
      case 4:
        return fill_disk();
      case 5:
        return fail_device();
      case 6:
      case 7:
        return read();
      case 8:
        return look_up_timestamp();
      case 9:
      case 10:
        return expire();
      case 11:
        return close();
      case 12:
      case 13:
        return append_durably();
      case 14:
        return truncate();
      case 15:
      case 16:
        return begin_epoch();
      default:
        return append();
    }
  }

  std::vector<TestBatch> next_batches() {
    std::vector<TestBatch> batches;
    Offset base = log_->end_offset();
    clock_ += random_.between(0, 3);
    for (std::uint64_t i = 0; i <= random_.below(3); ++i) {
      batches.push_back(make_batch({.base = base,
                                    .rows = static_cast<std::int32_t>(random_.below(20)),
                                    .timestamp = clock_,
                                    .body_bytes = 1 + random_.below(3000),
                                    .writer = WriterId(random_.between(-1, 3)),
                                    .sequence = static_cast<std::int32_t>(random_.below(100))},
                                   random_.next()));
      base = batches.back().summary.last + 1;
    }
    return batches;
  }

  void append() {
    const std::vector<TestBatch> batches = next_batches();
    const std::size_t segments = log_->segment_count();
    auto appended = log_->append(stamped(batches));
    ASSERT_TRUE(appended) << appended.error().message;
    if (log_->segment_count() > segments) {
      ++reached_["roll"];
      synced_ = acknowledged_.size();  // Rolling makes the segment before durable.
    }
    acknowledged_.insert(acknowledged_.end(), batches.begin(), batches.end());
    ASSERT_EQ(log_->end_offset(), end_of_model());
    check_recent();
  }

  /// Groups as small as a device commits them, so that room is made for them.
  void append_durably() {
    for (int i = 0; i < 5; ++i) {
      append();
      auto committed = log_->commit();
      ASSERT_TRUE(committed) << committed.error().message;
      synced_ = acknowledged_.size();
      const auto names = disk_.list(folder);
      ASSERT_TRUE(names);
      if (physical_bytes(*names) > log_->size_bytes()) ++reached_["room"];
    }
    if (random_.chance(1, 4)) log_->rest();
  }

  std::uint64_t physical_bytes(const std::vector<std::string>& names) {
    std::uint64_t sum = 0;
    for (const std::string& name : names) {
      if (!name.ends_with(".log")) continue;
      const auto file = disk_.open(folder + "/" + name, false);
      if (file) sum += (*file)->size();
    }
    return sum;
  }

  void begin_epoch() {
    epoch_ = LeaderEpoch{epoch_.value() + 1};
    const auto begun = log_->begin_epoch(epoch_);
    ASSERT_TRUE(begun) << begun.error().message;
    ASSERT_EQ(log_->epochs().last(), epoch_);
    epochs_.begin({epoch_, log_->end_offset()});
    check_epochs();
  }

  /// Every row has the epoch it was appended under. After a loss of power a row that was not synced
  /// may have an older one: the host is taken out of its in-sync sets then.
  void check_epochs() {
    for (std::size_t i = 0; i < acknowledged_.size(); ++i) {
      const Offset base = acknowledged_[i].summary.base;
      ASSERT_EQ(log_->epochs().epoch_at(base), epochs_.epoch_at(base)) << base;
    }
  }

  /// Cuts rows off, now and then while the power goes.
  void truncate() {
    if (acknowledged_.empty()) return;
    const std::size_t kept =
        acknowledged_.size() - std::min<std::size_t>(acknowledged_.size(), random_.below(6));
    const Offset at =
        kept == acknowledged_.size()
            ? log_->end_offset()
            : random_.between(acknowledged_[kept].summary.base, acknowledged_[kept].summary.last);
    if (random_.chance(1, 3)) return truncate_without_power(at, kept);
    const auto cut = log_->truncate(at);
    ASSERT_TRUE(cut) << cut.error().message;
    const bool was_cut = kept < acknowledged_.size();
    if (was_cut) ++reached_["truncated"];
    acknowledged_.resize(kept);
    synced_ = std::min(synced_, kept);
    epochs_ = log_->epochs();
    ASSERT_EQ(log_->end_offset(), end_of_model());
    ASSERT_TRUE(!was_cut || epochs_.runs().empty() || epochs_.runs().back().start < at);
    check_recent();
    check_epochs();
  }

  void truncate_without_power(Offset at, std::size_t kept) {
    disk_.stop_after(random_.below(25));
    (void)log_->truncate(at);
    log_.reset();
    disk_.crash();
    unsynced_pages_lost_ = true;
    ++reached_["power off while truncating"];
    synced_ = std::min(synced_, kept);  // The rest may be there or not.
    reopen();
  }

  void sync() {
    auto synced = log_->sync();
    ASSERT_TRUE(synced) << synced.error().message;
    synced_ = acknowledged_.size();
  }

  void fill_disk() {
    disk_.set_free_bytes(random_.below(3000));
    for (int i = 0; i < 3; ++i) {
      const std::vector<TestBatch> batches = next_batches();
      const Offset end = log_->end_offset();
      auto appended = log_->append(stamped(batches));
      if (appended) {
        acknowledged_.insert(acknowledged_.end(), batches.begin(), batches.end());
        continue;
      }
      ++reached_["disk full"];
      ASSERT_EQ(appended.error().code, Errc::overloaded) << appended.error().message;
      ASSERT_EQ(log_->end_offset(), end);
    }
    if (random_.chance(1, 3)) expire();
    if (random_.chance(1, 2)) sync();
    if (random_.chance(1, 4)) power_off();
    disk_.set_free_bytes(std::nullopt);
    append();
  }

  void fail_device() {
    const auto length = random_.chance(1, 2) ? FaultLength::once : FaultLength::until_cleared;
    std::vector<TestBatch> in_flight;
    if (random_.chance(1, 2)) {
      disk_.fail_syncs(FaultLength::once);
      if (auto synced = log_->sync(); !synced) {
        ++reached_["sync failed"];
        ASSERT_EQ(synced.error().code, Errc::unavailable);
        unsynced_pages_lost_ = true;
      }
    } else {
      disk_.fail_writes(length);
      in_flight = next_batches();
      auto appended = log_->append(stamped(in_flight));
      ASSERT_FALSE(appended);
      ASSERT_EQ(appended.error().code, Errc::unavailable);
      ++reached_["write failed"];
      ASSERT_EQ(log_->append(stamped(in_flight)).error().code, Errc::unavailable);
      // A single fault leaves room to roll back.
      if (length == FaultLength::once) in_flight.clear();
    }
    disk_.clear_faults();
    reopen(in_flight);
  }

  void power_off() {
    disk_.crash();
    unsynced_pages_lost_ = true;
    ++reached_["power off"];
    reopen();
  }

  /// The power goes while the log appends, syncs, or is recovered from the power loss before.
  void power_off_in_the_middle() {
    std::vector<TestBatch> in_flight;
    disk_.stop_after(random_.below(12));
    while (true) {
      const std::vector<TestBatch> batches = next_batches();
      if (!log_->append(stamped(batches))) {
        in_flight = batches;
        break;
      }
      acknowledged_.insert(acknowledged_.end(), batches.begin(), batches.end());
      if (random_.chance(1, 2)) expire();
      if (random_.chance(1, 2) ? !log_->sync() : !log_->commit()) break;
      synced_ = acknowledged_.size();
    }
    log_.reset();
    disk_.crash();
    unsynced_pages_lost_ = true;
    ++reached_["power off in the middle"];
    for (int i = 0; i < 3; ++i) {
      disk_.stop_after(random_.below(25));
      if (SegmentedLog::open(disk_, folder, options_)) ++reached_["recovered in the middle"];
      disk_.crash();
    }
    reopen(in_flight);
  }

  /// Whatever comes of it, only what was due may go.
  void expire() {
    const Expiry expiry{.older_than = random_.between(990, clock_ + 2),
                        .limit = random_.between(floor_, end_of_model() + 1),
                        .roll_active = random_.chance(1, 2),
                        .writers_older_than = 0};
    due_ = std::max(due_, expiry.older_than);
    limit_ = std::max(limit_, expiry.limit);
    const Offset before = log_->start_offset();
    auto expired = log_->expire(expiry);
    if (!expired) {
      ASSERT_EQ(log_->start_offset(), before);
      return;
    }
    ASSERT_GE(log_->segment_count(), 1U);
    const bool all_due = expiry.older_than > clock_ && expiry.limit >= end_of_model();
    ASSERT_TRUE(!all_due || !expiry.roll_active || log_->start_offset() == end_of_model());
    follow_start();
  }

  /// The model lets go of what the log has deleted.
  void follow_start() {
    const Offset start = log_->start_offset();
    ASSERT_GE(start, floor_);
    if (start > floor_) ++reached_["expired"];
    std::size_t gone = 0;
    for (; gone < acknowledged_.size() && acknowledged_[gone].summary.base < start; ++gone) {
      const BatchSummary& batch = acknowledged_[gone].summary;
      ASSERT_LT(batch.timestamp, due_);
      ASSERT_LT(batch.last, std::min(limit_, start));
      deleted_.add(batch);
      newest_deleted_ = std::max(newest_deleted_, batch.timestamp);
    }
    acknowledged_.erase(acknowledged_.begin(),
                        acknowledged_.begin() + static_cast<std::ptrdiff_t>(gone));
    synced_ -= std::min(gone, synced_);
    floor_ = start;
    ASSERT_EQ(log_->remembered(), deleted_.in_order());
  }

  /// The process ends and starts. What it had appended last, without an answer, may be there or
  /// not.
  void reopen(const std::vector<TestBatch>& in_flight = {}) {
    log_.reset();
    auto opened = SegmentedLog::open(disk_, folder, options_);
    if (!opened && opened.error().code == Errc::overloaded) {
      // The names of a new segment's indexes were lost, and there is no room for new ones.
      disk_.set_free_bytes(std::nullopt);
      opened = SegmentedLog::open(disk_, folder, options_);
    }
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = std::move(*opened);
    follow_start();  // A deletion that was not answered may have been done.
    std::vector<BatchSummary> found;
    ASSERT_TRUE(log_->for_each_batch([&](const BatchSummary& one) { found.push_back(one); }));
    std::vector<TestBatch> possible = acknowledged_;
    possible.insert(possible.end(), in_flight.begin(), in_flight.end());
    ASSERT_GE(found.size(), unsynced_pages_lost_ ? synced_ : acknowledged_.size());
    ASSERT_LE(found.size(), possible.size());
    if (found.size() < acknowledged_.size()) ++reached_["unsynced rows lost"];
    if (found.size() > acknowledged_.size()) ++reached_["unanswered rows kept"];
    possible.resize(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], possible[i].summary);
    acknowledged_ = std::move(possible);
    synced_ = std::min(synced_, acknowledged_.size());
    ASSERT_EQ(log_->end_offset(), end_of_model());
    follow_epochs();
    unsynced_pages_lost_ = false;
    check_recent();
    check_all_bytes();
  }

  /// What a loss of power left of them is a prefix of what there was.
  void follow_epochs() {
    const LeaderEpochs& found = log_->epochs();
    if (!unsynced_pages_lost_) check_epochs();
    for (const EpochRun& run : found.runs()) {
      ASSERT_LE(run.start, log_->end_offset());
      ASSERT_TRUE(epochs_.epoch_at(run.start) >= run.epoch) << run.start;
    }
    for (std::size_t i = 0; i < synced_; ++i) {
      const Offset base = acknowledged_[i].summary.base;
      ASSERT_EQ(found.epoch_at(base), epochs_.epoch_at(base)) << base;
    }
    epochs_ = found;
  }

  /// The writers' last batches, from the note of the last roll or close or from the whole log.
  void check_recent() {
    RecentBatches expected = deleted_;
    for (const TestBatch& batch : acknowledged_) expected.add(batch.summary);
    const auto recent = log_->recent_batches();
    ASSERT_TRUE(recent) << recent.error().message;
    ASSERT_EQ(*recent, expected.in_order());
    if (disk_.exists(folder + "/recent-batches")) ++reached_["writers noted"];
  }

  void close() {
    auto closed = log_->close();
    ASSERT_TRUE(closed) << closed.error().message;
    synced_ = acknowledged_.size();
    reopen();
  }

  void check_all_bytes() {
    std::string expected;
    for (const TestBatch& batch : acknowledged_) expected += batch.bytes;
    std::string found;
    Offset next = floor_;
    while (next < log_->end_offset()) {
      auto bytes = log_->read(next, INT64_MAX, 1 + random_.below(10000));
      ASSERT_TRUE(bytes) << bytes.error().message;
      ASSERT_FALSE(bytes->empty());
      found += bytes->text();
      protocol::BatchCursor cursor(*bytes);
      while (true) {
        auto batch = cursor.next();
        ASSERT_TRUE(batch);
        if (!*batch) break;
        next = (*batch)->header.next_offset();
      }
    }
    ASSERT_EQ(log_->size_bytes(), expected.size());
    ASSERT_TRUE(found == expected);
  }

  void read() {
    if (acknowledged_.empty()) return;
    const Offset from = random_.between(floor_, end_of_model() - 1);
    const Offset limit = random_.between(from, end_of_model());
    const std::size_t bytes_max = random_.below(20000);
    auto bytes = log_->read(from, limit, bytes_max);
    ASSERT_TRUE(bytes) << bytes.error().message;
    ASSERT_EQ(bytes->empty(), from >= limit);
    if (bytes->empty()) return;
    std::string expected;
    for (const TestBatch& batch : acknowledged_) {
      if (batch.summary.last < from || expected.size() >= bytes->size()) continue;
      ASSERT_LT(batch.summary.base, limit);
      ASSERT_TRUE(expected.empty() || expected.size() + batch.bytes.size() <= bytes_max);
      expected += batch.bytes;
    }
    ASSERT_TRUE(bytes->text() == expected);
    ++reached_["read"];
  }

  void look_up_timestamp() {
    const EpochMillis wanted = random_.between(990, clock_ + 2);
    Offset expected = end_of_model();
    EpochMillis newest = newest_deleted_;
    for (const TestBatch& batch : acknowledged_) {
      newest = std::max(newest, batch.summary.timestamp);
      if (batch.summary.timestamp >= wanted) expected = std::min(expected, batch.summary.base);
    }
    auto found = log_->offset_at(wanted);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(*found, expected);
    ASSERT_EQ(log_->max_timestamp(), newest);
    ++reached_["timestamp"];
  }

  [[nodiscard]] Offset end_of_model() const {
    return acknowledged_.empty() ? floor_ : acknowledged_.back().summary.last + 1;
  }

  Random random_;
  SimulatedDisk disk_;
  SegmentedLogOptions options_;
  std::unique_ptr<SegmentedLog> log_;
  std::vector<TestBatch> acknowledged_;
  LeaderEpoch epoch_;
  LeaderEpochs epochs_;
  std::size_t synced_ = 0;  // How many of them must survive a power loss.
  bool unsynced_pages_lost_ = false;
  Offset floor_ = 0;  // Everything below was deleted.
  RecentBatches deleted_;
  EpochMillis newest_deleted_ = -1;
  EpochMillis due_ = 0;  // The furthest that any deletion was asked to go.
  Offset limit_ = 0;
  EpochMillis clock_ = 1000;
  std::map<std::string, int>& reached_;
};

TEST(SegmentedLogProperty, NothingSyncedIsLostAndNothingUnknownAppears) {
  std::map<std::string, int> reached;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    LogRun(seed, reached).run();
    if (HasFatalFailure()) return;
  }
  // Otherwise the runs proved nothing.
  for (const std::string what :
       {"roll", "disk full", "sync failed", "write failed", "power off", "power off in the middle",
        "recovered in the middle", "unsynced rows lost", "unanswered rows kept", "read",
        "timestamp", "expired", "writers noted", "room", "truncated",
        "power off while truncating"}) {
    EXPECT_GT(reached[what], 20) << what;
  }
}

}  // namespace
}  // namespace millrace
