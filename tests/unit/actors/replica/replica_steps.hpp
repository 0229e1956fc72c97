#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "actors/replica/replica_machine.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

// Short words for what replica tests say over and over.

namespace millrace::replica {

inline constexpr EpochMillis noon = 1'700'000'000'000;
inline constexpr WriterId writer{7};

struct Sent {
  WriterId writer = no_writer;
  std::int32_t sequence = -1;
  std::int32_t rows = 1;
};

/// As a client sends it: base and timestamp 0.
inline Buffer batch_of(const Sent& sent) {
  return Buffer::from(
      test::make_batch({.rows = sent.rows, .writer = sent.writer, .sequence = sent.sequence})
          .bytes);
}

inline AppendAsked append(Ticket ticket, const std::vector<Sent>& batches,
                          EpochMillis wall_clock = noon) {
  AppendAsked asked{ticket, {}, wall_clock};
  for (const Sent& sent : batches) asked.batches.push_back(batch_of(sent));
  return asked;
}

template <class E>
[[nodiscard]] std::vector<E> all_of(const std::vector<Effect>& effects) {
  std::vector<E> found;
  for (const Effect& effect : effects) {
    if (const auto* one = std::get_if<E>(&effect)) found.push_back(*one);
  }
  return found;
}

/// The one effect, which must be an E.
template <class E>
[[nodiscard]] E only(const std::vector<Effect>& effects) {
  EXPECT_EQ(effects.size(), 1U);
  EXPECT_EQ(all_of<E>(effects).size(), 1U);
  return all_of<E>(effects).empty() ? E{} : all_of<E>(effects).front();
}

inline constexpr NodeId self{0};

/// Leads a bucket that has no other replica, unless it is told otherwise.
inline Assigned alone() { return {self, LeaderEpoch{0}, 1, {self}, {self}}; }

/// A replica of node 0 that stands in for its shell: time passes when it says so, and the device
/// notes where leaderships begin.
class TestReplica {
 public:
  explicit TestReplica(ReplicaRules rules = {}) : machine_(self, rules) {
    EXPECT_TRUE(machine_.step(now, alone()).empty());
  }

  explicit TestReplica(const Opened& opened) : TestReplica() { EXPECT_TRUE(step(opened).empty()); }

  std::vector<Effect> step(const Event& event) {
    auto effects = machine_.step(now, event);
    if (effects.empty() || !std::holds_alternative<BeginEpoch>(effects.back())) return effects;
    effects.pop_back();
    for (Effect& effect : machine_.step(now, EpochBegun{})) effects.push_back(std::move(effect));
    return effects;
  }

  [[nodiscard]] bool is_open() const { return machine_.is_open(); }
  [[nodiscard]] bool is_resting() const { return machine_.is_resting(); }
  [[nodiscard]] Offset log_start() const { return machine_.log_start(); }
  [[nodiscard]] Offset high_watermark() const { return machine_.high_watermark(); }
  [[nodiscard]] std::size_t write_count() const { return machine_.write_count(); }
  [[nodiscard]] std::size_t waiting_count() const { return machine_.waiting_count(); }
  [[nodiscard]] std::size_t writer_count() const { return machine_.writer_count(); }

  Instant now{};

 private:
  ReplicaMachine machine_;
};

inline TestReplica open_replica(const Opened& opened = {}) { return TestReplica(opened); }

}  // namespace millrace::replica
