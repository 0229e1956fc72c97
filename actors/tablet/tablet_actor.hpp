#pragma once
#include <functional>
#include <set>
#include <string>

#include "actors/tablet/tablet_codec.hpp"
#include "runtime/supervision/supervising_actor.hpp"

namespace millrace::tablet {

struct TabletOptions {
  MemberInfo self;              ///< As the coordinator and then all clients are told.
  NodeId coordinator;           ///< Taken to be in office until the catalog tells.
  std::set<NodeId> candidates;  ///< Whose coordinators may hold office: all of them hear reports.
  std::set<BucketId> on_disk;
  /// What the disk tells of the node's starts; nothing: it is not asked.
  std::optional<KnownStarts> starts;
  /// Shorter than a new coordinator waits for reports before it tells anybody who is there.
  Duration report_interval = 200ms;
  /// Spawns a bucket's replica as a child of `parent`, named `replica_name(bucket)`.
  std::function<ActorHandle(BucketId bucket, const std::string& parent)> spawn_replica;
  /// Which device a bucket's log lies on.
  std::function<std::string(BucketId bucket)> device_of;
};

/// Follows the coordinator, publishes what it learns, and supervises this node's replicas.
class TabletActor final : public SupervisingActor {
 public:
  TabletActor(caf::actor_config& config, ActorSetup setup, TabletOptions options,
              PublishedView& published);

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_own_timer(std::uint64_t id) override;
  void on_child_gone(const std::string& name) override;

 private:
  void take_deleted(const Envelope& envelope);
  void step(const Event& event);
  void perform(const Publish& effect);
  void perform(const StartReplica& effect);
  void perform(const Assign& effect);
  void perform(const TellReturned& effect);
  void perform(const StopReplica& effect);
  void perform(const DeleteLog& effect);
  void perform(const Report& effect);
  /// Tells everybody who may be in office, now or next.
  void report_to_all();
  void report_to(NodeId coordinator);

  const TabletOptions options_;
  PublishedView& published_;
  TabletMachine machine_;
  bool told_foreign_ = false;
  std::map<std::string, BucketId> children_;
};

}  // namespace millrace::tablet
