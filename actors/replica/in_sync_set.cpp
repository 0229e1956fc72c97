#include "actors/replica/in_sync_set.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace millrace::replica {

InSyncSet::InSyncSet(NodeId self, Leadership committed, std::set<NodeId> may_be_proposed,
                     Limits limits, Offset start, Offset high_watermark, Instant now)
    : self_(self),
      limits_(limits),
      start_(start),
      began_at_(now),
      committed_(std::move(committed)),
      proposed_(std::move(may_be_proposed)),
      end_(start),
      high_watermark_(std::min(high_watermark, start)) {
  CHECK(committed_.in_sync.contains(self_));
  advance();
}

void InSyncSet::written(Offset end, Instant now) {
  CHECK(end >= end_);
  end_ = end;
  // Who waits at the end has kept up for as long as there was nothing to fetch.
  for (auto& [node, follower] : followers_) {
    if (follower.end < end_ && !follower.behind_since) follower.behind_since = now;
  }
  advance();
}

void InSyncSet::fetched(NodeId node, Incarnation incarnation, Offset from, Instant now) {
  CHECK(node != self_);
  auto [found, is_first] = followers_.try_emplace(node);
  Follower& follower = found->second;
  if (incarnation < follower.incarnation) return;  // From before it started anew.
  if (incarnation > follower.incarnation) {
    follower = Follower{};
    follower.incarnation = incarnation;
    follower.behind_since = is_first ? began_at_ : now;
  }
  // It may have been told of rows that it lost since: what it asks for now is the truth.
  follower.end = std::min(from, end_);
  // Who has what there was at its last question kept up between the two, however much came since.
  if (follower.end >= end_) {
    follower.caught_up = true;
    follower.behind_since.reset();
  } else if (follower.asked_at > Instant{} && follower.end >= follower.end_then) {
    follower.caught_up = true;
    follower.behind_since = std::max(follower.behind_since.value_or(now), follower.asked_at);
  } else if (!follower.behind_since) {
    follower.behind_since = now;
  }
  follower.asked_at = now;
  follower.end_then = end_;
  advance();
}

void InSyncSet::committed(const Leadership& leadership) {
  CHECK(leadership.epoch == committed_.epoch);
  CHECK(leadership.in_sync.contains(self_));
  if (leadership.version <= committed_.version) return;  // Old news.
  committed_ = leadership;
  proposed_.clear();
  asks_ = false;
  doubt_others();
  advance();
}

void InSyncSet::not_committed() {
  asks_ = false;
  doubt_others();
}

void InSyncSet::doubt_others() {
  for (auto& [node, follower] : followers_) {
    if (!committed_.in_sync.contains(node)) follower.caught_up = false;
  }
}

std::optional<InSyncProposal> InSyncSet::propose(Instant now) {
  if (asks_) return std::nullopt;
  std::set<NodeId> wanted{self_};
  for (const NodeId node : committed_.in_sync) {
    if (node != self_ && !lags(node, now)) wanted.insert(node);
  }
  for (const auto& [node, follower] : followers_) {
    const bool may_join = marked_ && has_confirmed(node) && follower.end >= high_watermark_ &&
                          follower.caught_up && !lags(node, now);
    if (may_join) wanted.insert(node);
  }
  if (wanted == committed_.in_sync && proposed_.empty()) return std::nullopt;
  InSyncProposal proposal{committed_.epoch, committed_.version, {}, false};
  for (const NodeId node : wanted) {
    if (node == self_) continue;
    const auto follower = followers_.find(node);
    proposal.followers[node] =
        follower == followers_.end() ? Incarnation{} : follower->second.incarnation;
  }
  proposed_.merge(wanted);
  asks_ = true;
  return proposal;
}

bool InSyncSet::has_confirmed(NodeId node) const {
  if (node == self_) return true;
  const auto follower = followers_.find(node);
  return follower != followers_.end() && follower->second.end >= start_;
}

bool InSyncSet::lags(NodeId node, Instant now) const {
  const auto follower = followers_.find(node);
  if (follower == followers_.end()) return now - began_at_ > limits_.lag_max;
  return follower->second.behind_since && now - *follower->second.behind_since > limits_.lag_max;
}

void InSyncSet::advance() {
  marked_ = marked_ || std::all_of(committed_.in_sync.begin(), committed_.in_sync.end(),
                                   [&](NodeId node) { return has_confirmed(node); });
  if (!is_sufficient()) return;
  Offset everybody = end_;
  const auto count = [&](const std::set<NodeId>& members) {
    for (const NodeId node : members) {
      if (node == self_) continue;
      const auto follower = followers_.find(node);
      everybody = std::min(everybody, follower == followers_.end() ? 0 : follower->second.end);
    }
  };
  count(committed_.in_sync);
  count(proposed_);
  high_watermark_ = std::max(high_watermark_, everybody);
}

}  // namespace millrace::replica
