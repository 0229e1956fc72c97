#include "actors/tablet/tablet_machine.hpp"

#include <algorithm>
#include <utility>

#include "base/planted_bug.hpp"

namespace millrace::tablet {

TabletMachine::TabletMachine(NodeId self, NodeId coordinator, std::set<BucketId> on_disk,
                             std::optional<KnownStarts> starts)
    : self_(self),
      starts_(std::move(starts)),
      is_recorded_(!starts_ || starts_->present == StartId{}),
      on_disk_(std::move(on_disk)) {
  view_.coordinator = coordinator;
  view_.serves = false;
}

std::vector<Effect> TabletMachine::step(const Event& event) {
  std::vector<Effect> effects;
  std::visit([&](const auto& one) { apply(one, effects); }, event);
  return effects;
}

void TabletMachine::apply(const UpdateArrived& event, std::vector<Effect>& effects) {
  if (is_late(event)) {
    ++refused_orders_;
    return;
  }
  obeyed_ = event.from_epoch;
  if (event.image) {
    view_.catalog = *event.image;
    view_.revision = event.revision;
    judge_disk();
    for (const BucketId& bucket : replicas_) assign(bucket, effects);
    start_all_wanted(effects);
    stop_unwanted(effects);
  } else if (event.base == view_.revision) {
    apply_deltas(event.deltas, effects);
    view_.revision = event.revision;
  }
  // With a base that is not ours only the members are news; the report below asks for the rest.
  members_version_ = event.members_version;
  view_.members.clear();
  for (const MemberInfo& member : event.members) view_.members.emplace(member.node, member);

  if (const auto& office = view_.catalog.office()) view_.coordinator = office->node;

  view_.serves = serves();
  effects.push_back(Publish{view_});
  effects.push_back(Report{});
}

bool TabletMachine::is_late(const UpdateArrived& event) const {
  if (is_planted(PlantedBug::obey_deposed_coordinator) && event.from_epoch < obeyed_) return false;
  // Of one coordinator's orders an older one may arrive later, too.
  return event.from_epoch < obeyed_ || event.members_version < members_version_;
}

void TabletMachine::apply_deltas(const std::vector<CatalogDelta>& deltas,
                                 std::vector<Effect>& effects) {
  for (const CatalogDelta& delta : deltas) view_.catalog.apply(delta);
  const bool was_recorded = is_recorded_;
  judge_disk();
  if (is_recorded_ && !was_recorded) start_all_wanted(effects);
  bool any_dropped = view_.revision == Revision{};  // Before this node looked for the first time.
  for (const CatalogDelta& delta : deltas) {
    if (const auto* table = std::get_if<TableCreated>(&delta)) {
      start_wanted(table->table.id, no_partition, table->table.buckets, effects);
    } else if (const auto* made = std::get_if<PartitionCreated>(&delta)) {
      start_wanted(made->partition.table, made->partition.id, made->partition.buckets, effects);
    } else if (const auto* led = std::get_if<LeadershipsChanged>(&delta)) {
      for (const LeadershipChange& change : led->changes) assign(change.bucket, effects);
    } else if (!std::holds_alternative<WriterIdsReserved>(delta) &&
               !std::holds_alternative<NodeStarted>(delta) &&
               !std::holds_alternative<OfficeTaken>(delta)) {
      any_dropped = true;
    }
  }
  if (any_dropped) stop_unwanted(effects);
}

void TabletMachine::judge_disk() {
  const auto known = view_.catalog.node_starts().find(self_);
  const bool is_known = known != view_.catalog.node_starts().end();
  if (disk_ != DiskVerdict::own) {
    const bool was_there =
        !is_known || !starts_ || starts_->is_believed || starts_->history.contains(known->second);
    disk_ =
        was_there || !view_.catalog.has_buckets_on(self_) ? DiskVerdict::own : DiskVerdict::foreign;
  }
  is_recorded_ = is_recorded_ || (is_known && known->second == starts_->present);
}

void TabletMachine::start_wanted(TableId table, PartitionId partition,
                                 const std::vector<BucketInfo>& buckets,
                                 std::vector<Effect>& effects) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const BucketId bucket{table, BucketIndex{static_cast<std::int32_t>(i)}, partition};
    if (!is_wanted(bucket) || stopping_.contains(bucket)) continue;
    if (!replicas_.insert(bucket).second) continue;
    start(bucket, effects);
  }
}

void TabletMachine::start(const BucketId& bucket, std::vector<Effect>& effects) {
  on_disk_.insert(bucket);
  effects.push_back(StartReplica{bucket});
  assign(bucket, effects);
}

void TabletMachine::assign(const BucketId& bucket, std::vector<Effect>& effects) const {
  const BucketInfo* const info = view_.catalog.find_bucket(bucket);
  if (info != nullptr && replicas_.contains(bucket)) effects.push_back(Assign{bucket, *info});
}

void TabletMachine::start_all_wanted(std::vector<Effect>& effects) {
  for (const auto& [id, table] : view_.catalog.tables()) {
    start_wanted(id, no_partition, table->buckets, effects);
    for (const auto& partition : view_.catalog.partitions_of(id).all()) {
      start_wanted(id, partition->id, partition->buckets, effects);
    }
  }
}

void TabletMachine::stop_unwanted(std::vector<Effect>& effects) {
  std::erase_if(replicas_, [&](BucketId bucket) {
    if (is_wanted(bucket)) return false;
    stopping_.insert(bucket);
    effects.push_back(StopReplica{bucket});
    return true;
  });
  delete_dropped(effects);
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

void TabletMachine::apply(const PeerCame& event, std::vector<Effect>& effects) {
  for (const BucketId& bucket : replicas_) {
    const BucketInfo* const info = view_.catalog.find_bucket(bucket);
    if (info != nullptr && info->leader == event.node && info->replicas.size() > 1) {
      effects.push_back(TellReturned{bucket, event.node});
    }
  }
}

void TabletMachine::apply(const Tick& /*event*/, std::vector<Effect>& effects) {
  delete_dropped(effects);
  if (is_recorded_ || disk_ != DiskVerdict::own || ++ticks_unrecorded_ < 2) return;
  // A coordinator whose store takes nothing must not keep healthy nodes away.
  is_recorded_ = true;
  view_.serves = true;
  start_all_wanted(effects);
  effects.push_back(Publish{view_});
}

void TabletMachine::apply(const ReplicaGone& event, std::vector<Effect>& effects) {
  const bool was_stopping = stopping_.erase(event.bucket) > 0;
  if (was_stopping && is_wanted(event.bucket)) {  // Again, since it was told to stop.
    replicas_.insert(event.bucket);
    return start(event.bucket, effects);
  }
  if (was_dropped(event.bucket) && on_disk_.erase(event.bucket) > 0) {
    effects.push_back(DeleteLog{event.bucket});
  }
}

bool TabletMachine::is_wanted(const BucketId& bucket) const {
  if (!serves()) return false;
  const BucketInfo* const info = view_.catalog.find_bucket(bucket);
  if (info == nullptr) return false;
  return std::find(info->replicas.begin(), info->replicas.end(), self_) != info->replicas.end();
}

bool TabletMachine::was_dropped(BucketId bucket) const {
  const Catalog& catalog = view_.catalog;
  if (bucket.table >= catalog.next_table()) return false;
  if (!catalog.find_table(bucket.table)) return true;
  return bucket.partition != no_partition && bucket.partition < catalog.next_partition() &&
         !catalog.partitions_of(bucket.table).find(bucket.partition);
}

}  // namespace millrace::tablet
