#include "actors/coordinator/office_machine.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "state/meta/catalog/catalog_codec.hpp"
#include "state/meta/memory/memory_metadata_store.hpp"

namespace millrace::coordinator {
namespace {

using namespace std::chrono_literals;
using protocol::ErrorCode;
using protocol::ProtocolError;

constexpr Instant start{1h};

template <class T>
std::vector<T> all_of(const std::vector<OfficeEffect>& effects) {
  std::vector<T> found;
  for (const OfficeEffect& effect : effects) {
    if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
  }
  return found;
}

NodeReported heard(std::int32_t node) {
  NodeReported report;
  report.member = {NodeId{node}, Incarnation{1}, {"h", 9123}, {}, "", true};
  return report;
}

/// A node's coordinator and its way to the store: orders are carried out at once, in order, unless
/// they are held up.
class Candidate {
 public:
  Candidate(MemoryMetadataStore& store, std::int32_t node, Instant begins = start,
            std::uint64_t incarnation = 1)
      : store_(store),
        machine({{}, {NodeId{0}, NodeId{1}, NodeId{2}}}, NodeId{node}, Incarnation{incarnation}),
        now(begins) {}

  /// All that is not for the store.
  std::vector<OfficeEffect> step(const OfficeEvent& event) {
    std::vector<OfficeEffect> others;
    for (OfficeEffect& effect : machine.step(now, event)) {
      if (std::holds_alternative<ReadNews>(effect) || std::holds_alternative<Commit>(effect) ||
          std::holds_alternative<Load>(effect)) {
        orders.push_back(std::move(effect));
      } else {
        others.push_back(std::move(effect));
      }
    }
    while (!holds_up && !orders.empty()) {
      for (OfficeEffect& effect : perform_next()) others.push_back(std::move(effect));
    }
    return others;
  }
  std::vector<OfficeEffect> perform_next() {
    const OfficeEffect order = std::move(orders.front());
    orders.pop_front();
    return step(perform(order));
  }
  std::vector<OfficeEffect> after(Duration span, const OfficeEvent& event = Tick{}) {
    now += span;
    return step(event);
  }
  std::vector<OfficeEffect> hear(std::int32_t node, std::uint64_t members_version = 0) {
    NodeReported report = heard(node);
    report.applied = machine.in_office() ? revision() : Revision{};
    report.members_version = members_version;
    return step(report);
  }
  std::vector<OfficeEffect> ask(Ticket ticket, Command command) {
    return step(Asked{ticket, NodeId{0}, std::move(command), 1000});
  }
  /// In office, and the nodes have been heard.
  void settle() {
    (void)step(Tick{});
    ASSERT_TRUE(machine.in_office());
    (void)hear(0);
    (void)hear(1);
    (void)after(300ms);
    (void)hear(0);
    (void)hear(1);
  }
  [[nodiscard]] Revision revision() const { return store_.newest().value(); }

 private:
  OfficeEvent perform(const OfficeEffect& order) {
    if (const auto* commit = std::get_if<Commit>(&order)) {
      const auto done = store_.commit(commit->expected, encode_delta(commit->delta));
      if (done) return Committed{*done};
      return CommitFailed{done.error()};
    }
    const auto* read = std::get_if<ReadNews>(&order);
    const Revision base = read != nullptr ? read->after : Revision{};
    const auto deltas = store_.read_after(base, 1000);
    if (!deltas && read != nullptr) return NewsFailed{deltas.error()};
    if (!deltas) return LoadFailed{deltas.error()};
    NewsRead news{base, store_.newest().value(), {}, {}};
    for (const MetadataDelta& one : *deltas) news.deltas.push_back(decode_delta(one.bytes).value());
    if (read != nullptr) return news;
    Catalog catalog;
    for (const CatalogDelta& delta : news.deltas) catalog.apply(delta);
    return Loaded{news.revision, catalog};
  }

  MemoryMetadataStore& store_;

 public:
  OfficeMachine machine;
  Instant now;
  bool holds_up = false;
  std::deque<OfficeEffect> orders;
};

CreateDatabase create(std::string name) { return {std::move(name), "", false}; }

ErrorCode refusal_of(const Answer& answer) {
  const auto* refused = std::get_if<ProtocolError>(&answer.reply);
  return refused != nullptr ? refused->code : ErrorCode::none;
}

class OfficeTest : public testing::Test {
 protected:
  /// Node 0 holds office, node 1 has heard of it and is told that node 0 is lost.
  void lose_node_0() {
    zero.settle();
    (void)one.hear(0);
    one.now = zero.now;
    (void)one.step(Tick{});
    (void)one.after(400ms);
    (void)one.hear(2);
    (void)one.step(NodeLost{NodeId{0}});
  }

  MemoryMetadataStore store;
  Candidate zero{store, 0};
  Candidate one{store, 1};
};

TEST_F(OfficeTest, TheFirstNodeTakesTheOfficeOfANewCluster) {
  EXPECT_TRUE(all_of<OfficeChanged>(one.step(Tick{})).empty());
  const auto changed = all_of<OfficeChanged>(zero.step(Tick{}));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].office, (OfficeTaken{NodeId{0}, Incarnation{1}, CoordinatorEpoch{1}}));
  EXPECT_FALSE(one.machine.in_office());
}

TEST_F(OfficeTest, ANewClusterGetsItsDefaultDatabaseOnce) {
  zero.settle();
  EXPECT_EQ(zero.revision(), Revision{2});
  Candidate next(store, 0, start, 2);
  next.settle();
  EXPECT_EQ(next.revision(), Revision{3});  // Its office, and nothing else.
}

TEST_F(OfficeTest, AStandbyWaitsForAHolderThatIsThere) {
  zero.settle();
  for (int i = 0; i < 50; ++i) {
    (void)one.hear(0);
    (void)one.after(200ms);
  }
  EXPECT_FALSE(one.machine.in_office());
}

TEST_F(OfficeTest, AStandbyTakesOverFromALostHolderAfterItsPatience) {
  lose_node_0();
  (void)one.after(299ms);
  EXPECT_FALSE(one.machine.in_office());
  const auto changed = all_of<OfficeChanged>(one.after(1ms));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].office.epoch, CoordinatorEpoch{2});
}

TEST_F(OfficeTest, ASilentHolderIsALostOne) {
  zero.settle();
  (void)one.hear(0);
  (void)one.after(400ms);
  (void)one.hear(0);
  (void)one.after(3299ms, heard(2));
  (void)one.step(Tick{});
  EXPECT_FALSE(one.machine.in_office());
  (void)one.after(1ms);
  EXPECT_TRUE(one.machine.in_office());
}

TEST_F(OfficeTest, WhoIsCutOffDoesNotDeposeOneWhoIsNotForLong) {
  zero.settle();
  (void)one.hear(0);
  (void)one.after(400ms);
  (void)one.step(NodeLost{NodeId{0}});
  (void)one.after(9999ms);
  EXPECT_FALSE(one.machine.in_office());
  (void)one.after(1ms);  // It may be the last one.
  EXPECT_TRUE(one.machine.in_office());
}

TEST_F(OfficeTest, TheSecondStandbyLetsTheFirstOneGoFirst) {
  zero.settle();
  Candidate two(store, 2);
  (void)two.hear(0);
  (void)two.hear(1);
  (void)two.after(700ms);  // Reads who is in office.
  (void)two.step(NodeLost{NodeId{0}});
  (void)two.hear(1);
  (void)two.after(599ms);
  EXPECT_FALSE(two.machine.in_office());
  (void)two.after(1ms);
  EXPECT_TRUE(two.machine.in_office());
}

TEST_F(OfficeTest, WhoHeldOfficeBeforeItStartedAgainTakesItAtOnce) {
  zero.settle();
  Candidate again(store, 0, start, 2);
  (void)again.step(Tick{});
  EXPECT_TRUE(again.machine.in_office());
}

TEST_F(OfficeTest, OfTwoThatTakeItAtOnceOneDoes) {
  zero.settle();
  Candidate two(store, 2);
  for (Candidate* each : {&one, &two}) {
    (void)each->step(Tick{});
    each->now += 4s;
    (void)each->hear(1);
    (void)each->hear(2);
    each->holds_up = true;
    (void)each->step(Tick{});
    ASSERT_EQ(each->orders.size(), 1U);
    (void)each->perform_next();  // Both read the same.
    ASSERT_TRUE(std::holds_alternative<Commit>(each->orders.front()));
  }
  (void)one.perform_next();
  (void)two.perform_next();
  EXPECT_TRUE(one.machine.in_office());
  EXPECT_FALSE(two.machine.in_office());
  two.holds_up = false;
  (void)two.hear(1);
  (void)two.step(Tick{});  // Reads that it came too late.
  (void)two.after(400ms);
  EXPECT_FALSE(two.machine.in_office());
}

TEST_F(OfficeTest, AnOfficeWhoseCommitHadAnUnknownOutcomeIsHeldIfItIsWritten) {
  store.fail_next_commit(CommitFault::failed_yet_applied);
  (void)zero.step(Tick{});
  EXPECT_FALSE(zero.machine.in_office());
  (void)zero.after(100ms);
  EXPECT_TRUE(zero.machine.in_office());
  EXPECT_EQ(zero.revision(), Revision{1});
}

TEST_F(OfficeTest, AnOfficeThatWasNotWrittenIsTakenAgain) {
  store.fail_next_commit(CommitFault::failed_unapplied);
  (void)zero.step(Tick{});
  EXPECT_FALSE(zero.machine.in_office());
  (void)zero.after(100ms);
  EXPECT_TRUE(zero.machine.in_office());
  EXPECT_EQ(zero.revision(), Revision{1});
}

TEST_F(OfficeTest, ADeposedCoordinatorsCommitIsRefusedAndItLeaves) {
  lose_node_0();
  zero.holds_up = true;
  (void)zero.ask(7, create("late"));
  (void)zero.perform_next();  // It is in office still: the command is decided on.
  ASSERT_EQ(zero.orders.size(), 1U);
  (void)one.after(300ms);
  ASSERT_TRUE(one.machine.in_office());
  (void)zero.perform_next();
  zero.holds_up = false;
  const auto effects = zero.after(100ms);
  EXPECT_FALSE(zero.machine.in_office());
  const auto answers = all_of<Answer>(effects);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(refusal_of(answers[0]), ErrorCode::not_coordinator_leader_exception);
}

TEST_F(OfficeTest, ACommitOfUnknownOutcomeOfADeposedCoordinatorIsAnsweredAsOpen) {
  lose_node_0();
  zero.holds_up = true;
  (void)zero.ask(7, create("late"));
  (void)zero.perform_next();
  store.fail_next_commit(CommitFault::failed_yet_applied);
  (void)zero.perform_next();
  (void)one.after(300ms);
  ASSERT_TRUE(one.machine.in_office());
  zero.holds_up = false;
  const auto answers = all_of<Answer>(zero.after(100ms));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(refusal_of(answers[0]), ErrorCode::request_time_out);
}

TEST_F(OfficeTest, ADeposedCoordinatorDoesNotAnswerFromWhatItKnows) {
  lose_node_0();
  (void)one.after(300ms);
  ASSERT_TRUE(one.machine.in_office());
  const auto answers = all_of<Answer>(zero.ask(8, Sync{}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(refusal_of(answers[0]), ErrorCode::not_coordinator_leader_exception);
  EXPECT_FALSE(zero.machine.in_office());
}

TEST_F(OfficeTest, AReportOfANodeThatObeysAnotherMakesItLook) {
  lose_node_0();
  (void)one.after(300ms);
  (void)zero.hear(1, std::uint64_t{2} << 32 | 1);
  EXPECT_FALSE(zero.machine.in_office());
}

TEST_F(OfficeTest, WhatItsOwnNodeHearsOfASuccessorDeposesIt) {
  lose_node_0();
  Catalog catalog;
  catalog.apply(OfficeTaken{NodeId{1}, Incarnation{1}, CoordinatorEpoch{2}});
  (void)zero.step(Followed{Revision{3}, catalog});
  EXPECT_FALSE(zero.machine.in_office());
}

TEST_F(OfficeTest, AStandbyRefusesCommands) {
  const auto answers = all_of<Answer>(one.ask(9, Sync{}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(refusal_of(answers[0]), ErrorCode::not_coordinator_leader_exception);
}

TEST_F(OfficeTest, CommandsThatComeDuringAReadShareTheNextOne) {
  zero.settle();
  zero.holds_up = true;
  for (Ticket ticket = 1; ticket <= 5; ++ticket) (void)zero.ask(ticket, Sync{});
  ASSERT_EQ(zero.orders.size(), 1U);
  (void)zero.perform_next();
  ASSERT_EQ(zero.orders.size(), 1U);
  EXPECT_EQ(zero.machine.waiting_commands(), 4U);
}

TEST_F(OfficeTest, AStoreThatCannotBeReadIsTriedAgain) {
  store.set_reachable(false);
  EXPECT_TRUE(zero.machine.step(start, Tick{}).size() == 1U);
  (void)zero.machine.step(start, NewsFailed{{Errc::unavailable, "away"}});
  EXPECT_TRUE(zero.machine.step(start + 499ms, Tick{}).empty());
  EXPECT_EQ(zero.machine.step(start + 500ms, Tick{}).size(), 1U);
}

}  // namespace
}  // namespace millrace::coordinator
