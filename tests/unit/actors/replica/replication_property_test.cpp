// Three replicas of one bucket as bare machines, with model devices, a network that delays and
// loses, a coordinator that elects and commits in-sync sets late, and a writer that repeats what
// was not acknowledged. Processes are killed and start again with what they had written. Whatever
// happens: what was acknowledged stays, once, where it was acknowledged, on every later leader.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/random.hpp"
#include "tests/unit/actors/replica/replica_steps.hpp"

namespace millrace::replica {
namespace {

constexpr std::size_t in_sync_min = 2;

struct Stored {
  BatchSummary summary;
  std::string bytes;
};

/// What lies on a node's disk. A killed process loses nothing of it.
struct ModelLog {
  std::deque<Stored> batches;
  LeaderEpochs epochs;

  [[nodiscard]] Offset end() const { return batches.empty() ? 0 : batches.back().summary.last + 1; }
  [[nodiscard]] Opened opened() const {
    Opened opened;
    opened.end = end();
    for (const Stored& one : batches) opened.recent.push_back(one.summary);
    if (!batches.empty()) opened.max_timestamp = batches.back().summary.timestamp;
    opened.epochs = epochs;
    return opened;
  }
  [[nodiscard]] std::string from(Offset offset) const {
    std::string bytes;
    for (const Stored& one : batches) {
      if (one.summary.base >= offset) bytes += one.bytes;
    }
    return bytes;
  }
};

struct Node {
  std::unique_ptr<ReplicaMachine> machine;  // Null: it is down.
  Incarnation incarnation;
  ModelLog log;
  std::deque<Effect> orders;  // To its device, which does them in order.
};

struct Message {
  NodeId from;
  NodeId to;
  Incarnation incarnation;  ///< Of the sender.
  Effect what;
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, std::map<std::string, int>& reached)
      : random_(seed), reached_(reached) {
    for (std::int32_t id = 0; id < 3; ++id) start(NodeId{id});
  }

  void run() {
    for (int i = 0; i < 1500 && !testing::Test::HasFailure(); ++i) turn();
    heal();
    for (int i = 0; i < 20'000 && !is_whole(); ++i) turn_when_healed();
    EXPECT_TRUE(is_whole()) << "not whole: " << state();
    check();
  }

 private:
  // ---- What happens --------------------------------------------------------------------------

  void turn() {
    now_ += Duration(random_.between(0, Duration(300ms).count()));
    switch (random_.below(12)) {
      case 0:
        return send_rows();
      case 1:
      case 2:
      case 3:
        return deliver(random_.chance(1, 12));
      case 4:
      case 5:
      case 6:
        return serve(node_at_random());
      case 7:
        return tick(node_at_random());
      case 8:
        return decide();
      case 9:
        return random_.chance(1, 12) ? kill(node_at_random()) : start(node_at_random());
      case 10:
        return notice();
      default:
        return tell(node_at_random());
    }
  }

  void turn_when_healed() {
    now_ += 50ms;
    for (std::int32_t id = 0; id < 3; ++id) {
      tell(NodeId{id});
      while (!nodes_[NodeId{id}].orders.empty()) serve(NodeId{id});
      tick(NodeId{id});
    }
    while (!messages_.empty()) deliver(false);
    while (!proposals_.empty()) decide();
    notice();
    if (sent_ == acknowledged_.size()) return;
    send_rows();
  }

  void heal() {
    for (std::int32_t id = 0; id < 3; ++id) start(NodeId{id});
    now_ += 1min;
  }

  NodeId node_at_random() { return NodeId{static_cast<std::int32_t>(random_.below(3))}; }

  void start(NodeId id) {
    Node& node = nodes_[id];
    if (node.machine) return;
    node.incarnation = Incarnation{node.incarnation.value() + 1};
    ReplicaRules rules;
    rules.in_sync_min = in_sync_min;
    rules.lag_max = 5s;
    rules.fetch_wait_max = 2s;
    node.machine = std::make_unique<ReplicaMachine>(id, rules);
    take(id, node.machine->step(now_, truth_));
    take(id, node.machine->step(now_, OpenDue{}));
  }

  /// Some of what was ordered is still done: nobody hears of it.
  void kill(NodeId id) {
    Node& node = nodes_[id];
    if (!node.machine) return;
    ++reached_["killed"];
    node.machine.reset();
    for (std::uint64_t done = random_.below(node.orders.size() + 1); done > 0; --done) {
      perform(node, node.orders.front());
      node.orders.pop_front();
    }
    node.orders.clear();
    unnoticed_.insert(id);
  }

  void tick(NodeId id) { step(id, TickDue{}); }
  void tell(NodeId id) { step(id, truth_); }

  void step(NodeId id, const Event& event) {
    Node& node = nodes_[id];
    if (node.machine) take(id, node.machine->step(now_, event));
  }

  // ---- The writer ----------------------------------------------------------------------------

  /// The oldest rows that are not acknowledged, or new ones, to whoever leads as far as is known.
  void send_rows() {
    const auto sequence = static_cast<std::int32_t>(acknowledged_.size());
    if (static_cast<std::size_t>(sequence) == sent_) ++sent_;
    if (truth_.leader == no_node) return;
    const Ticket ticket = ++tickets_;
    asked_[ticket] = sequence;
    step(truth_.leader, append(ticket, {{writer, sequence, 1 + sequence % 3}}, noon + sequence));
  }

  void answered(const AnswerAppended& answer) {
    const auto asked = asked_.extract(answer.ticket);
    ASSERT_FALSE(asked.empty());
    const auto [known, is_new] = acknowledged_.try_emplace(asked.mapped(), answer.base);
    EXPECT_EQ(known->second, answer.base) << "sequence " << asked.mapped();
  }

  // ---- Device and network --------------------------------------------------------------------

  void take(NodeId id, const std::vector<Effect>& effects) {
    for (const Effect& effect : effects) {
      std::visit([&](const auto& one) { take_one(id, one); }, effect);
    }
  }

  template <class One>
  void take_one(NodeId id, const One& effect) {
    if constexpr (std::is_same_v<One, AnswerAppended>) {
      answered(effect);
    } else if constexpr (std::is_same_v<One, AskLeader>) {
      send(id, effect.leader, effect);
    } else if constexpr (std::is_same_v<One, WakeFollower>) {
      send(id, effect.node, effect);
    } else if constexpr (std::is_same_v<One, AnswerFetch>) {
      const auto fetch = fetches_.extract({id, effect.ticket});
      if (fetch.empty()) return;
      answers_[++answer_count_] = {fetch.mapped().number, effect.reply};
      send(id, fetch.mapped().follower, AnswerFetch{answer_count_, {}});
    } else if constexpr (std::is_same_v<One, ProposeInSync>) {
      proposals_.push_back({id, effect.proposal});
    } else if constexpr (std::is_same_v<One, WriteBatches> || std::is_same_v<One, BeginEpoch> ||
                         std::is_same_v<One, CutLog> || std::is_same_v<One, ReadForFollower> ||
                         std::is_same_v<One, OpenNow> || std::is_same_v<One, OpenLater>) {
      nodes_[id].orders.emplace_back(effect);
    } else if constexpr (std::is_same_v<One, RestartLog>) {
      ADD_FAILURE() << "nothing was deleted, but a log shall begin anew at " << effect.start;
    }
  }

  void send(NodeId from, NodeId to, Effect what) {
    messages_.push_back({from, to, nodes_[from].incarnation, std::move(what)});
  }

  void deliver(bool is_lost) {
    if (messages_.empty()) return;
    const auto at =
        messages_.begin() + static_cast<std::ptrdiff_t>(random_.below(messages_.size()));
    const Message message = *at;
    messages_.erase(at);
    if (is_lost) {
      ++reached_["lost"];
      return;
    }
    if (const auto* ask = std::get_if<AskLeader>(&message.what)) return arrive(message, *ask);
    if (const auto* wake = std::get_if<WakeFollower>(&message.what)) {
      return step(message.to, LeaderWaits{wake->epoch});
    }
    const auto answer = answers_.extract(std::get<AnswerFetch>(message.what).ticket);
    if (std::holds_alternative<FetchDiverged>(answer.mapped().second)) ++reached_["diverged"];
    step(message.to, Fetched{answer.mapped().first, answer.mapped().second, false});
  }

  void arrive(const Message& message, const AskLeader& ask) {
    const Ticket ticket = ++tickets_;
    fetches_[{message.to, ticket}] = {message.from, ask.number};
    step(message.to, FetchAsked{ticket, message.from, message.incarnation, ask.epoch, ask.from,
                                ask.last_epoch, ask.bytes_max});
  }

  void serve(NodeId id) {
    Node& node = nodes_[id];
    if (node.orders.empty()) return;
    const Effect order = node.orders.front();
    node.orders.pop_front();
    perform(node, order);
    if (std::holds_alternative<WriteBatches>(order)) return step(id, Written{});
    if (std::holds_alternative<BeginEpoch>(order)) return step(id, EpochBegun{});
    if (const auto* read = std::get_if<ReadForFollower>(&order)) {
      const auto fetch = fetches_.extract({id, read->ticket});
      auto rows = node.machine->rows_for(read->from, test_buffer(node.log.from(read->from)));
      if (fetch.empty()) return;
      FetchReply reply = rows ? FetchReply{std::move(*rows)} : FetchReply{FetchRefused{}};
      answers_[++answer_count_] = {fetch.mapped().number, std::move(reply)};
      return send(id, fetch.mapped().follower, AnswerFetch{answer_count_, {}});
    }
    step(id, node.log.opened());
  }

  static Buffer test_buffer(const std::string& bytes) { return Buffer::from(bytes); }

  void perform(Node& node, const Effect& order) {
    if (const auto* write = std::get_if<WriteBatches>(&order)) {
      auto run = write->runs.begin();
      for (const StampedBatch& batch : write->batches) {
        EXPECT_EQ(batch.summary.base, node.log.end());
        if (run != write->runs.end() && run->start <= batch.summary.base) {
          node.log.epochs.begin({run->epoch, batch.summary.base});
          ++run;
        }
        node.log.batches.push_back(
            {batch.summary, std::string(Buffer::joined(batch.pieces).text())});
      }
    } else if (const auto* begin = std::get_if<BeginEpoch>(&order)) {
      if (node.log.epochs.last() != begin->epoch) {
        node.log.epochs.begin({begin->epoch, node.log.end()});
      }
    } else if (const auto* cut = std::get_if<CutLog>(&order)) {
      ++reached_["cut"];
      while (!node.log.batches.empty() && node.log.batches.back().summary.last >= cut->offset) {
        node.log.batches.pop_back();
      }
      node.log.epochs.truncate(node.log.end());
    }
  }

  // ---- The coordinator -----------------------------------------------------------------------

  bool is_up(NodeId id) const { return nodes_.at(id).machine != nullptr; }

  /// Nobody is let in while too few are in sync, so who leaves then has all that is acknowledged.
  void leave(NodeId id) {
    if (!truth_.in_sync.contains(id) || truth_.in_sync.size() == 1) return;
    const bool are_enough = truth_.in_sync.size() > in_sync_min;
    truth_.in_sync.erase(id);
    if (!are_enough) eligible_.insert(id);
  }

  void notice() {
    for (const NodeId id : std::exchange(unnoticed_, {})) {
      const bool leads = truth_.leader == id;
      leave(id);
      ++truth_.version;
      if (leads) elect(id);
    }
    if (truth_.leader == no_node) elect(no_node);
  }

  void elect(NodeId lost) {
    for (const auto* candidates : {&truth_.in_sync, &eligible_}) {
      for (const NodeId id : *candidates) {
        if (id == lost || !is_up(id)) continue;
        ++reached_[candidates == &eligible_ ? "elected from eligible" : "elected"];
        if (!truth_.in_sync.contains(id)) {
          eligible_.insert(truth_.in_sync.begin(), truth_.in_sync.end());
          truth_.in_sync = {id};
          eligible_.erase(id);
        }
        truth_.leader = id;
        truth_.epoch = LeaderEpoch{truth_.epoch.value() + 1};
        ++truth_.version;
        return;
      }
    }
    truth_.leader = no_node;
    ++truth_.version;
  }

  void decide() {
    if (proposals_.empty()) return;
    const auto at =
        proposals_.begin() + static_cast<std::ptrdiff_t>(random_.below(proposals_.size()));
    const auto [from, proposal] = *at;
    proposals_.erase(at);
    bool is_good = from == truth_.leader && proposal.epoch == truth_.epoch &&
                   proposal.version == truth_.version && !proposal.resigns;
    for (const auto& [id, incarnation] : proposal.followers) {
      is_good = is_good && nodes_[id].incarnation == incarnation && !unnoticed_.contains(id);
    }
    if (!is_good) {
      ++reached_["refused"];
      return step(from, ProposalRefused{});
    }
    std::set<NodeId> wanted{from};
    for (const auto& [id, incarnation] : proposal.followers) wanted.insert(id);
    for (const NodeId id : std::set(truth_.in_sync)) {
      if (!wanted.contains(id)) leave(id);
    }
    truth_.in_sync.insert(wanted.begin(), wanted.end());
    if (truth_.in_sync.size() >= in_sync_min) eligible_.clear();
    ++truth_.version;
    ++reached_["committed"];
  }

  // ---- What must hold ------------------------------------------------------------------------

  bool is_whole() const {
    if (truth_.in_sync.size() < 3 || acknowledged_.size() < sent_) return false;
    for (const auto& [id, node] : nodes_) {
      if (node.log.end() != nodes_.at(truth_.leader).log.end()) return false;
    }
    return true;
  }

  std::string state() const {
    std::string text = "leader " + to_string(truth_.leader) + ", in sync " +
                       std::to_string(truth_.in_sync.size()) + ", acknowledged " +
                       std::to_string(acknowledged_.size()) + " of " + std::to_string(sent_);
    for (const auto& [id, node] : nodes_) text += ", end " + std::to_string(node.log.end());
    return text;
  }

  void check() {
    if (truth_.leader == no_node) return;
    const ModelLog& led = nodes_[truth_.leader].log;
    std::int32_t next = 0;
    for (const Stored& one : led.batches) {
      EXPECT_EQ(one.summary.sequence, next) << "rows are there twice, or are missing";
      const auto known = acknowledged_.find(next++);
      if (known != acknowledged_.end()) {
        EXPECT_EQ(known->second, one.summary.base);
      }
    }
    EXPECT_LE(acknowledged_.size(), static_cast<std::size_t>(next)) << "acknowledged rows are lost";
    for (const auto& [id, node] : nodes_) {
      EXPECT_TRUE(node.log.from(0) == led.from(0)) << "node " << id.value();
      for (const Stored& one : led.batches) {
        EXPECT_EQ(node.log.epochs.epoch_at(one.summary.base),
                  led.epochs.epoch_at(one.summary.base));
      }
    }
    reached_["rows"] += next;
  }

  struct Fetch {
    NodeId follower;
    std::uint64_t number = 0;
  };

  Random random_;
  std::map<std::string, int>& reached_;
  Instant now_{1h};
  std::map<NodeId, Node> nodes_;
  Assigned truth_{NodeId{0},
                  LeaderEpoch{0},
                  1,
                  {NodeId{0}, NodeId{1}, NodeId{2}},
                  {NodeId{0}, NodeId{1}, NodeId{2}}};
  std::set<NodeId> eligible_;
  std::set<NodeId> unnoticed_;  // Died, and the coordinator does not know.
  std::deque<std::pair<NodeId, InSyncProposal>> proposals_;
  std::deque<Message> messages_;
  std::map<std::pair<NodeId, Ticket>, Fetch> fetches_;
  std::map<Ticket, std::pair<std::uint64_t, FetchReply>> answers_;
  Ticket answer_count_ = 0;
  Ticket tickets_ = 0;
  std::size_t sent_ = 0;
  std::map<Ticket, std::int32_t> asked_;
  std::map<std::int32_t, Offset> acknowledged_;
};

TEST(ReplicationProperty, WhatWasAcknowledgedStays) {
  std::map<std::string, int> reached;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Cluster(seed, reached).run();
    if (testing::Test::HasFailure()) return;
  }
  for (const char* what : {"killed", "lost", "diverged", "cut", "elected", "elected from eligible",
                           "refused", "committed", "rows"}) {
    EXPECT_GT(reached[what], 10) << what;
  }
}

}  // namespace
}  // namespace millrace::replica
