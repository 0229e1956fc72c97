#include "state/disk/simulated/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <set>

namespace millrace {
namespace {

std::unique_ptr<File> create(Disk& disk, const std::string& path) {
  auto file = disk.open(path, true);
  EXPECT_TRUE(file);
  return std::move(*file);
}

Status append(File& file, std::string_view text) {
  const Bytes pieces[] = {bytes_of(text)};
  auto appended = file.append(pieces);
  if (!appended) return tl::unexpected(appended.error());
  return {};
}

std::string content_of(Disk& disk, const std::string& path) {
  auto content = read_file(disk, path, 1 << 20);
  return content ? std::string(content->text()) : "error: " + content.error().message;
}

TEST(SimulatedDisk, WhatWasSyncedSurvivesEveryCrash) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    auto file = create(disk, "a");
    ASSERT_TRUE(append(*file, "synced"));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_folder(""));
    ASSERT_TRUE(append(*file, std::string(3000, 'x')));
    disk.crash();
    const std::string found = content_of(disk, "a");
    ASSERT_EQ(found.substr(0, 6), "synced");
    ASSERT_LE(found.size(), 3006U);
  }
}

TEST(SimulatedDisk, UnsyncedAppendsSurviveInEveryWay) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedDisk disk{Random(seed)};
    auto file = create(disk, "a");
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_folder(""));
    ASSERT_TRUE(append(*file, std::string(600, 'x')));
    ASSERT_TRUE(append(*file, std::string(600, 'y')));
    disk.crash();
    const std::string found = content_of(disk, "a");
    if (found.empty()) outcomes.insert("nothing");
    if (found == std::string(600, 'x') + std::string(600, 'y')) outcomes.insert("all");
    if (found == std::string(600, 'x')) outcomes.insert("whole writes");
    if (found == std::string(512, 'x')) outcomes.insert("torn at a sector");
    if (found.size() == 1200 && found.find('\0') != std::string::npos) outcomes.insert("a hole");
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"nothing", "all", "whole writes", "torn at a sector",
                                             "a hole"}));
}

TEST(SimulatedDisk, ANameIsForgottenOrKeptUntilItsFolderIsSynced) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk{Random(seed)};
    auto file = create(disk, "kept");
    ASSERT_TRUE(disk.sync_folder(""));
    (void)create(disk, "new");
    ASSERT_TRUE(disk.rename("kept", "renamed"));
    disk.crash();
    ASSERT_NE(disk.exists("kept"), disk.exists("renamed"));  // A rename is whole or not at all.
    outcomes.insert(std::string(disk.exists("new") ? "new " : "") +
                    (disk.exists("renamed") ? "renamed" : ""));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "new ", "renamed", "new renamed"}));
}

TEST(SimulatedDisk, ReplaceFileIsOldOrNewWhereverThePowerGoes) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    ASSERT_TRUE(replace_file(disk, "a", bytes_of("old")));
    disk.stop_after(seed % 8);
    const bool replaced = replace_file(disk, "a", bytes_of("new!")).has_value();
    disk.crash();
    const std::string found = content_of(disk, "a");
    ASSERT_TRUE(found == "old" || found == "new!") << found;
    ASSERT_TRUE(!replaced || found == "new!");
    outcomes.insert(found);
  }
  EXPECT_EQ(outcomes.size(), 2U);
}

TEST(SimulatedDisk, AFileOpenedBeforeTheCrashIsDead) {
  SimulatedDisk disk{Random(1)};
  auto file = create(disk, "a");
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(disk.sync_folder(""));
  disk.crash();
  EXPECT_EQ(append(*file, "x").error().code, Errc::unavailable);
  EXPECT_EQ(file->read(0, 1).error().code, Errc::unavailable);
  EXPECT_EQ(file->sync().error().code, Errc::unavailable);
  EXPECT_EQ(file->truncate(0).error().code, Errc::unavailable);
  EXPECT_EQ(content_of(disk, "a"), "");
}

TEST(SimulatedDisk, AFullDiskTakesWhatFitsAndRecovers) {
  SimulatedDisk disk{Random(1)};
  auto file = create(disk, "a");
  disk.set_free_bytes(4);
  const auto refused = append(*file, "abcdef");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{Errc::overloaded, "disk full: append a"}));
  EXPECT_EQ(content_of(disk, "a"), "abcd");
  EXPECT_EQ(disk.open("b", true).error().code, Errc::overloaded);
  ASSERT_TRUE(file->truncate(1));
  EXPECT_EQ(*disk.free_bytes(), 3U);
  ASSERT_TRUE(append(*file, "xyz"));
  ASSERT_FALSE(append(*file, "!"));
  disk.set_free_bytes(std::nullopt);
  ASSERT_TRUE(append(*file, "!"));
  EXPECT_EQ(content_of(disk, "a"), "axyz!");
}

TEST(SimulatedDisk, WhatWasSyncedIntoRoomSurvivesAndTheFileMayComeBackLonger) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    auto file = create(disk, "a");
    ASSERT_TRUE(disk.sync_folder(""));
    ASSERT_TRUE(file->prepare(3000));
    ASSERT_TRUE(append(*file, "synced"));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(append(*file, std::string(600, 'x')));
    if (seed % 2 == 0) {
      ASSERT_TRUE(file->truncate(file->size()));
    }
    disk.crash();
    const std::string found = content_of(disk, "a");
    ASSERT_EQ(found.substr(0, 6), "synced");
    ASSERT_EQ(found.find_first_not_of(std::string("x\0", 2), 6), std::string::npos);
    const bool has_rows = found.find('x') != std::string::npos;
    if (found.size() == 3000) outcomes.insert(has_rows ? "long, with rows" : "long");
    if (found.size() == 606) outcomes.insert("cut");
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"long, with rows", "long", "cut"}));
}

TEST(SimulatedDisk, RoomTakesItsSpaceOnceAndNoneWhenItDoesNotFit) {
  SimulatedDisk disk{Random(1)};
  auto file = create(disk, "a");
  disk.set_free_bytes(10);
  EXPECT_EQ(file->prepare(11).error(), (Error{Errc::overloaded, "disk full: prepare a"}));
  EXPECT_EQ(*disk.free_bytes(), 10U);
  ASSERT_TRUE(file->prepare(6));
  ASSERT_TRUE(append(*file, "abcde"));
  EXPECT_EQ(*disk.free_bytes(), 4U);
  EXPECT_FALSE(append(*file, "fghijkl"));  // What fits is there.
  EXPECT_EQ(content_of(disk, "a"), "abcdefghij");
}

TEST(SimulatedDisk, InjectedErrorsComeOnceOrUntilCleared) {
  SimulatedDisk disk{Random(1)};
  auto file = create(disk, "a");
  disk.fail_reads(FaultLength::once);
  EXPECT_EQ(file->read(0, 1).error().code, Errc::unavailable);
  EXPECT_TRUE(file->read(0, 1));
  disk.fail_writes(FaultLength::until_cleared);
  EXPECT_EQ(append(*file, "x").error().code, Errc::unavailable);
  EXPECT_EQ(file->truncate(0).error().code, Errc::unavailable);
  EXPECT_EQ(disk.open("b", true).error().code, Errc::unavailable);
  disk.clear_faults();
  EXPECT_TRUE(file->truncate(0));
}

TEST(SimulatedDisk, AFailedSyncLosesThePagesEvenIfTheNextSucceeds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    auto file = create(disk, "a");
    ASSERT_TRUE(disk.sync_folder(""));
    ASSERT_TRUE(append(*file, "lost"));
    disk.fail_syncs(FaultLength::once);
    ASSERT_EQ(file->sync().error().code, Errc::unavailable);
    ASSERT_TRUE(append(*file, "kept"));
    ASSERT_TRUE(file->sync());
    disk.crash();
    ASSERT_EQ(content_of(disk, "a"), std::string(4, '\0') + "kept");
  }
}

TEST(SimulatedDisk, OneSeedGivesOneHistory) {
  const auto history = [](std::uint64_t seed) {
    SimulatedDisk disk{Random(seed)};
    std::string all;
    for (int round = 0; round < 20; ++round) {
      auto file = disk.open("a", true);
      if (file) (void)append(**file, std::string(700, static_cast<char>('a' + round)));
      if (round % 3 == 0) (void)disk.sync_folder("");
      disk.crash();
      all += content_of(disk, "a");
    }
    return all;
  };
  EXPECT_EQ(history(7), history(7));
  EXPECT_NE(history(7), history(8));
}

TEST(SimulatedDisk, AFlippedBitStaysFlipped) {
  SimulatedDisk disk{Random(1)};
  auto file = create(disk, "a");
  ASSERT_TRUE(append(*file, "abc"));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(disk.sync_folder(""));
  disk.flip_bit("a", 1, 0);
  EXPECT_EQ(content_of(disk, "a"), "acc");
  disk.crash();
  EXPECT_EQ(content_of(disk, "a"), "acc");
}

TEST(SimulatedDisk, TellsWhatACrashTook) {
  std::uint64_t torn = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SimulatedDisk disk{Random(seed)};
    auto file = create(disk, "a");
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_folder(""));
    ASSERT_TRUE(append(*file, std::string(3000, 'x')));
    auto forgotten = create(disk, "b");
    disk.crash(seed % 2 == 0 ? CrashLoss::torn : CrashLoss::names);
    EXPECT_EQ(disk.exists("b"), seed % 2 == 0);
    EXPECT_EQ(disk.fault_counts().crashes.names, seed % 2);
    if (seed % 2 == 1) {
      EXPECT_EQ(content_of(disk, "a").size(), 3000U);
    }
    torn += disk.fault_counts().crashes.torn;
  }
  EXPECT_GT(torn, 5U);
}

TEST(SimulatedDisk, PowerGoesRightBehindAChangeOfAName) {
  SimulatedDisk disk{Random(1)};
  disk.stop_at_name(2);
  (void)create(disk, "a");
  EXPECT_FALSE(disk.has_stopped());
  (void)create(disk, "b");
  EXPECT_TRUE(disk.has_stopped());
  EXPECT_FALSE(disk.sync_folder(""));
  disk.crash(CrashLoss::names);
  EXPECT_FALSE(disk.exists("b"));
}

TEST(SimulatedDisk, AnotherDiskMayStandInItsPlace) {
  SimulatedDisk disk{Random(1)};
  auto file = create(disk, "a");
  ASSERT_TRUE(append(*file, "old"));
  SimulatedNames copy = disk.image();
  ASSERT_TRUE(append(*file, " and new"));
  SimulatedNames own = disk.exchange(std::move(copy));
  EXPECT_EQ(content_of(disk, "a"), "old");
  EXPECT_FALSE(append(*file, "!"));
  (void)disk.exchange(std::move(own));
  EXPECT_EQ(content_of(disk, "a"), "old and new");
}

TEST(SimulatedDisk, WhatIsSyncedAsAWholeSurvivesWithItsNames) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedDisk disk{Random(seed)};
    for (const char* path : {"a", "b"}) {
      auto file = disk.open(path, true);
      ASSERT_TRUE(file);
      const Bytes pieces[] = {bytes_of("content")};
      ASSERT_TRUE((*file)->append(pieces));
    }
    ASSERT_TRUE(disk.sync_all());
    disk.crash();
    for (const char* path : {"a", "b"}) {
      const auto content = read_file(disk, path, 100);
      ASSERT_TRUE(content) << seed;
      EXPECT_EQ(content->text(), "content");
    }
  }
}

TEST(SimulatedDisk, FailedSyncsOfEveryKindAreCounted) {
  SimulatedDisk disk{Random(1)};
  auto file = disk.open("a", true);
  ASSERT_TRUE(file);
  disk.fail_syncs(FaultLength::once);
  EXPECT_FALSE((*file)->sync());
  disk.fail_syncs(FaultLength::once);
  EXPECT_FALSE(disk.sync_folder(""));
  disk.fail_syncs(FaultLength::once);
  EXPECT_FALSE(disk.sync_all());
  EXPECT_TRUE(disk.sync_all());
  EXPECT_EQ(disk.failed_syncs(), 3U);
}

}  // namespace
}  // namespace millrace
