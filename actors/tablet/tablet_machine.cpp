#include "actors/tablet/tablet_machine.hpp"

#include <algorithm>
#include <utility>

namespace millrace::tablet {

TabletMachine::TabletMachine(NodeId self, NodeId coordinator, std::set<BucketId> on_disk)
    : self_(self), on_disk_(std::move(on_disk)) {
  view_.coordinator = coordinator;
}

std::vector<Effect> TabletMachine::step(const Event& event) {
  std::vector<Effect> effects;
  std::visit([&](const auto& one) { apply(one, effects); }, event);
  return effects;
}

void TabletMachine::apply(const UpdateArrived& event, std::vector<Effect>& effects) {
  if (event.members_version < members_version_) return;  // From before, or from a deposed one.
  if (event.image) {
    view_.catalog = *event.image;
    view_.revision = event.revision;
  } else if (event.base == view_.revision) {
    for (const CatalogDelta& delta : event.deltas) view_.catalog.apply(delta);
    view_.revision = event.revision;
  }
  // With a base that is not ours only the members are news; the report below asks for the rest.
  members_version_ = event.members_version;
  view_.members.clear();
  for (const MemberInfo& member : event.members) view_.members.emplace(member.node, member);

  const std::set<BucketId> wanted_now = wanted();
  for (const BucketId bucket : wanted_now) {
    if (stopping_.contains(bucket) || !replicas_.insert(bucket).second) continue;
    on_disk_.insert(bucket);
    effects.push_back(StartReplica{bucket});
  }
  std::erase_if(replicas_, [&](BucketId bucket) {
    if (wanted_now.contains(bucket)) return false;
    stopping_.insert(bucket);
    effects.push_back(StopReplica{bucket});
    return true;
  });
  delete_dropped(effects);
  effects.push_back(Publish{view_});
  effects.push_back(Report{});
}

void TabletMachine::delete_dropped(std::vector<Effect>& effects) {
  std::erase_if(on_disk_, [&](BucketId bucket) {
    if (stopping_.contains(bucket) || !was_dropped(bucket)) return false;
    effects.push_back(DeleteLog{bucket});
    return true;
  });
}

void TabletMachine::apply(const DeleteFailed& event, std::vector<Effect>& /*effects*/) {
  if (was_dropped(event.bucket)) on_disk_.insert(event.bucket);
}

void TabletMachine::apply(const Tick& /*event*/, std::vector<Effect>& effects) {
  delete_dropped(effects);
}

void TabletMachine::apply(const ReplicaGone& event, std::vector<Effect>& effects) {
  const bool was_stopping = stopping_.erase(event.bucket) > 0;
  if (was_stopping && wanted().contains(event.bucket)) {  // Again, since it was told to stop.
    replicas_.insert(event.bucket);
    on_disk_.insert(event.bucket);
    effects.push_back(StartReplica{event.bucket});
    return;
  }
  if (was_dropped(event.bucket) && on_disk_.erase(event.bucket) > 0) {
    effects.push_back(DeleteLog{event.bucket});
  }
}

std::set<BucketId> TabletMachine::wanted() const {
  std::set<BucketId> wanted;
  for (const auto& [id, table] : view_.catalog.tables()) {
    for (std::size_t i = 0; i < table->buckets.size(); ++i) {
      const auto& replicas = table->buckets[i].replicas;
      if (std::find(replicas.begin(), replicas.end(), self_) == replicas.end()) continue;
      wanted.insert({id, BucketIndex{static_cast<std::int32_t>(i)}});
    }
  }
  return wanted;
}

bool TabletMachine::was_dropped(BucketId bucket) const {
  return bucket.table < view_.catalog.next_table() && !view_.catalog.find_table(bucket.table);
}

}  // namespace millrace::tablet
