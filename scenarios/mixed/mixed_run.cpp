#include "scenarios/mixed/mixed_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/draw.hpp"
#include "scenarios/mixed/mixed_scenarios.hpp"

namespace millrace::scenarios {
namespace {

constexpr auto database = "churn";
constexpr Duration faults_within = 5s;  // From the first fault's begin to the last one's.
constexpr Duration fault_length_max = 5s;
constexpr Duration whole_within = 20s;
constexpr Duration served_within = 30s;
constexpr Duration quiet = 2s;
constexpr Duration answered_within = 60s;

/// Small enough for floods and rolls to show within seconds.
ClusterShape draw_shape(std::uint64_t seed) {
  Random random = Random(seed).fork("shape");
  ClusterShape shape;
  shape.segment_bytes = std::uint64_t{1} << random.between(10, 15);
  shape.gateway.connections_max = 64;
  shape.gateway.connection.request_bytes_max = 256 << 10;
  shape.gateway.connection.calls_max = 100;
  shape.gateway.connection.answer_bytes_max = 512 << 10;
  shape.in_flight_bytes_max = 2 << 20;
  return shape;
}

}  // namespace

FaultPointer make_fault(FaultKind kind, Random random) {
  switch (kind) {
    case FaultKind::kill:
      return make_kill(random);
    case FaultKind::bad_wire:
      return make_bad_wire(random);
    case FaultKind::lost_writes:
    case FaultKind::torn_write:
    case FaultKind::lost_name:
      return make_power_loss(kind, random);
    case FaultKind::bit_rot:
      return make_bit_rot(random);
    case FaultKind::failing_device:
      return make_failing_device(random);
    case FaultKind::failing_sync:
      return make_failing_sync(random);
    case FaultKind::full_disk:
      return make_full_disk(random);
    case FaultKind::slow_disk:
      return make_slow_disk(random);
    case FaultKind::unknown_commit:
      return make_unknown_commit(random);
    case FaultKind::scarce_memory:
      return make_scarce_memory(random);
    case FaultKind::flood:
      return make_flood(random);
    case FaultKind::other_disk:
      return make_other_disk(random);
  }
  return nullptr;
}

MixedRun::MixedRun(std::uint64_t seed, FaultPlan plan)
    : plan_(std::move(plan)),
      cluster_(seed, draw_shape(seed)),
      random_(cluster_.simulation().random_for("mixed")),
      load_(cluster_, random_.fork("load"), {.durability = plan_.durability}) {}

Outcome MixedRun::run() {
  warm_up();
  let_faults_happen();
  require_liveness();
  cluster_.run_for(quiet);
  check_catalog_of_churn();
  forgive_only_torn_ends();
  load_.finish();
  return outcome();
}

void MixedRun::warm_up() {
  load_.start();
  for (std::int32_t i = 0; i < cluster_.shape().nodes; ++i)
    buckets_[NodeId{i}] = load_.buckets_of(NodeId{i});
  if (plan_.workload == Workload::churn) {
    SimulatedClient& client = cluster_.add_client();
    const auto made = cluster_.blocking().wait<void>([&](const client::Callback<void>& done) {
      client.api().create_database(database, false, done);
    });
    if (!made) find("create database: " + made.error().message);
    churn_ = std::make_unique<CatalogChurn>(client, database, random_.fork("churn"));
    churn_->start();
  }
  cluster_.run_for(draw(random_, 500ms, 2s));
}

void MixedRun::let_faults_happen() {
  struct Event {
    Instant at;
    std::size_t fault;
    bool heals;
  };
  std::vector<Event> events;
  for (const FaultKind kind : plan_.faults) {
    const Instant begin = cluster_.now() + draw(random_, 0ms, faults_within);
    const Duration length = draw(random_, 500ms, fault_length_max);
    events.push_back({begin, faults_.size(), false});
    events.push_back({begin + length, faults_.size(), true});
    faults_.push_back(make_fault(kind, random_.fork(to_string(kind))));
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& one, const Event& other) { return one.at < other.at; });
  for (const Event& event : events) {
    if (event.at > cluster_.now()) cluster_.run_for(event.at - cluster_.now());
    Fault& fault = *faults_[event.fault];
    if (event.heals) {
      fault.heal(*this);
    } else {
      fault.inject(*this);
    }
  }
}

void MixedRun::require_liveness() {
  const Instant healed_at = cluster_.now();
  if (!cluster_.run_until_whole(whole_within)) find("a node never came back");
  forgive_only_torn_ends();
  if (!history().refusable.empty()) {
    // Writers that wait for a bucket that is refused may have no room for the others; new ones do.
    for (const client::TablePath& table : load_.tables()) load_.add_writer(table);
  }
  std::set<BucketId> missing;
  const auto served = [&] {
    missing = load_.buckets();
    for (const BucketId& bucket : load_.acknowledged_since(healed_at)) missing.erase(bucket);
    for (const BucketId& bucket : history().refusable) missing.erase(bucket);
    return missing.empty();
  };
  const Instant deadline = cluster_.now() + served_within;
  while (!served() && cluster_.now() < deadline) cluster_.run_for(200ms);
  for (const BucketId& bucket : missing) {
    find(fmt::format("bucket {} takes no rows though all is well again",
                     millrace::to_string(bucket)));
  }
}

void MixedRun::forgive_only_torn_ends() {
  const auto is_whole = [&](const BucketId& bucket) {
    for (const auto& [node, buckets] : buckets_) {
      for (std::int32_t d = 0; buckets.contains(bucket) && d < cluster_.shape().devices_per_node;
           ++d)
        if (ends_torn(cluster_.disk(node, d), bucket)) return false;
    }
    return true;
  };
  std::erase_if(history().refusable, is_whole);
}

void MixedRun::check_catalog_of_churn() {
  if (!churn_) return;
  churn_->stop();
  if (!cluster_.run_until([&] { return churn_->is_idle(); }, answered_within))
    find("a command was never answered");
  for (const std::string& violation : check_listing(cluster_, database, churn_->steps()))
    find(violation);
}

NodeId MixedRun::draw_node(Random& random) const {
  return NodeId{
      static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(cluster_.shape().nodes)))};
}

std::optional<NodeId> MixedRun::claim_node(Random& random) {
  std::vector<NodeId> free;
  for (std::int32_t i = 0; i < cluster_.shape().nodes; ++i) {
    if (cluster_.is_up(NodeId{i}) && !claimed_.contains(NodeId{i})) free.emplace_back(i);
  }
  if (free.empty()) return std::nullopt;
  const NodeId node = free[random.below(free.size())];
  claimed_.insert(node);
  return node;
}

Duration MixedRun::synced_within(NodeId node) const {
  const auto slow = slowest_.find(node);
  return 1s + 250ms + (slow == slowest_.end() ? Duration::zero() : slow->second);
}

bool MixedRun::claim(NodeId node) { return cluster_.is_up(node) && claimed_.insert(node).second; }

Outcome MixedRun::outcome() {
  Outcome outcome = load_.outcome();
  if (!may_lose_rows_ && history().damage.empty()) {
    for (const std::string& why : history().given_up)
      outcome.violations.push_back("a writer gave rows up: " + why);
  }
  for (std::string& violation : outcome.violations) violation = plan_.cell() + ": " + violation;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const std::string fault = to_string(plan_.faults[i]);
    ++outcome.reached[fault];
    if (faults_[i]->bites(*this) > 0) ++outcome.reached[fault + " bit"];
  }
  if (churn_) outcome.reached["commands done"] = churn_->count_done();
  return outcome;
}

Outcome run_plan(const FaultPlan& plan, std::uint64_t seed) { return MixedRun(seed, plan).run(); }

Outcome draw_faults(std::uint64_t seed) { return run_plan(plan_for(seed), seed); }

}  // namespace millrace::scenarios
