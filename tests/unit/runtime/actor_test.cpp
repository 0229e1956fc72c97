#include "runtime/actor.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/simulator/simulation.hpp"
#include "tests/unit/runtime/recorder.hpp"

namespace millrace {
namespace {

/// Answers every text with the same text, and has a timer.
class Parrot final : public Actor {
 public:
  Parrot(caf::actor_config& config, ActorSetup setup, Notebook& notebook)
      : Actor(config, std::move(setup)), notebook_(notebook) {}

 protected:
  void on_start() override { notebook_.write("start"); }
  void on_stop() override { notebook_.write("stop"); }
  void on_timer(std::uint64_t id) override { notebook_.write("timer " + std::to_string(id)); }
  void on_envelope(const Envelope& envelope) override {
    const auto text = text_in(envelope);
    if (!text) return drop(text.error());
    if (*text == "end") return stop();
    if (*text == "throw") throw std::runtime_error("boom");
    if (*text == "tick") return start_timer(5s, 77);
    notebook_.write(to_string(envelope.from) + " says " + *text);
    reply(envelope, text_message("you said " + *text));
  }

 private:
  Notebook& notebook_;
};

class ActorTest : public testing::Test {
 protected:
  ActorTest() {
    (void)node.spawn<Parrot>("parrot", "root", Placement::detached, notebook);
    settle();
  }
  std::string settle() {
    simulation.run_for(1ms);
    return notebook.take();
  }
  ActorStats::View stats() {
    EXPECT_FALSE(node.actors().empty());
    return node.actors().front().stats;
  }

  Notebook notebook;
  Simulation simulation{5};
  NodeContext& node = simulation.start_process({"cluster", NodeId{4}, Incarnation{9}}, 1'000);
};

TEST_F(ActorTest, ARepliesCorrelationIsTheRequests) {
  Envelope request = text_message("hello");
  request.correlation = 42;
  Notebook answers;
  (void)node.spawn<Recorder>("asker", "root", Placement::scheduled, answers);
  node.post("parrot", "asker", std::move(request));
  EXPECT_EQ(settle(), "4:asker says hello");
  EXPECT_EQ(answers.take(), "you said hello");
  ASSERT_EQ(node.flight_of("asker").size(), 1U);
  EXPECT_EQ(node.flight_of("asker").front().from, "4:parrot");
}

TEST_F(ActorTest, TimersComeInVirtualTime) {
  node.post("parrot", "test", text_message("tick"));
  EXPECT_EQ(settle(), "");
  simulation.run_for(4998ms);
  EXPECT_EQ(notebook.take(), "");
  simulation.run_for(2ms);
  EXPECT_EQ(notebook.take(), "timer 77");
}

TEST_F(ActorTest, CountsWhatItHandlesAndDrops) {
  for (int i = 0; i < 3; ++i) node.post("parrot", "test", text_message("x"));
  node.post("parrot", "test", seal<schemas::PeerStatus>([](auto) {}));
  EXPECT_EQ(stats().mailbox_depth, 4);
  EXPECT_EQ(stats().handled, 0U);
  settle();
  EXPECT_EQ(stats().mailbox_depth, 0);
  EXPECT_EQ(stats().received, 4U);
  EXPECT_EQ(stats().handled, 4U);
  EXPECT_EQ(stats().dropped, 1U);
  EXPECT_EQ(stats().starts, 1U);
  EXPECT_TRUE(stats().running);
  EXPECT_NE(stats().last_error.find("unexpected message"), std::string::npos);
}

TEST_F(ActorTest, AThrownMessageEndsTheActorAndIsItsLastRecord) {
  node.post("parrot", "test", text_message("fine"));
  settle();
  const std::size_t bytes = text_message("throw").size_bytes();
  node.post("parrot", "culprit", text_message("throw"));
  EXPECT_EQ(settle(), "");  // It has no time to let go.
  EXPECT_FALSE(stats().running);
  EXPECT_EQ(stats().last_error, "boom");
  ASSERT_EQ(node.flight_of("parrot").size(), 2U);
  EXPECT_EQ(node.flight_of("parrot").back().from, "4:culprit");
  EXPECT_EQ(node.flight_of("parrot").back().bytes, bytes);
}

TEST_F(ActorTest, MessagesToNobodyAreCounted) {
  const std::uint64_t before = node.undeliverable();
  node.post("nobody", "test", text_message("x"));
  node.send({NodeId{8}, "parrot"}, text_message("x"));  // No link leads there.
  EXPECT_EQ(node.undeliverable(), before + 2);
  node.post("parrot", "test", text_message("end"));
  EXPECT_EQ(settle(), "stop");
  node.post("parrot", "test", text_message("x"));
  EXPECT_EQ(node.undeliverable(), before + 3);
  EXPECT_EQ(stats().mailbox_depth, 0);
}

TEST_F(ActorTest, WhatWasQueuedWhenItEndedIsGone) {
  node.post("parrot", "test", text_message("end"));
  node.post("parrot", "test", text_message("too late"));
  EXPECT_EQ(settle(), "stop");
  EXPECT_EQ(stats().mailbox_depth, 0);
  EXPECT_EQ(stats().received, 2U);
  EXPECT_EQ(stats().handled, 1U);
}

TEST_F(ActorTest, StatsOutliveARestart) {
  node.kill("parrot");
  settle();
  (void)node.spawn<Parrot>("parrot", "root", Placement::scheduled, notebook);
  EXPECT_EQ(settle(), "start");
  EXPECT_EQ(stats().starts, 2U);
  node.kill("parrot");
  settle();
  node.forget("parrot");
  EXPECT_TRUE(node.actors().empty());
}

TEST_F(ActorTest, TheFlightRecorderKeepsTheLast256OldestFirst) {
  constexpr std::size_t total = ActorStats::flight_records_max + 44;
  for (std::size_t i = 0; i < total; ++i) {
    node.post("parrot", "sender" + std::to_string(i), text_message("x"));
    simulation.run_for(1ms);
  }
  const auto flight = node.flight_of("parrot");
  ASSERT_EQ(flight.size(), ActorStats::flight_records_max);
  for (std::size_t i = 0; i < flight.size(); ++i) {
    EXPECT_EQ(flight[i].from, "4:sender" + std::to_string(i + 44));
    if (i > 0) {
      EXPECT_LT(flight[i - 1].handled_at, flight[i].handled_at);
    }
  }
}

TEST_F(ActorTest, ACrashedProcessHandlesNothingMore) {
  node.post("parrot", "test", text_message("tick"));
  settle();
  node.post("parrot", "test", text_message("x"));
  Notebook newborn;
  (void)node.spawn<Parrot>("newborn", "root", Placement::scheduled, newborn);
  simulation.crash_process(node, ProcessId{1});
  simulation.run_for(10s);
  EXPECT_EQ(notebook.take(), "");
  // It was spawned before the crash and would have started after it.
  EXPECT_EQ(newborn.take(), "");
  for (const ActorView& actor : node.actors()) EXPECT_FALSE(actor.stats.running) << actor.name;
}

TEST(ActorStats, TimeInMailboxIsAnUpperBoundOfItsClass) {
  ActorStats stats;
  const auto waited = [](Duration time) {
    FlightRecord record;
    record.waited = time;
    return record;
  };
  for (int i = 0; i < 98; ++i) stats.on_handled(waited(1000ns));
  stats.on_handled(waited(1ms));
  stats.on_handled(waited(1s));
  const ActorStats::View view = stats.view();
  EXPECT_EQ(view.waited_p50, 1024ns);
  EXPECT_GE(view.waited_p99, 1ms);
  EXPECT_EQ(view.waited_max, 1s);
}

TEST(Envelope, OpensWhatWasSealedAndNothingElse) {
  const Envelope envelope = text_message("hello", {Buffer::from(std::string("rows"))});
  EXPECT_EQ(text_in(envelope), "hello");
  EXPECT_EQ(envelope.size_bytes(), envelope.size_words() * 8 + 4);
  EXPECT_TRUE(holds<schemas::EnvelopeHeader>(envelope));
  EXPECT_FALSE(holds<schemas::PeerStatus>(envelope));
  const auto other = open<schemas::PeerStatus>(envelope, [](auto) -> Status { return {}; });
  EXPECT_EQ(other.error().code, Errc::malformed);
  Envelope empty;
  empty.schema = envelope.schema;
  EXPECT_EQ(text_in(empty).error().code, Errc::malformed);
}

kj::Array<capnp::word> first_words(kj::ArrayPtr<const capnp::word> words, std::size_t count) {
  auto copy = kj::heapArray<capnp::word>(count);
  if (count > 0) {
    std::memcpy(static_cast<void*>(copy.begin()), words.begin(), count * sizeof(capnp::word));
  }
  return copy;
}

TEST(Envelope, DamagedWordsAreAnErrorOrAMessageButNeverACrash) {
  const Envelope envelope = text_message(std::string(200, 'x'));
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto words = first_words(envelope.words->asPtr(), envelope.size_words());
    kj::ArrayPtr<kj::byte> bytes = words.asBytes();
    for (int i = 0; i < 3; ++i) {
      bytes[random.below(random.chance(1, 2) ? 64 : bytes.size())] ^=
          static_cast<kj::byte>(1 + random.below(255));
    }
    Envelope damaged = envelope;
    const std::size_t size = random.chance(1, 4) ? random.below(words.size() + 1) : words.size();
    damaged.words =
        std::make_shared<const kj::Array<capnp::word>>(first_words(words.asPtr(), size));
    const auto read = text_in(damaged);
    if (!read) {
      EXPECT_EQ(read.error().code, Errc::malformed);
    }
  }
}

}  // namespace
}  // namespace millrace
