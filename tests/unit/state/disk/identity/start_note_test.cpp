#include "state/disk/identity/start_note.hpp"

#include <gtest/gtest.h>

#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace {
namespace {

constexpr Incarnation first{1};
constexpr Incarnation second{2};
constexpr Incarnation fifth{5};

TEST(StartNote, ADirectoryKnowsTheStartsThatItWasThereAt) {
  SimulatedDisk disk{Random(1)};
  EXPECT_TRUE(note_start(disk, true, first).is_noted);
  EXPECT_TRUE(note_start(disk, false, second).is_noted);
  disk.crash();
  const StartNote note = note_start(disk, false, fifth);
  for (const Incarnation start : {first, second, fifth}) EXPECT_TRUE(note.starts.contains(start));
  EXPECT_FALSE(note.starts.contains(Incarnation{3}));
  EXPECT_FALSE(note.starts.contains(Incarnation{6}));
}

TEST(StartNote, AnOlderCopyLacksTheNewestStart) {
  SimulatedDisk disk{Random(1)};
  (void)note_start(disk, true, first);
  SimulatedNames copy = disk.image();
  (void)note_start(disk, false, second);
  (void)disk.exchange(std::move(copy));
  EXPECT_FALSE(note_start(disk, false, Incarnation{3}).starts.contains(second));
}

TEST(StartNote, AnEmptyDirectoryLacksThemAll) {
  SimulatedDisk disk{Random(1)};
  EXPECT_EQ(note_start(disk, true, fifth).starts.ranges(),
            (std::vector<StartHistory::Range>{{fifth, fifth}}));
}

TEST(StartNote, ADirectoryThatDoesNotTellIsBelieved) {
  SimulatedDisk disk{Random(1)};
  EXPECT_TRUE(note_start(disk, false, fifth).starts.contains(second));
  disk.flip_bit("millrace.starts", 2, 0);
  EXPECT_TRUE(note_start(disk, false, fifth).starts.contains(second));
}

TEST(StartNote, AFullDiskIsNoReasonNotToStart) {
  SimulatedDisk disk{Random(1)};
  (void)note_start(disk, true, first);
  disk.set_free_bytes(0);
  const StartNote note = note_start(disk, false, second);
  EXPECT_FALSE(note.is_noted);
  EXPECT_TRUE(note.starts.contains(first));
  EXPECT_FALSE(note.starts.contains(second));
}

TEST(StartNote, WhatIsStoredIsReadAgainOrRefused) {
  StartHistory starts;
  starts.add(first);
  starts.add(second);
  starts.add(fifth);
  EXPECT_EQ(encode(starts).substr(0, 8), "1-2\n5-5\n");
  EXPECT_EQ(parse_starts(encode(starts)).value(), starts);
  for (const char* text : {"", "1-2\n", "1-2\ncrc32c=00000000\n", "2-1\n", "x", "1-"}) {
    EXPECT_FALSE(parse_starts(text).has_value()) << text;
  }
}

TEST(StartHistory, ForgetsTheOldestRanges) {
  StartHistory starts;
  for (std::uint64_t i = 1; i <= 2 * StartHistory::ranges_max; ++i) starts.add(Incarnation{2 * i});
  EXPECT_EQ(starts.ranges().size(), StartHistory::ranges_max);
  EXPECT_FALSE(starts.contains(second));
  EXPECT_TRUE(starts.contains(Incarnation{4 * StartHistory::ranges_max}));
}

}  // namespace
}  // namespace millrace
