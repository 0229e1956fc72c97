#include "actors/tablet/tablet_actor.hpp"

#include <utility>
#include <variant>

#include "base/log_event.hpp"
#include "runtime/actor_names.hpp"

namespace millrace::tablet {
namespace {

constexpr std::uint64_t timer_report = 0;
constexpr std::uint64_t timer_delete = 1;
constexpr Duration delete_again_after = 5s;
// Any correlation at all: the device answers then.
constexpr Correlation correlation_delete = 1;

}  // namespace

TabletActor::TabletActor(caf::actor_config& config, ActorSetup setup, TabletOptions options,
                         PublishedView& published)
    // A bucket that cannot be served costs nobody but itself.
    : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one,
                       RestartIntensity::unlimited()),
      options_(std::move(options)),
      published_(published),
      machine_(context().node(), options_.coordinator, options_.on_disk, options_.starts) {}

void TabletActor::on_start() {
  on_own_timer(timer_report);
  start_timer(delete_again_after, timer_delete);
}

void TabletActor::on_own_timer(std::uint64_t id) {
  if (id == timer_delete) {
    step(Tick{});
    return start_timer(delete_again_after, timer_delete);
  }
  report_to_all();
  start_timer(options_.report_interval, timer_report);
}

void TabletActor::on_envelope(const Envelope& envelope) {
  // A peer came or went; if it is the coordinator it wants to hear from us now.
  if (is_peer_status(envelope)) {
    const auto came = decode_peer_status(envelope);
    if (!came) return drop(came.error());
    if (*came) step(PeerCame{**came});
    return report_to_all();
  }
  if (is_device_answer(envelope)) return take_deleted(envelope);
  auto update = decode_update(envelope);
  if (!update) return drop(update.error());
  const std::uint64_t refused = machine_.refused_orders();
  const CoordinatorEpoch epoch = update->from_epoch;
  step(*update);
  if (machine_.refused_orders() == refused || epoch == CoordinatorEpoch{}) return;
  log_event(EventLevel::debug, "late_order_refused",
            {{"node", context().node().value()},
             {"from", envelope.from.node.value()},
             {"epoch", epoch.value()}});
}

void TabletActor::take_deleted(const Envelope& envelope) {
  auto failed = decode_deleted(envelope);
  if (!failed) return drop(failed.error());
  if (!*failed) return;
  const auto& [bucket, error] = **failed;
  note_error("delete log " + to_string(bucket) + ": " + error.message);
  log_event(EventLevel::warn, "log_not_deleted",
            {{"node", context().node().value()},
             {"bucket", to_string(bucket)},
             {"error", error.message}});
  step(DeleteFailed{bucket});
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

void TabletActor::perform(const Publish& effect) {
  ClusterView view = effect.view;
  view.candidates = options_.candidates;
  published_.set(std::move(view));
}

void TabletActor::perform(const StartReplica& effect) {
  const BucketId bucket = effect.bucket;
  const std::string name = replica_name(bucket);
  children_.emplace(name, bucket);
  start_child({name}, [this, bucket] { return options_.spawn_replica(bucket, actor_name()); });
}

void TabletActor::perform(const Assign& effect) {
  send_here(replica_name(effect.bucket), encode_assigned(effect.info));
}

void TabletActor::perform(const TellReturned& effect) {
  send_here(replica_name(effect.bucket), encode_returned(effect.node));
}

void TabletActor::perform(const StopReplica& effect) { stop_child(replica_name(effect.bucket)); }

void TabletActor::perform(const DeleteLog& effect) {
  Envelope order = encode_delete_log(effect.bucket);
  order.correlation = correlation_delete;
  send_here(options_.device_of(effect.bucket), std::move(order));
}

void TabletActor::perform(const Report& /*effect*/) { report_to(machine_.coordinator()); }

void TabletActor::report_to_all() {
  for (const NodeId candidate : options_.candidates) report_to(candidate);
}

void TabletActor::report_to(NodeId coordinator) {
  if (machine_.disk() == DiskVerdict::foreign && !std::exchange(told_foreign_, true)) {
    note_error("this is not the disk that the node had, or an older copy of it");
    log_event(EventLevel::error, "disk_is_foreign", {{"node", context().node().value()}});
  }
  const StartId start = options_.starts ? options_.starts->present : StartId{};
  send({coordinator, coordinator_name},
       encode_report(options_.self, machine_.revision(), machine_.members_version(),
                     {machine_.disk(), start}));
}

}  // namespace millrace::tablet
