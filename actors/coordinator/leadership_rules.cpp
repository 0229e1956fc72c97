#include "actors/coordinator/leadership_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;

/// In the order in which replicas shall lead.
std::vector<NodeId> in_order(const BucketInfo& bucket, const std::set<NodeId>& nodes) {
  std::vector<NodeId> ordered;
  for (const NodeId node : bucket.replicas) {
    if (nodes.contains(node)) ordered.push_back(node);
  }
  return ordered;
}

std::set<NodeId> set_of(const std::vector<NodeId>& nodes) { return {nodes.begin(), nodes.end()}; }

std::optional<NodeId> first_usable(const BucketInfo& bucket, const std::set<NodeId>& candidates,
                                   const std::set<NodeId>& usable) {
  for (const NodeId node : bucket.replicas) {
    if (candidates.contains(node) && usable.contains(node)) return node;
  }
  return std::nullopt;
}

/// A bucket as it changes.
class Change {
 public:
  Change(const BucketId& id, const BucketInfo& before, const ReplicaPolicy& policy)
      : id_(id),
        before_(before),
        policy_(policy),
        min_(in_sync_min_of(policy.in_sync_min, before.replicas.size())),
        leader_(before.leader),
        epoch_(before.epoch),
        led_since_(before.led_since),
        in_sync_(set_of(before.in_sync)),
        eligible_(set_of(before.eligible)) {}

  [[nodiscard]] bool is_led() const { return policy_.usable.contains(leader_); }

  void elect() {
    std::optional<NodeId> next = first_usable(before_, in_sync_, policy_.usable);
    if (!next) {
      next = first_usable(before_, eligible_, policy_.usable);
      if (next) {
        eligible_.insert(in_sync_.begin(), in_sync_.end());
        in_sync_ = {*next};
      }
    }
    leader_ = next.value_or(no_node);
    if (!next) return;
    eligible_.erase(*next);
    epoch_ = LeaderEpoch{epoch_.value() + 1};
    led_since_ = policy_.next;
  }

  /// Nothing is acknowledged between two facts, so all who leave with one are complete if too few
  /// stay for anything to be acknowledged after it.
  void set_in_sync(std::set<NodeId> members) {
    if (members.size() < min_) eligible_.insert(in_sync_.begin(), in_sync_.end());
    in_sync_ = std::move(members);
    if (in_sync_.size() >= min_) eligible_.clear();
    for (const NodeId node : in_sync_) eligible_.erase(node);
  }

  void forget(NodeId node) {
    in_sync_.erase(node);
    eligible_.erase(node);
  }

  /// Who is not there leaves; a bucket that nobody leads stays as it is until somebody does.
  void drop_lost() {
    if (leader_ == no_node) return;
    std::set<NodeId> members;
    for (const NodeId node : in_sync_) {
      if (node == leader_ || policy_.usable.contains(node)) members.insert(node);
    }
    if (members != in_sync_) set_in_sync(std::move(members));
  }

  [[nodiscard]] LeadershipChange fact() const {
    return {id_,
            leader_,
            epoch_,
            before_.version + 1,
            in_order(before_, in_sync_),
            in_order(before_, eligible_),
            led_since_};
  }
  [[nodiscard]] bool is_any() const {
    return leader_ != before_.leader || epoch_ != before_.epoch ||
           in_sync_ != set_of(before_.in_sync) || eligible_ != set_of(before_.eligible);
  }
  [[nodiscard]] const std::set<NodeId>& in_sync() const { return in_sync_; }

 private:
  const BucketId& id_;
  const BucketInfo& before_;
  const ReplicaPolicy& policy_;
  const std::size_t min_;
  NodeId leader_;
  LeaderEpoch epoch_;
  Revision led_since_;
  std::set<NodeId> in_sync_;
  std::set<NodeId> eligible_;
};

ProtocolError refused(ErrorCode code, const BucketId& bucket, std::string_view why) {
  return {code, fmt::format("in-sync set of bucket {}: {}", to_string(bucket), why)};
}

}  // namespace

std::vector<LeadershipChange> adjust_leaderships(const Catalog& catalog,
                                                 const ReplicaPolicy& policy,
                                                 std::size_t count_max) {
  std::vector<LeadershipChange> changes;
  catalog.for_each_bucket([&](const BucketId& id, const BucketInfo& bucket) {
    if (changes.size() >= count_max || bucket.replicas.size() < 2) return;
    Change change(id, bucket, policy);
    if (!change.is_led()) change.elect();
    change.drop_lost();
    if (change.is_any()) changes.push_back(change.fact());
  });
  return changes;
}

std::variant<LeadershipChange, ProtocolError> decide(
    const Catalog& catalog, const ProposeInSync& proposal, NodeId asker,
    const ReplicaPolicy& policy, const std::map<NodeId, Incarnation>& incarnations) {
  const BucketId& id = proposal.bucket;
  const BucketInfo* const bucket = catalog.find_bucket(id);
  if (bucket == nullptr) {
    return refused(ErrorCode::unknown_table_or_bucket_exception, id, "there is no such bucket");
  }
  if (bucket->leader != asker || bucket->epoch != proposal.epoch) {
    return refused(ErrorCode::fenced_leader_epoch_exception, id, "somebody else leads");
  }
  if (bucket->version != proposal.version) {
    return refused(ErrorCode::fenced_leader_epoch_exception, id, "it has changed since");
  }
  Change change(id, *bucket, policy);
  if (proposal.resigns) {
    std::set<NodeId> others = change.in_sync();
    others.erase(asker);
    if (!first_usable(*bucket, others, policy.usable)) {
      return refused(ErrorCode::ineligible_replica_exception, id, "nobody else could lead");
    }
    change.forget(asker);
    change.elect();
    change.drop_lost();
    return change.fact();
  }
  std::set<NodeId> members{asker};
  for (const auto& [node, incarnation] : proposal.followers) {
    const auto present = incarnations.find(node);
    const bool is_there = policy.usable.contains(node) && present != incarnations.end() &&
                          (present->second == incarnation || incarnation == Incarnation{});
    const bool is_replica =
        std::find(bucket->replicas.begin(), bucket->replicas.end(), node) != bucket->replicas.end();
    // One that never fetched can stay, it cannot come.
    const bool may_be = incarnation != Incarnation{} || change.in_sync().contains(node);
    if (!is_there || !is_replica || !may_be) {
      return refused(
          ErrorCode::ineligible_replica_exception, id,
          fmt::format("tablet server {} is not there, or has started anew", node.value()));
    }
    members.insert(node);
  }
  change.set_in_sync(std::move(members));
  return change.fact();
}

}  // namespace millrace::coordinator
