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

inline ReplicaMachine open_replica(const Opened& opened = {}) {
  ReplicaMachine machine;
  EXPECT_TRUE(machine.step(opened).empty());
  return machine;
}

}  // namespace millrace::replica
