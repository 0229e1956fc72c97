#include "actors/coordinator/coordinator_machine.hpp"

#include <algorithm>
#include <utility>

#include "actors/coordinator/acl_rules.hpp"
#include "actors/coordinator/alteration_rules.hpp"
#include "actors/coordinator/cluster_config_rules.hpp"
#include "base/check.hpp"
#include "base/planted_bug.hpp"
#include "protocol/table_options.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;

// The database that clients expect on a new cluster. Source: Fluss CREATE_DATABASE v0.
constexpr auto default_database = "fluss";
// Commands shall have their turn with a store that takes nothing.
constexpr Duration record_again_after = 1s;
// Of one fact: a metadata store may hold them in records of half a megabyte.
constexpr std::size_t changes_at_once = 1000;

/// What appends and look-ups wait for. It costs no fact, or one in many.
bool is_urgent(const Command& command) {
  return std::holds_alternative<ProposeInSync>(command) ||
         std::holds_alternative<NewWriter>(command) || std::holds_alternative<Sync>(command);
}

ProtocolError busy(std::string message) {
  return {ErrorCode::request_time_out, std::move(message)};
}

}  // namespace

CoordinatorMachine::CoordinatorMachine(Options options, std::uint32_t term)
    : options_(std::move(options)), term_(term) {}

std::vector<Effect> CoordinatorMachine::step(Instant now, const Event& event) {
  now_ = now;
  Effects effects;
  std::visit([&](const auto& one) { apply(one, effects); }, event);
  work(effects);
  return effects;
}

void CoordinatorMachine::apply(const Loaded& event, Effects& effects) {
  loading_ = false;
  must_load_ = false;
  if (!settled_at_) settled_at_ = now_ + options_.settle;
  if (in_flight_) {
    // A commit whose outcome was unknown: what is there now tells.
    Catalog expected = catalog_;
    expected.apply(in_flight_->delta);
    const bool written = !is_planted(PlantedBug::deny_commit_of_unknown_outcome) &&
                         event.revision == Revision{revision_.value() + 1} &&
                         event.catalog == expected;
    if (written) return committed(effects);
    not_committed(*std::exchange(in_flight_, std::nullopt), effects);
  }
  revision_ = event.revision;
  catalog_ = event.catalog;
  recent_.clear();
  next_writer_ = catalog_.next_writer();
  leaderships_due_ = true;
  await_leaders();
  if (is_planted(PlantedBug::grant_writer_ids_again)) next_writer_ = WriterId{0};
}

void CoordinatorMachine::not_committed(const InFlight& failed, Effects& effects) {
  if (std::holds_alternative<NodeStarted>(failed.delta))
    starts_again_at_ = now_ + record_again_after;
  if (!failed.command) return;
  if (why_uncommitted_.code == Errc::stale_epoch) {
    // Decided on what was old: decide anew.
    return commands_.push_front(*failed.command, is_urgent(failed.command->command));
  }
  effects.push_back(Answer{
      failed.command->ticket,
      ProtocolError{ErrorCode::storage_exception, "metadata store: " + why_uncommitted_.message}});
}

void CoordinatorMachine::apply(const LoadFailed& event, Effects& effects) {
  loading_ = false;  // A later tick tries again.
  while (!commands_.empty()) {
    const Ticket ticket = commands_.pop().ticket;
    effects.push_back(Answer{ticket, busy("metadata store: " + event.error.message)});
  }
}

void CoordinatorMachine::apply(const Committed& event, Effects& effects) {
  CHECK(in_flight_.has_value());
  CHECK(event.revision == Revision{revision_.value() + 1});
  committed(effects);
}

void CoordinatorMachine::apply(const CommitFailed& event, Effects& /*effects*/) {
  must_load_ = true;  // On the next tick, so that a store that keeps failing is not hammered.
  why_uncommitted_ = event.error;
}

void CoordinatorMachine::load(Effects& effects) {
  if (!must_load_ || loading_) return;
  loading_ = true;
  effects.push_back(Load{});
}

void CoordinatorMachine::apply(const Asked& event, Effects& effects) {
  const bool urgent = is_urgent(event.command);
  if ((urgent ? commands_.urgent() : commands_.bulk()) >= options_.commands_max) {
    return effects.push_back(Answer{event.ticket, busy("too many commands are waiting")});
  }
  commands_.push(event, urgent);
}

void CoordinatorMachine::apply(const NodeReported& event, Effects& effects) {
  auto [found, is_new] = nodes_.try_emplace(event.member.node);
  Node& node = found->second;
  if (event.member.incarnation < node.member.incarnation) return;
  MemberInfo member = event.member;
  member.alive = event.disk.verdict != DiskVerdict::foreign;
  member.acknowledged = node.member.acknowledged;
  const auto awaited = led_since_.find(member.node);
  const bool knows_all = awaited == led_since_.end() || event.applied >= awaited->second;
  if (is_new ||
      (knows_all && awaited != led_since_.end() && member.acknowledged < awaited->second)) {
    member.acknowledged = event.applied;
  }
  const bool is_another = member.incarnation != node.member.incarnation ||
                          member.alive != node.member.alive ||
                          event.disk.verdict != node.disk.verdict;
  leaderships_due_ = leaderships_due_ || is_new || is_another;
  bool changed = is_new || !(node.member == member);
  // A coordinator that starts again within its term counts on from where its predecessor was.
  const auto count = static_cast<std::uint32_t>(event.members_version);
  if (event.members_version >> 32 == term_ && count > members_count_) {
    members_count_ = count;
    changed = true;
  }
  node.member = std::move(member);
  node.applied = event.applied;
  node.members_version = event.members_version;
  node.disk = event.disk;
  node.reported_at = now_;
  if (changed) members_changed(effects);
  answer_applied(effects);
  update(node, effects);
}

void CoordinatorMachine::apply(const NodeLost& event, Effects& effects) {
  const auto found = nodes_.find(event.node);
  if (found == nodes_.end()) return;
  found->second.disk = {};
  if (!found->second.member.alive) return;
  found->second.member.alive = false;
  leaderships_due_ = true;
  members_changed(effects);
  answer_applied(effects);
}

void CoordinatorMachine::apply(const Tick& event, Effects& effects) {
  wall_clock_ = event.wall_clock;
  load(effects);
  lose_silent_nodes(effects);
  answer_applied(effects);
}

void CoordinatorMachine::work(Effects& effects) {
  if (!settled() || must_load_) return;
  if (!std::exchange(announced_, true)) update_all(effects);
  if (!in_flight_ && is_new_cluster()) {
    commit(std::nullopt, DatabaseCreated{{default_database, {}, 0, 0}}, effects);
  }
  record_start(effects);
  if (awaits_verdicts()) return;
  adjust_leaderships(effects);
  look_at_automatic_partitions();
  while (!in_flight_ && !(commands_.empty() && auto_partitions_.empty())) {
    const bool automatic = commands_.empty() || std::exchange(auto_partition_turn_, false);
    if (automatic && adjust_automatic_partitions(effects)) continue;
    if (commands_.empty()) continue;
    const Asked asked = commands_.pop();
    auto_partition_turn_ = true;
    run(asked, effects);
  }
}

ReplicaPolicy CoordinatorMachine::replica_policy() const {
  const std::vector<NodeId> usable = hosts();
  return {{usable.begin(), usable.end()}, options_.in_sync_min, Revision{revision_.value() + 1}};
}

void CoordinatorMachine::adjust_leaderships(Effects& effects) {
  if (in_flight_ || !leaderships_due_) return;
  auto changes = coordinator::adjust_leaderships(catalog_, replica_policy(), changes_at_once);
  leaderships_due_ = changes.size() == changes_at_once;
  if (!changes.empty()) commit(std::nullopt, LeadershipsChanged{std::move(changes)}, effects);
}

void CoordinatorMachine::decide_in_sync(const Asked& asked, const ProposeInSync& proposal,
                                        Effects& effects) {
  std::map<NodeId, Incarnation> incarnations;
  for (const auto& [id, node] : nodes_) incarnations[id] = node.member.incarnation;
  auto decision = decide(catalog_, proposal, asked.node, replica_policy(), incarnations);
  if (const auto* refused = std::get_if<ProtocolError>(&decision)) {
    return effects.push_back(Answer{asked.ticket, *refused});
  }
  commit(asked, LeadershipsChanged{{std::move(std::get<LeadershipChange>(decision))}}, effects);
}

void CoordinatorMachine::await_leaders() {
  led_since_.clear();
  catalog_.for_each_bucket([&](const BucketId&, const BucketInfo& bucket) {
    if (bucket.led_since == Revision{} || bucket.leader == no_node) return;
    Revision& newest = led_since_[bucket.leader];
    newest = std::max(newest, bucket.led_since);
  });
}

bool CoordinatorMachine::is_new_cluster() const {
  const auto& office = catalog_.office();
  return revision_.value() == (office ? office->epoch.value() : 0);
}

std::vector<Effect> CoordinatorMachine::leave() {
  Effects effects;
  const ProtocolError elsewhere{ErrorCode::not_coordinator_leader_exception,
                                "another coordinator is in office"};
  for (const Waiting& one : std::exchange(waiting_, {})) {
    effects.push_back(Answer{one.ticket, one.reply});  // That much is written.
  }
  if (const auto last = std::exchange(in_flight_, std::nullopt); last && last->command) {
    const bool is_refused = must_load_ && why_uncommitted_.code == Errc::stale_epoch;
    effects.push_back(Answer{
        last->command->ticket,
        is_refused ? elsewhere : busy("Another coordinator is in office; the outcome is open.")});
  }
  while (!commands_.empty()) effects.push_back(Answer{commands_.pop().ticket, elsewhere});
  return effects;
}

void CoordinatorMachine::record_start(Effects& effects) {
  if (in_flight_ || (starts_again_at_ && now_ < *starts_again_at_)) return;
  for (const auto& [id, node] : nodes_) {
    // A start that the disk does not know of must not be what a later one is measured by.
    if (node.disk.verdict != DiskVerdict::own || node.disk.start == StartId{}) continue;
    const auto known = catalog_.node_starts().find(id);
    const bool is_known = known != catalog_.node_starts().end() && known->second == node.disk.start;
    if (!is_known) return commit(std::nullopt, NodeStarted{id, node.disk.start}, effects);
  }
}

bool CoordinatorMachine::is_in_doubt(const Node& node) const {
  return node.member.alive && node.disk.verdict == DiskVerdict::unchecked &&
         catalog_.node_starts().contains(node.member.node);
}

bool CoordinatorMachine::awaits_verdicts() const {
  if (now_ >= *settled_at_ + options_.verdict_wait_max) return false;
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [&](const auto& entry) { return is_in_doubt(entry.second); });
}

void CoordinatorMachine::look_at_automatic_partitions() {
  if (auto_partitions_at_ && now_ < *auto_partitions_at_) return;
  auto_partitions_at_ = now_ + options_.auto_partition_interval;
  for (const auto& [id, table] : catalog_.tables()) {
    if (has_automatic_partitions(table->descriptor)) auto_partitions_.try_emplace(id, false);
  }
}

/// What a fact says about automatic partitions takes effect at once, when the catalog has it.
void CoordinatorMachine::look_at_partitions_after(const CatalogDelta& fact) {
  if (const auto* created = std::get_if<TableCreated>(&fact)) {
    if (has_automatic_partitions(created->table.descriptor)) {
      auto_partitions_[created->table.id] = true;
    }
  } else if (const auto* altered = std::get_if<TableAltered>(&fact)) {
    const auto before = catalog_.find_table(altered->table);
    if (!before || !has_automatic_partitions(altered->descriptor)) return;
    bool& is_new = auto_partitions_[altered->table];
    is_new = is_new || !has_automatic_partitions(before->descriptor);
  }
}

/// One fact at a time, like everything else; false when there was nothing to do.
bool CoordinatorMachine::adjust_automatic_partitions(Effects& effects) {
  const std::vector<NodeId> nodes = hosts();
  while (!auto_partitions_.empty()) {
    const auto& [id, is_new] = *auto_partitions_.begin();
    const auto table = catalog_.find_table(id);
    std::optional<CatalogDelta> delta;
    if (table && !nodes.empty()) {
      const bool delay_days = !is_new;
      delta = next_automatic(catalog_, *table, options_.tables, nodes, wall_clock_, delay_days);
    }
    if (delta) {
      commit(std::nullopt, std::move(*delta), effects);
      return true;
    }
    auto_partitions_.erase(auto_partitions_.begin());
  }
  return false;
}

void CoordinatorMachine::run(const Asked& asked, Effects& effects) {
  if (std::holds_alternative<NewWriter>(asked.command)) return grant_writer(asked, effects);
  if (const auto* proposal = std::get_if<ProposeInSync>(&asked.command)) {
    return decide_in_sync(asked, *proposal, effects);
  }
  if (std::holds_alternative<Sync>(asked.command)) {
    return answer_when_applied(asked, Done{}, {asked.node}, effects);
  }
  Decision decision = decide_on(asked);
  if (const auto* refused = std::get_if<ProtocolError>(&decision)) {
    return effects.push_back(Answer{asked.ticket, *refused});
  }
  if (auto* delta = std::get_if<CatalogDelta>(&decision)) {
    if (is_planted(PlantedBug::answer_before_commit)) {
      effects.push_back(Answer{asked.ticket, Done{}});
    }
    return commit(asked, std::move(*delta), effects);
  }
  // Nothing changes, but the asker's node may not know yet what makes it so.
  answer_when_applied(asked, Done{}, {asked.node}, effects);
}

Decision CoordinatorMachine::decide_on(const Asked& asked) const {
  if (const auto* create = std::get_if<CreateDatabase>(&asked.command)) {
    return decide(catalog_, *create, asked.wall_clock);
  }
  if (const auto* drop = std::get_if<DropDatabase>(&asked.command)) return decide(catalog_, *drop);
  if (const auto* table = std::get_if<CreateTable>(&asked.command)) {
    return decide(catalog_, *table, options_.tables, hosts(), asked.wall_clock);
  }
  if (const auto* partition = std::get_if<CreatePartition>(&asked.command)) {
    return decide(catalog_, *partition, options_.tables, hosts(), asked.wall_clock);
  }
  if (const auto* partition = std::get_if<DropPartition>(&asked.command)) {
    return decide(catalog_, *partition);
  }
  if (const auto* alteration = std::get_if<protocol::Alteration>(&asked.command)) {
    return decide(catalog_, *alteration,
                  {options_.tables, hosts(), known_nodes(), asked.wall_clock});
  }
  if (const auto* allow = std::get_if<CreateAcls>(&asked.command)) return decide(catalog_, *allow);
  if (const auto* revoke = std::get_if<DropAcls>(&asked.command)) return decide(catalog_, *revoke);
  return decide(catalog_, std::get<DropTable>(asked.command));
}

void CoordinatorMachine::grant_writer(const Asked& asked, Effects& effects) {
  if (next_writer_ >= catalog_.next_writer()) {
    const WriterId below{catalog_.next_writer().value() + options_.writer_ids_block};
    return commit(asked, WriterIdsReserved{below}, effects);
  }
  effects.push_back(Answer{asked.ticket, WriterGranted{next_writer_}});
  next_writer_ = WriterId{next_writer_.value() + 1};
}

void CoordinatorMachine::commit(std::optional<Asked> command, CatalogDelta delta,
                                Effects& effects) {
  in_flight_ = InFlight{std::move(command), delta};
  effects.push_back(Commit{revision_, std::move(delta)});
}

void CoordinatorMachine::committed(Effects& effects) {
  const InFlight done = *std::exchange(in_flight_, std::nullopt);
  revision_ = Revision{revision_.value() + 1};
  look_at_partitions_after(done.delta);
  warn_before(done.delta, effects);
  catalog_.apply(done.delta);
  if (std::holds_alternative<LeadershipsChanged>(done.delta)) await_leaders();
  recent_.push_back(done.delta);
  if (recent_.size() > options_.deltas_kept) recent_.pop_front();
  if (revision_.value() % options_.snapshot_every == 0) {
    effects.push_back(StoreSnapshot{revision_, catalog_});
  }
  update_all(effects);
  if (!done.command) return;
  if (std::holds_alternative<NewWriter>(done.command->command)) {
    return grant_writer(*done.command, effects);
  }
  const std::vector<NodeId> alive = alive_nodes();
  std::set<NodeId> nodes(alive.begin(), alive.end());
  nodes.insert(done.command->node);
  answer_when_applied(*done.command, Done{}, std::move(nodes), effects);
}

/// Of what a fact sets and the catalog does not have yet.
void CoordinatorMachine::warn_before(const CatalogDelta& fact, Effects& effects) const {
  if (const auto* changed = std::get_if<ClusterConfigsChanged>(&fact)) {
    for (const auto& [key, value] : changed->values) {
      if (!has_effect(key)) effects.push_back(WarnWithoutEffect{key, {}});
    }
  }
  const auto warn = [&](const std::string& database, const std::string& table,
                        const protocol::TableDescriptor& after,
                        const protocol::Properties& before) {
    for (const std::string_view key : protocol::options_without_effect(after)) {
      const auto old = before.find(std::string(key));
      if (old != before.end() && old->second == after.properties.at(old->first)) continue;
      effects.push_back(WarnWithoutEffect{std::string(key), database + "." + table});
    }
  };
  if (const auto* created = std::get_if<TableCreated>(&fact)) {
    warn(created->table.database, created->table.name, created->table.descriptor, {});
  } else if (const auto* altered = std::get_if<TableAltered>(&fact)) {
    const auto table = catalog_.find_table(altered->table);
    if (table) {
      warn(table->database, table->name, altered->descriptor, table->descriptor.properties);
    }
  }
}

void CoordinatorMachine::answer_when_applied(const Asked& asked, Reply reply,
                                             std::set<NodeId> nodes, Effects& effects) {
  waiting_.push_back({asked.ticket, std::move(reply), revision_, now_ + options_.apply_wait_max,
                      std::move(nodes)});
  answer_applied(effects);
}

void CoordinatorMachine::answer_applied(Effects& effects) {
  std::erase_if(waiting_, [&](const Waiting& one) {
    const bool applied = std::all_of(one.nodes.begin(), one.nodes.end(), [&](NodeId id) {
      const auto node = nodes_.find(id);
      if (node == nodes_.end()) return false;
      return !node->second.member.alive || node->second.applied >= one.revision;
    });
    if (!applied && now_ < one.deadline) return false;
    effects.push_back(Answer{one.ticket, one.reply});
    return true;
  });
}

void CoordinatorMachine::lose_silent_nodes(Effects& effects) {
  for (const auto& [id, node] : nodes_) {
    if (!node.member.alive || now_ - node.reported_at <= options_.silence_max) continue;
    return apply(NodeLost{id}, effects);  // The next tick finds the next one.
  }
}

void CoordinatorMachine::members_changed(Effects& effects) {
  ++members_count_;
  update_all(effects);
}

void CoordinatorMachine::update_all(Effects& effects) {
  for (const auto& [id, node] : nodes_) update(node, effects);
}

void CoordinatorMachine::update(const Node& node, Effects& effects) {
  // One that is kept out hears what it may come back with.
  if (!settled() || (!node.member.alive && node.disk.verdict != DiskVerdict::foreign)) return;
  const std::uint64_t version = std::uint64_t{term_} << 32 | members_count_;
  if (node.applied == revision_ && node.members_version == version) return;
  SendUpdate send{node.member.node,       node.applied, revision_, {}, {}, version, {},
                  CoordinatorEpoch{term_}};
  // A node ahead of us followed somebody whose writes we do not have: start it afresh.
  const bool is_behind = node.applied <= revision_;
  const std::uint64_t missing = is_behind ? revision_.value() - node.applied.value() : 0;
  if (!is_behind || missing > recent_.size()) {
    send.image = catalog_;
  } else {
    send.deltas.assign(recent_.end() - static_cast<std::ptrdiff_t>(missing), recent_.end());
  }
  for (const auto& [id, member] : nodes_) send.members.push_back(member.member);
  effects.push_back(std::move(send));
}

std::set<NodeId> CoordinatorMachine::known_nodes() const {
  std::set<NodeId> known;
  for (const auto& [id, node] : nodes_) known.insert(id);
  return known;
}

std::vector<NodeId> CoordinatorMachine::hosts() const {
  std::vector<NodeId> hosts;
  for (const auto& [id, node] : nodes_) {
    if (node.member.alive && !is_in_doubt(node)) hosts.push_back(id);
  }
  return hosts;
}

std::vector<NodeId> CoordinatorMachine::alive_nodes() const {
  std::vector<NodeId> alive;
  for (const auto& [id, node] : nodes_) {
    if (node.member.alive) alive.push_back(id);
  }
  return alive;
}

}  // namespace millrace::coordinator
