#pragma once
#include <map>
#include <memory>
#include <set>

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
};

/// The only actor that touches the files of its buckets' logs: everything that may block happens
/// here, on a thread of its own. It orders nothing and decides nothing.
class DeviceActor final : public Actor {
 public:
  DeviceActor(caf::actor_config& config, ActorSetup setup, LogStore& logs, DeviceOptions options);

 protected:
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;
  void on_stop() override;

 private:
  [[nodiscard]] Result<Outcome> perform(BucketId bucket, const OpenLog& order);
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
  void sync_dirty();
  /// False, and noted, if it failed.
  [[nodiscard]] bool sync(BucketId bucket, TableLog& log);

  struct OpenFiles {
    std::unique_ptr<TableLog> log;
    std::uint64_t used_at = 0;
  };

  LogStore& logs_;
  const DeviceOptions options_;
  std::map<BucketId, OpenFiles> open_;
  std::map<std::uint64_t, BucketId> by_use_;  // The open ones, unused for longest first.
  std::uint64_t uses_ = 0;
  std::set<BucketId> resting_;  // Their replicas take them for open.
  std::set<BucketId> dirty_;
};

}  // namespace millrace::device
