#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/device/device_codec.hpp"
#include "runtime/actor.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace::device {

struct DeviceOptions {
  /// Within this time after an append its log is synced (millrace.durability=memory).
  Duration sync_within = 1s;
  /// So many logs have their files open; beyond that, the one unused for longest is closed and
  /// opened again when it is needed. A table may have ten thousand partitions. At least one.
  std::size_t logs_open_max = 1024;
  /// So many bytes of the device are left for metadata and for deleting: an append that would go
  /// below is refused (millrace.disk.reserve).
  std::uint64_t reserve_bytes = 0;
  /// So many bytes a second are read to find damage before a reader does; zero: never.
  std::uint64_t scrub_bytes_per_second = std::uint64_t{4} << 20;
  Duration scrub_after = 1min;   ///< From the start to the first round over all logs.
  Duration scrub_interval = 6h;  ///< From the end of a round to the next one.
  /// What LogStore::failed_syncs() said when the process started: if one has failed since, an actor
  /// that starts again is fenced as its predecessor was.
  std::uint64_t failed_syncs_before = 0;
};

/// The only actor that touches the files of its buckets' logs: everything that may block happens
/// here, on a thread of its own. What a replica orders is done as ordered; its own are only when to
/// sync and to close, and what to look through for damage.
///
/// Durable appends are committed in groups: all that wait in the mailbox when one is done share a
/// sync of their log, and are answered after it. Once a sync has failed, nothing is written to this
/// directory again before the node starts anew: what the kernel still shows may not be there. What
/// a killed process left in the page cache is synced at the start, whether anybody asks for it or
/// not.
class DeviceActor final : public Actor {
 public:
  DeviceActor(caf::actor_config& config, ActorSetup setup, LogStore& logs, DeviceOptions options);

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;
  void on_stop() override;

 private:
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const OpenLog& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const BeginEpoch& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const CutLog& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const RestartLog& order);
  [[nodiscard]] Result<Outcome> open_anew(
      BucketId bucket, const std::function<Result<std::unique_ptr<TableLog>>()>& open_log);
  [[nodiscard]] Result<Outcome> what_is_open(BucketId bucket, TableLog& log);
  [[nodiscard]] static Status append_runs(TableLog& log, const AppendBatches& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const AppendBatches& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const ReadRange& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const FindTimestamp& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const CloseLog& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const RemoveLog& order);
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const ExpireLog& order);
  [[nodiscard]] Result<TableLog*> find(BucketId bucket);
  TableLog* keep_open(BucketId bucket, std::unique_ptr<TableLog> log);
  /// For one more open log.
  void make_room();
  void rest_oldest();
  void forget(BucketId bucket);
  void mark_dirty(BucketId bucket);
  void scrub_next();
  /// The log that the round goes on with; nothing when all have been read.
  [[nodiscard]] std::optional<BucketId> log_to_scrub() const;
  void end_scrub_round();
  [[nodiscard]] Status may_write() const;
  void fence(const Error& error);
  /// Whoever wanted it synced: `bucket` is the one at work.
  void fence_if_sync_failed(BucketId bucket, const Error& error);
  [[nodiscard]] bool is_synced(BucketId bucket, const Status& synced);
  [[nodiscard]] Status has_room_for(const AppendBatches& order);
  /// Answers at once, or with the group that the order belongs to.
  void answer(const Envelope& asked, BucketId bucket, const Order& order, Outcome outcome);
  void commit_groups();
  void commit_group(BucketId bucket);
  /// The operator hears of rows that are lost.
  void tell_damage(BucketId bucket);
  void sync_dirty();
  /// False, and noted, if it failed.
  [[nodiscard]] bool sync(BucketId bucket, TableLog& log);
  /// The same without noting how far the log is durable.
  [[nodiscard]] bool commit(BucketId bucket, TableLog& log);

  struct OpenFiles {
    std::unique_ptr<TableLog> log;
    std::uint64_t used_at = 0;
  };

  LogStore& logs_;
  const DeviceOptions options_;
  std::map<BucketId, OpenFiles> open_;
  BudgetAccount open_account_;
  std::map<std::uint64_t, BucketId> by_use_;  // The open ones, unused for longest first.
  std::uint64_t uses_ = 0;
  std::set<BucketId> resting_;  // Their replicas take them for open.
  std::set<BucketId> dirty_;
  std::optional<Instant> sync_due_;  // A timer runs.
  struct Waiting {
    Envelope asked;  ///< Without its rows.
    Outcome outcome;
  };
  std::map<BucketId, std::vector<Waiting>>
      groups_;  // Of durable appends and what came behind them.
  struct {
    std::optional<BucketId> bucket;  // None: from the first one on.
    Offset next = 0;
    std::uint64_t bytes = 0;  // Of this round.
    std::uint64_t logs = 0;
    std::uint64_t owed = 0;  // Read beyond the rate.
  } scrub_;
  std::optional<Error> fenced_;  // Why nothing is written any more.
};

}  // namespace millrace::device
