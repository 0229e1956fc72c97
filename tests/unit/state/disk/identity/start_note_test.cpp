#include "state/disk/identity/start_note.hpp"

#include <gtest/gtest.h>

#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace {
namespace {

constexpr StartId first{0xaaaa};
constexpr StartId second{0xffff'ffff'ffff'ffff};
constexpr StartId third{7};

TEST(StartNote, ADirectoryKnowsTheStartsThatItWasThereAt) {
  SimulatedDisk disk{Random(1)};
  EXPECT_EQ(note_start(disk, first).present, first);
  EXPECT_EQ(note_start(disk, second).present, second);
  disk.crash();
  const KnownStarts known = note_start(disk, third);
  EXPECT_EQ(known.history.starts(), (std::vector<StartId>{first, second, third}));
  EXPECT_FALSE(known.is_believed);
}

TEST(StartNote, AnOlderCopyLacksTheNewestStart) {
  SimulatedDisk disk{Random(1)};
  (void)note_start(disk, first);
  SimulatedNames copy = disk.image();
  (void)note_start(disk, second);
  (void)disk.exchange(std::move(copy));
  const KnownStarts known = note_start(disk, third);
  EXPECT_TRUE(known.history.contains(first));
  EXPECT_FALSE(known.history.contains(second));
}

TEST(StartNote, ADirectoryThatDoesNotTellWasThereAtNone) {
  SimulatedDisk disk{Random(1)};
  EXPECT_EQ(note_start(disk, third).history.starts(), std::vector<StartId>{third});
}

TEST(StartNote, ADirectoryWhoseNoteIsDamagedIsBelieved) {
  SimulatedDisk disk{Random(1)};
  (void)note_start(disk, first);
  disk.flip_bit("millrace.starts", 2, 0);
  EXPECT_TRUE(note_start(disk, second).is_believed);
  EXPECT_EQ(note_start(disk, third).present, StartId{});
  disk.flip_bit("millrace.starts", 2, 0);
  EXPECT_EQ(note_start(disk, third).history.starts(), (std::vector<StartId>{first, third}));
}

TEST(StartNote, ADiskThatCannotBeReadForAMomentForgetsNothing) {
  SimulatedDisk disk{Random(1)};
  (void)note_start(disk, first);
  disk.fail_reads(FaultLength::once);
  EXPECT_TRUE(note_start(disk, second).is_believed);
  EXPECT_TRUE(note_start(disk, third).history.contains(first));
}

TEST(StartNote, AFullDiskIsNoReasonNotToStart) {
  SimulatedDisk disk{Random(1)};
  (void)note_start(disk, first);
  disk.set_free_bytes(0);
  const KnownStarts known = note_start(disk, second);
  EXPECT_EQ(known.present, StartId{});
  EXPECT_TRUE(known.history.contains(first));
  EXPECT_FALSE(known.history.contains(second));
}

TEST(StartNote, WhatIsStoredIsReadAgainOrRefused) {
  StartHistory starts;
  for (const StartId start : {first, second, third}) starts.add(start);
  EXPECT_EQ(encode(starts).substr(0, 17), "000000000000aaaa\n");
  EXPECT_EQ(parse_starts(encode(starts)).value(), starts);
  EXPECT_EQ(parse_starts(encode(StartHistory())).value(), StartHistory());
  for (const char* text : {"", "000000000000aaaa\n", "000000000000aaaa\ncrc32c=00000000\n", "x",
                           "000000000000AAAA\ncrc32c=00000000\n"}) {
    EXPECT_FALSE(parse_starts(text).has_value()) << text;
  }
}

TEST(StartHistory, ForgetsTheOldest) {
  StartHistory starts;
  for (std::uint64_t i = 1; i <= StartHistory::starts_max + 1; ++i) starts.add(StartId{i});
  EXPECT_EQ(starts.starts().size(), StartHistory::starts_max);
  EXPECT_FALSE(starts.contains(StartId{1}));
  EXPECT_TRUE(starts.contains(StartId{StartHistory::starts_max + 1}));
  EXPECT_TRUE(parse_starts(encode(starts)).has_value());
}

}  // namespace
}  // namespace millrace
