#include "actors/tablet/tablet_actor.hpp"

#include <utility>
#include <variant>

namespace millrace::tablet {

TabletActor::TabletActor(caf::actor_config& config, ActorSetup setup, TabletOptions options,
                         PublishedView& published)
    // Every replica may fail now and then; only a storm of failures is the tablet's own.
    : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one,
                       RestartIntensity{100, 10s}),
      options_(std::move(options)),
      published_(published),
      machine_(context().node(), options_.coordinator, options_.on_disk) {}

void TabletActor::on_start() { on_timer(0); }

void TabletActor::on_timer(std::uint64_t /*id*/) {
  perform(Report{});
  start_timer(options_.report_interval, 0);
}

void TabletActor::on_envelope(const Envelope& envelope) {
  // A peer came or went; if it is the coordinator it wants to hear from us now.
  if (is_peer_status(envelope)) return perform(Report{});
  auto update = decode_update(envelope);
  if (!update) return drop(update.error());
  step(*update);
}

void TabletActor::on_child_gone(const std::string& name) {
  const auto child = children_.extract(name);
  if (!child.empty()) step(ReplicaGone{child.mapped()});
}

void TabletActor::step(const Event& event) {
  for (const Effect& effect : machine_.step(event)) {
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
}

void TabletActor::perform(const Publish& effect) { published_.set(effect.view); }

void TabletActor::perform(const StartReplica& effect) {
  const BucketId bucket = effect.bucket;
  const std::string name = options_.replica_name(bucket);
  children_.emplace(name, bucket);
  start_child({name}, [this, bucket] { return options_.spawn_replica(bucket, actor_name()); });
}

void TabletActor::perform(const StopReplica& effect) {
  stop_child(options_.replica_name(effect.bucket));
}

void TabletActor::perform(const DeleteLog& effect) {
  send_here(options_.device_of(effect.bucket), encode_delete_log(effect.bucket));
}

void TabletActor::perform(const Report& /*effect*/) {
  send({options_.coordinator, "coordinator"},
       encode_report(options_.self, machine_.revision(), machine_.members_version()));
}

}  // namespace millrace::tablet
