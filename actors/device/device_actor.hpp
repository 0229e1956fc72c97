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
  void mark_dirty(BucketId bucket);
  void sync_dirty();

  LogStore& logs_;
  const DeviceOptions options_;
  std::map<BucketId, std::unique_ptr<TableLog>> open_;
  std::set<BucketId> dirty_;
};

}  // namespace millrace::device
