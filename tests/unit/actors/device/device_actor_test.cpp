// A device between a replica's codec and a log on a simulated disk.
#include "actors/device/device_actor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "actors/replica/replica_codec.hpp"
#include "actors/tablet/tablet_codec.hpp"
#include "runtime/simulator/simulation.hpp"
#include "schemas/device.capnp.h"
#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace::device {
namespace {

constexpr BucketId bucket{TableId{7}, BucketIndex{0}};
constexpr BucketId other_bucket{TableId{7}, BucketIndex{1}};
constexpr WriterId writer{3};

class Asker final : public Actor {
 public:
  Asker(caf::actor_config& config, ActorSetup setup, std::vector<Envelope>& got)
      : Actor(config, std::move(setup)), got_(got) {}

 protected:
  void on_envelope(const Envelope& envelope) override { got_.push_back(envelope); }

 private:
  std::vector<Envelope>& got_;
};

class DeviceActorTest : public testing::Test {
 protected:
  DeviceActorTest() {
    node_ = &simulation_.start_process({"c-1", NodeId{0}, Incarnation{1}}, 1000);
    (void)node_->spawn<Asker>("replica", "", Placement::scheduled, answers_);
    (void)node_->spawn<DeviceActor>("device/0", "", Placement::scheduled, logs_, DeviceOptions{});
  }

  void tell(Envelope order, Correlation correlation) {
    order.correlation = correlation;
    node_->post("device/0", "replica", std::move(order));
    simulation_.run_for(1ms);
  }
  template <class E>
  E order(Envelope envelope) {
    tell(std::move(envelope), 5);
    EXPECT_EQ(answers_.size(), 1U);
    const Envelope answer = std::exchange(answers_, {}).at(0);
    EXPECT_EQ(answer.correlation, 5U);
    auto decoded = replica::decode_device(answer);
    EXPECT_TRUE(decoded.has_value() && std::holds_alternative<E>(*decoded));
    return decoded ? std::get<E>(*decoded) : E{};
  }
  static Envelope write(Offset base, std::int32_t sequence, BucketId into = bucket,
                        bool durable = false) {
    replica::WriteBatches batches;
    batches.durable = durable;
    batches.batches.push_back(test::stamped(test::make_batch({.base = base,
                                                              .rows = 2,
                                                              .timestamp = 100 + base,
                                                              .writer = writer,
                                                              .sequence = sequence})));
    return replica::encode_write(into, batches);
  }

  [[nodiscard]] std::string error_of_device() const {
    for (const ActorView& actor : node_->actors()) {
      if (actor.name == "device/0") return actor.stats.last_error;
    }
    return "no device";
  }

  Simulation simulation_{1};
  SimulatedDisk disk_{Random(1)};
  SegmentedLogStore logs_{disk_, {.segment_bytes = 400}};
  NodeContext* node_ = nullptr;
  std::vector<Envelope> answers_;
};

TEST_F(DeviceActorTest, WhatIsAppendedIsReadFoundAndRememberedWhenOpenedAgain) {
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 0);
  (void)order<replica::Written>(write(0, 0));
  (void)order<replica::Written>(write(2, 1));
  const auto data = order<replica::DeviceData>(replica::encode_read(bucket, {0, 2, 4, 1'000'000}));
  EXPECT_EQ(protocol::parse_header(data.batches.bytes())->base_offset, 2);
  EXPECT_EQ(order<replica::DeviceOffset>(replica::encode_find(bucket, {0, 101})).offset, 2);
  const auto opened = order<replica::Opened>(replica::encode_open(bucket));
  EXPECT_EQ(opened.end, 4);
  EXPECT_EQ(opened.max_timestamp, 102);
  ASSERT_EQ(opened.recent.size(), 2U);
  EXPECT_EQ(opened.recent[1].sequence, 1);
}

/// Counts the logs that are open at a time.
class CountedLogs final : public LogStore {
 public:
  explicit CountedLogs(LogStore& logs) : logs_(logs) {}

  Result<std::unique_ptr<TableLog>> open(BucketId id) override {
    if (std::exchange(refuse_next, false)) return fail(Errc::unavailable, "no descriptors");
    return counted(logs_.open(id));
  }
  Result<std::unique_ptr<TableLog>> restart(BucketId id, Offset start) override {
    return counted(logs_.restart(id, start));
  }
  Result<std::unique_ptr<TableLog>> counted(Result<std::unique_ptr<TableLog>> log) {
    if (!log) return log;
    ++open_now;
    open_most = std::max(open_most, open_now);
    return std::unique_ptr<TableLog>(new Counted(std::move(*log), open_now));
  }
  Status remove(BucketId id) override { return logs_.remove(id); }
  Result<std::uint64_t> free_bytes() override { return logs_.free_bytes(); }
  Status sync_all() override { return logs_.sync_all(); }
  std::uint64_t failed_syncs() const override { return logs_.failed_syncs(); }
  Result<std::vector<BucketId>> list() override { return logs_.list(); }

  int open_now = 0;
  int open_most = 0;
  bool refuse_next = false;

 private:
  class Counted final : public TableLog {
   public:
    Counted(std::unique_ptr<TableLog> log, int& open_now)
        : log_(std::move(log)), open_now_(open_now) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() override { --open_now_; }
    Offset start_offset() const override { return log_->start_offset(); }
    Offset end_offset() const override { return log_->end_offset(); }
    EpochMillis max_timestamp() const override { return log_->max_timestamp(); }
    std::uint64_t size_bytes() const override { return log_->size_bytes(); }
    std::size_t segment_count() const override { return log_->segment_count(); }
    Status append(const std::vector<StampedBatch>& batches) override {
      return log_->append(batches);
    }
    Result<Buffer> read(Offset from, Offset limit, std::size_t bytes_max) override {
      return log_->read(from, limit, bytes_max);
    }
    Result<Offset> offset_at(EpochMillis timestamp) override { return log_->offset_at(timestamp); }
    Status expire(const Expiry& expiry) override { return log_->expire(expiry); }
    const std::vector<BatchSummary>& remembered() const override { return log_->remembered(); }
    Status for_each_batch(const std::function<void(const BatchSummary&)>& visit) override {
      return log_->for_each_batch(visit);
    }
    std::vector<DamagedRows> take_damage() override { return log_->take_damage(); }
    Offset sound_behind(Offset from) override { return log_->sound_behind(from); }
    Result<std::vector<BatchSummary>> recent_batches() override { return log_->recent_batches(); }
    Status sync() override { return log_->sync(); }
    Status close() override { return log_->close(); }
    Status commit() override { return log_->commit(); }
    void rest() override { log_->rest(); }
    const LeaderEpochs& epochs() const override { return log_->epochs(); }
    Status begin_epoch(LeaderEpoch epoch) override { return log_->begin_epoch(epoch); }
    Status truncate(Offset offset) override { return log_->truncate(offset); }
    void distrust() override { log_->distrust(); }

   private:
    std::unique_ptr<TableLog> log_;
    int& open_now_;
  };

  LogStore& logs_;
};

TEST_F(DeviceActorTest, ManyLogsShareFewOpenFiles) {
  constexpr int buckets = 7;
  CountedLogs counted(logs_);
  DeviceOptions options;
  options.logs_open_max = 2;
  (void)node_->spawn<DeviceActor>("device/1", "", Placement::scheduled, counted, options);
  std::string device = "device/1";
  const auto ask = [&](Envelope envelope) {
    envelope.correlation = 5;
    node_->post(device, "replica", std::move(envelope));
    simulation_.run_for(1ms);
    const auto decoded = replica::decode_device(std::exchange(answers_, {}).at(0));
    EXPECT_TRUE(decoded && !std::holds_alternative<replica::DeviceFailed>(*decoded));
    return decoded;
  };
  const auto id = [](int i) { return BucketId{TableId{8}, BucketIndex{0}, PartitionId{i}}; };
  for (int i = 0; i < buckets; ++i) (void)ask(replica::encode_open(id(i)));
  for (std::int32_t round = 0; round < 3; ++round) {
    for (int i = 0; i < buckets; ++i) (void)ask(write(2 * round, round, id(i)));
  }
  EXPECT_EQ(counted.open_most, 2);
  // One that rests is removed like any other.
  node_->post("device/1", "replica", tablet::encode_delete_log(id(0)));
  simulation_.run_for(1ms);
  EXPECT_EQ(logs_.list()->size(), static_cast<std::size_t>(buckets - 1));

  disk_.crash();  // What rests was synced before; what is open may lose the last second.
  device = "device/2";
  (void)node_->spawn<DeviceActor>(device, "", Placement::scheduled, logs_, options);
  for (int i = 1; i < buckets - 2; ++i) {
    (void)ask(replica::encode_open(id(i)));
    const auto data = ask(replica::encode_read(id(i), {0, 4, 6, 1'000'000}));
    EXPECT_EQ(
        protocol::parse_header(std::get<replica::DeviceData>(*data).batches.bytes())->base_offset,
        4);
  }
}

TEST_F(DeviceActorTest, DurableAppendsHaveRoomMadeWhichALogThatRestsGivesBack) {
  DeviceOptions options;
  options.logs_open_max = 1;
  SegmentedLogStore logs(disk_, {});
  (void)node_->spawn<DeviceActor>("device/1", "", Placement::scheduled, logs, options);
  const auto ask = [&](Envelope envelope) {
    envelope.correlation = 5;
    node_->post("device/1", "replica", std::move(envelope));
    simulation_.run_for(1ms);
    EXPECT_TRUE(replica::decode_device(std::exchange(answers_, {}).at(0)));
  };
  const auto file_bytes = [&](BucketId of) {
    const auto file =
        disk_.open("log/" + to_string(of) + "/00000000000000000000.log", false).value();
    return file->size();
  };
  for (const bool durable : {false, true}) {
    const BucketId into = durable ? bucket : other_bucket;
    ask(replica::encode_open(into));
    for (std::int32_t i = 0; i < 20; ++i) ask(write(2 * i, i, into, durable));
  }
  const std::uint64_t rows = file_bytes(other_bucket);
  EXPECT_GT(file_bytes(bucket), rows);
  ask(replica::encode_open(other_bucket));
  EXPECT_EQ(file_bytes(bucket), rows);
}

TEST_F(DeviceActorTest, ALogThatCouldNotBeOpenedAgainOnceIsTriedAgain) {
  CountedLogs counted(logs_);
  DeviceOptions options;
  options.logs_open_max = 1;
  (void)node_->spawn<DeviceActor>("device/1", "", Placement::scheduled, counted, options);
  const auto ask = [&](Envelope envelope) {
    envelope.correlation = 5;
    node_->post("device/1", "replica", std::move(envelope));
    simulation_.run_for(1ms);
    return replica::decode_device(std::exchange(answers_, {}).at(0)).value();
  };
  const BucketId other{TableId{8}, BucketIndex{0}};
  (void)ask(replica::encode_open(bucket));
  (void)ask(write(0, 0));
  (void)ask(replica::encode_open(other));
  counted.refuse_next = true;
  const auto refused = ask(replica::encode_read(bucket, {0, 0, 2, 1'000'000}));
  EXPECT_TRUE(std::holds_alternative<replica::DeviceFailed>(refused));
  const auto data = ask(replica::encode_read(bucket, {0, 0, 2, 1'000'000}));
  EXPECT_TRUE(std::holds_alternative<replica::DeviceData>(data));
}

TEST_F(DeviceActorTest, AFullDiskFailsTheAppendAndThoseBehindItAndNothingElse) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  disk_.set_free_bytes(50);
  auto failed = order<replica::DeviceFailed>(write(2, 1));
  EXPECT_EQ(failed.error.code, Errc::overloaded);
  EXPECT_EQ(failed.end, 2);
  disk_.set_free_bytes({});
  failed = order<replica::DeviceFailed>(write(4, 2));
  EXPECT_EQ(failed.error.code, Errc::unavailable);
  (void)order<replica::Written>(write(2, 1));
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 4);
}

TEST_F(DeviceActorTest, AppendsAreSyncedWithinASecond) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  simulation_.run_for(1100ms);
  disk_.crash();
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
}

TEST_F(DeviceActorTest, ADurableAppendIsAnsweredWhenItSurvivesTheLossOfPower) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Opened>(replica::encode_open(other_bucket));
  (void)order<replica::Written>(write(0, 0, bucket, true));
  (void)order<replica::Written>(write(0, 0, other_bucket));
  disk_.crash();
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
}

TEST_F(DeviceActorTest, WhatAnOpenedLogTellsOfSurvivesTheLossOfPower) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  // As after the kill of a process: what is only in the page cache answers who sends it again.
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).recent.size(), 1U);
  disk_.crash();
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
}

TEST_F(DeviceActorTest, AFailedSyncOfARollFencesAsWell) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Opened>(replica::encode_open(other_bucket));
  disk_.fail_syncs(FaultLength::once);
  bool failed = false;
  for (std::int32_t n = 0; n < 10 && !failed; ++n) {
    tell(write(2 * n, n), 5);
    failed = std::holds_alternative<replica::DeviceFailed>(
        *replica::decode_device(std::exchange(answers_, {}).at(0)));
  }
  ASSERT_TRUE(failed);
  EXPECT_EQ(order<replica::DeviceFailed>(write(0, 0, other_bucket)).error.code, Errc::unavailable);
}

TEST_F(DeviceActorTest, AFailedSyncWhileALogIsOpenedFencesAndTheLogIsSuspect) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  for (std::int32_t n = 0; n < 10; ++n) {
    (void)order<replica::Written>(write(2 * n, n, bucket, true));
  }
  // As after a kill: the room behind the end is still there, and is cut off.
  disk_.fail_syncs(FaultLength::once);
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_open(bucket)).error.code,
            Errc::unavailable);
  EXPECT_TRUE(disk_.exists("log/7/0/suspect"));
  // Opening it again would believe what the kernel shows.
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_open(bucket)).error.code,
            Errc::unavailable);
}

TEST_F(DeviceActorTest, WhatAKilledProcessLeftIsSyncedAtTheStart) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  node_->kill("device/0");
  simulation_.run_for(1ms);
  (void)node_->spawn<DeviceActor>("device/0", "", Placement::scheduled, logs_, DeviceOptions{});
  simulation_.run_for(1ms);
  disk_.crash();  // Nobody has asked for the log.
  node_->kill("device/0");
  simulation_.run_for(1ms);
  disk_.fail_syncs(FaultLength::once);
  (void)node_->spawn<DeviceActor>("device/0", "", Placement::scheduled, logs_, DeviceOptions{});
  simulation_.run_for(1ms);
  EXPECT_TRUE(disk_.exists("log/7/0/suspect"));
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_open(bucket)).error.code,
            Errc::unavailable);
  node_->kill("device/0");
  simulation_.run_for(1ms);
  DeviceOptions options;
  options.failed_syncs_before = logs_.failed_syncs();
  (void)node_->spawn<DeviceActor>("device/0", "", Placement::scheduled, logs_, options);
  simulation_.run_for(1ms);
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
}

TEST_F(DeviceActorTest, AGroupOfAppendsIsAnsweredInOrder) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  const auto post = [&](Envelope one, Correlation correlation) {
    one.correlation = correlation;
    node_->post("device/0", "replica", std::move(one));
  };
  post(write(0, 0, bucket, true), 11);
  post(write(2, 1), 12);                // Not durable itself, but behind one that is.
  post(write(9, 2, bucket, true), 13);  // Does not follow.
  post(write(4, 2, bucket, true), 14);
  simulation_.run_for(1ms);
  ASSERT_EQ(answers_.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(answers_[i].correlation, 11 + i);
    const auto answer = replica::decode_device(answers_[i]);
    EXPECT_EQ(std::holds_alternative<replica::Written>(*answer), i != 2) << i;
  }
  answers_.clear();
  disk_.crash();
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 6);
}

TEST_F(DeviceActorTest, AGroupIsAnsweredBeforeItsLogIsClosed) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  Envelope durable = write(0, 0, bucket, true);
  durable.correlation = 11;
  node_->post("device/0", "replica", std::move(durable));
  node_->post("device/0", "replica", replica::encode_close(bucket));
  simulation_.run_for(1ms);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<replica::Written>(*replica::decode_device(answers_[0])));
}

TEST_F(DeviceActorTest, AFailedSyncFencesTheDirectoryForGood) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Opened>(replica::encode_open(other_bucket));
  (void)order<replica::Written>(write(0, 0, other_bucket));
  disk_.fail_syncs(FaultLength::once);
  auto failed = order<replica::DeviceFailed>(write(0, 0, bucket, true));
  EXPECT_EQ(failed.error.code, Errc::unavailable);
  // Whatever the device says from now on: not to be believed.
  failed = order<replica::DeviceFailed>(write(2, 1, other_bucket));
  EXPECT_EQ(failed.error.code, Errc::unavailable);
  failed = order<replica::DeviceFailed>(replica::encode_open(bucket));
  EXPECT_EQ(failed.error.code, Errc::unavailable);
  (void)order<replica::DeviceData>(replica::encode_read(other_bucket, {0, 0, 2, 1'000'000}));
  EXPECT_TRUE(disk_.exists("log/7/0/suspect"));
  EXPECT_TRUE(disk_.exists("log/7/1/suspect"));
}

TEST_F(DeviceActorTest, AFailedWriteClosesItsLogOnly) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Opened>(replica::encode_open(other_bucket));
  (void)order<replica::Written>(write(0, 0));
  disk_.fail_writes(FaultLength::once);
  EXPECT_EQ(order<replica::DeviceFailed>(write(2, 1)).error.code, Errc::unavailable);
  simulation_.run_for(2s);  // What is unsynced has its turn.
  (void)order<replica::Written>(write(0, 0, other_bucket, true));
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
  (void)order<replica::Written>(write(2, 1, bucket, true));
}

TEST_F(DeviceActorTest, WhatWasAcknowledgedBeforeAFailedWriteIsSyncedInTime) {
  for (const bool is_opened_again : {false, true}) {
    SCOPED_TRACE(is_opened_again);
    const BucketId into = is_opened_again ? bucket : other_bucket;
    (void)order<replica::Opened>(replica::encode_open(into));
    (void)order<replica::Written>(write(0, 0, into));
    disk_.fail_writes(FaultLength::until_cleared);
    EXPECT_EQ(order<replica::DeviceFailed>(write(2, 1, into)).error.code, Errc::unavailable);
    disk_.fail_reads(FaultLength::until_cleared);
    if (is_opened_again) (void)order<replica::DeviceFailed>(replica::encode_open(into));
    simulation_.run_for(1100ms);
    disk_.crash();
    disk_.clear_faults();
    EXPECT_EQ(order<replica::Opened>(replica::encode_open(into)).end, 2);
  }
}

TEST_F(DeviceActorTest, ASyncThatIsDueDoesNotStandInLine) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Opened>(replica::encode_open(other_bucket));
  (void)order<replica::Written>(write(0, 0));
  simulation_.slow_down(NodeId{0}, "device/0", [] { return 300ms; });
  for (Offset read = 0; read < 20; ++read) {
    node_->post("device/0", "replica", replica::encode_find(bucket, {0, 101}));
  }
  simulation_.run_for(1400ms);
  disk_.crash();
  simulation_.slow_down(NodeId{0}, "device/0", nullptr);
  simulation_.run_for(10s);
  answers_.clear();
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
}

TEST_F(DeviceActorTest, ADeviceThatStartsAgainInTheSameProcessStaysFenced) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  disk_.fail_syncs(FaultLength::once);
  (void)order<replica::DeviceFailed>(write(0, 0, bucket, true));
  DeviceOptions options;
  for (const bool is_new_process : {false, true}) {
    node_->kill("device/0");
    simulation_.run_for(1ms);
    if (is_new_process) options.failed_syncs_before = logs_.failed_syncs();
    (void)node_->spawn<DeviceActor>("device/0", "", Placement::scheduled, logs_, options);
    simulation_.run_for(1ms);
    if (is_new_process) {
      (void)order<replica::Opened>(replica::encode_open(bucket));
    } else {
      const auto failed = order<replica::DeviceFailed>(replica::encode_open(bucket));
      EXPECT_EQ(failed.error.code, Errc::unavailable);
    }
  }
}

TEST_F(DeviceActorTest, DamagedRowsAreTold) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  disk_.flip_bit("log/7/0/00000000000000000000.log", 60, 0);
  const auto failed =
      order<replica::DeviceFailed>(replica::encode_read(bucket, {0, 0, 2, 1'000'000}));
  EXPECT_EQ(failed.error.code, Errc::corrupt);
  EXPECT_NE(error_of_device().find("damaged"), std::string::npos);
}

TEST_F(DeviceActorTest, DamageIsFoundWithoutAReader) {
  std::vector<BucketId> buckets;
  for (std::int32_t i = 0; i < 3; ++i) {
    buckets.push_back({TableId{7}, BucketIndex{i}});
    (void)order<replica::Opened>(replica::encode_open(buckets.back()));
    for (std::int32_t n = 0; n < 12; ++n) {  // Several segments.
      (void)order<replica::Written>(write(2 * n, n, buckets.back()));
    }
  }
  disk_.flip_bit("log/7/1/00000000000000000000.log", 60, 0);
  disk_.flip_bit("log/7/2/00000000000000000000.log", 60, 0);
  simulation_.run_for(30s);
  EXPECT_EQ(error_of_device(), "");
  simulation_.run_for(60s);
  EXPECT_EQ(error_of_device(), "7/2: rows [0, 2) are damaged");  // The last one.
}

TEST_F(DeviceActorTest, AReserveIsLeftOnTheDevice) {
  DeviceOptions options;
  options.reserve_bytes = 1000;
  (void)node_->spawn<DeviceActor>("device/1", "", Placement::scheduled, logs_, options);
  const auto ask_it = [&](Envelope one) {
    one.correlation = 5;
    node_->post("device/1", "replica", std::move(one));
    simulation_.run_for(1ms);
    return replica::decode_device(std::exchange(answers_, {}).at(0)).value();
  };
  (void)ask_it(replica::encode_open(bucket));
  disk_.set_free_bytes(1100);
  const auto failed = ask_it(write(0, 0));
  ASSERT_TRUE(std::holds_alternative<replica::DeviceFailed>(failed));
  EXPECT_EQ(std::get<replica::DeviceFailed>(failed).error.code, Errc::overloaded);
  disk_.set_free_bytes(1300);
  EXPECT_TRUE(std::holds_alternative<replica::Written>(ask_it(write(0, 0))));
}

TEST_F(DeviceActorTest, AnExpiredLogStartsLaterAndStillKnowsItsWriters) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  for (std::int32_t i = 0; i < 6; ++i) (void)order<replica::Written>(write(2 * i, i));
  const replica::ExpireLog expire{{.older_than = 1000, .limit = 12, .roll_active = true}};
  EXPECT_EQ(order<replica::Expired>(replica::encode_expire(bucket, expire)).start, 12);
  // A read that was ordered before the replica heard of it.
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_read(bucket, {0, 11, 12, 1})).error.code,
            Errc::stale_epoch);
  EXPECT_EQ(order<replica::DeviceOffset>(replica::encode_find(bucket, {0, 101})).offset, 12);
  const auto opened = order<replica::Opened>(replica::encode_open(bucket));
  EXPECT_EQ(opened.start, 12);
  EXPECT_EQ(opened.end, 12);
  EXPECT_EQ(opened.max_timestamp, 110);
  ASSERT_EQ(opened.recent.size(), 5U);
  EXPECT_EQ(opened.recent.back().sequence, 5);
}

TEST_F(DeviceActorTest, WithoutAnOpenLogNothingIsDone) {
  EXPECT_EQ(order<replica::DeviceFailed>(write(0, 0)).error.code, Errc::unavailable);
  (void)order<replica::Opened>(replica::encode_open(bucket));
  tell(replica::encode_close(bucket), 0);
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_read(bucket, {0, 0, 1, 1})).error.code,
            Errc::unavailable);
}

TEST_F(DeviceActorTest, ARemovedLogIsGone) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  tell(replica::encode_close(bucket), 0);
  tell(tablet::encode_delete_log(bucket), 0);
  EXPECT_TRUE(logs_.list().value().empty());
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 0);
}

TEST_F(DeviceActorTest, OrdersThatDoNotAddUpAreDropped) {
  using Request = schemas::DeviceRequest;
  const auto head_of = [](std::uint32_t pieces) {
    return seal<Request>(
        [&](Request::Builder request) { request.initAppend(1)[0].setPieces(pieces); },
        {Buffer::from("one"), Buffer::from("two")});
  };
  EXPECT_TRUE(decode_order(head_of(2)).has_value());
  for (const std::uint32_t pieces : {0U, 1U, 3U, ~0U}) {
    EXPECT_FALSE(decode_order(head_of(pieces)).has_value()) << pieces;
    tell(head_of(pieces), 5);
  }
  tell(seal<Request>([](auto) {}), 5);
  tell(tablet::encode_report({}, {}, 0), 5);
  EXPECT_TRUE(answers_.empty());
  (void)order<replica::Opened>(replica::encode_open(bucket));
}

}  // namespace
}  // namespace millrace::device
