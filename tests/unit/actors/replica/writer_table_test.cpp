#include "actors/replica/writer_table.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace::replica {
namespace {

constexpr WriterId writer{3};

BatchSummary batch(std::int32_t sequence, Offset base) {
  return {.base = base, .last = base + 1, .timestamp = 5, .writer = writer, .sequence = sequence};
}

bool is_new(const WriterTable& table, WriterId who, std::int32_t sequence) {
  return std::holds_alternative<BatchIsNew>(table.check(who, sequence));
}

std::int32_t expected(const WriterTable& table, WriterId who, std::int32_t sequence) {
  const auto verdict = table.check(who, sequence);
  const auto* gap = std::get_if<BatchIsOutOfOrder>(&verdict);
  return gap == nullptr ? -1 : gap->expected;
}

TEST(WriterTable, AnUnknownWriterStartsAtZero) {
  const WriterTable table;
  EXPECT_TRUE(is_new(table, writer, 0));
  EXPECT_EQ(expected(table, writer, 1), 0);
  EXPECT_EQ(expected(table, writer, std::numeric_limits<std::int32_t>::max()), 0);
}

TEST(WriterTable, WritersWithoutIdentityAreNeitherCheckedNorKept) {
  WriterTable table;
  EXPECT_TRUE(is_new(table, no_writer, 17));
  table.add({.writer = no_writer, .sequence = 17});
  EXPECT_TRUE(is_new(table, no_writer, 17));
  EXPECT_EQ(table.writer_count(), 0U);
}

TEST(WriterTable, RemembersFiveBatchesAndTakesTheNextOnly) {
  WriterTable table;
  for (std::int32_t i = 0; i < 7; ++i) {
    ASSERT_TRUE(is_new(table, writer, i));
    table.add(batch(i, 2 * i));
  }
  for (std::int32_t i = 2; i < 7; ++i) {
    const auto verdict = table.check(writer, i);
    const auto* duplicate = std::get_if<BatchIsDuplicate>(&verdict);
    ASSERT_NE(duplicate, nullptr) << i;
    EXPECT_EQ(duplicate->original, batch(i, 2 * i));
  }
  EXPECT_EQ(expected(table, writer, 1), 7);  // Forgotten: no replay can be told from a gap.
  EXPECT_EQ(expected(table, writer, 8), 7);
  EXPECT_TRUE(is_new(table, writer, 7));
  EXPECT_TRUE(is_new(table, WriterId{4}, 0));
}

TEST(WriterTable, TheSequenceStartsOverAfterItsMaximum) {
  constexpr std::int32_t max = std::numeric_limits<std::int32_t>::max();
  WriterTable table;
  table.add(batch(max - 1, 0));
  EXPECT_EQ(expected(table, writer, 0), max);
  table.add(batch(max, 2));
  EXPECT_EQ(table.next_sequence(writer), 0);
  EXPECT_TRUE(is_new(table, writer, 0));
  table.add(batch(0, 4));
  EXPECT_TRUE(std::holds_alternative<BatchIsDuplicate>(table.check(writer, max)));
  EXPECT_TRUE(is_new(table, writer, 1));
}

}  // namespace
}  // namespace millrace::replica
