#include "state/log/segmented/epoch_file.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace {
namespace {

const std::string path = "leader-epochs";

EpochRun run(std::int32_t epoch, Offset start) { return {LeaderEpoch{epoch}, start}; }

EpochFile open(SimulatedDisk& disk) {
  auto opened = EpochFile::open(disk, path);
  EXPECT_TRUE(opened) << opened.error().message;
  return std::move(*opened);
}

TEST(EpochFile, RunsAreThereAgain) {
  SimulatedDisk disk(Random(1));
  EpochFile file = open(disk);
  ASSERT_TRUE(file.begin(run(1, 0)));
  ASSERT_TRUE(file.begin(run(4, 0)));
  ASSERT_TRUE(file.begin(run(6, 17)));
  EXPECT_EQ(open(disk).runs().runs(), (std::vector{run(4, 0), run(6, 17)}));
  ASSERT_TRUE(file.replace(LeaderEpochs({run(4, 0)})));
  ASSERT_TRUE(file.begin(run(9, 3)));
  EXPECT_EQ(open(disk).runs().runs(), (std::vector{run(4, 0), run(9, 3)}));
}

TEST(EpochFile, ThereIsNoneBeforeTheFirstEpoch) {
  SimulatedDisk disk(Random(1));
  disk.set_free_bytes(0);
  EpochFile file = open(disk);
  EXPECT_TRUE(file.sync());
  EXPECT_TRUE(file.replace({}));
  EXPECT_FALSE(disk.exists(path));
  EXPECT_EQ(file.begin(run(1, 0)).error().code, Errc::overloaded);
  disk.set_free_bytes(std::nullopt);
  ASSERT_TRUE(file.begin(run(1, 0)));
  EXPECT_TRUE(disk.exists(path));
}

TEST(EpochFile, WhatWasSyncedSurvivesALossOfPowerAndTheRestIsAPrefix) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SimulatedDisk disk{Random(seed)};
    std::vector<EpochRun> runs;
    std::size_t synced = 0;
    {
      EpochFile file = open(disk);
      for (int i = 1; i < 9; ++i) {
        runs.push_back(run(i, i * 10));
        ASSERT_TRUE(file.begin(runs.back()));
        if (i != static_cast<int>(seed % 8)) continue;
        ASSERT_TRUE(file.sync());
        synced = runs.size();
      }
    }
    disk.crash();
    const auto found = open(disk).runs().runs();
    ASSERT_GE(found.size(), synced);
    ASSERT_LE(found.size(), runs.size());
    if (found.size() < runs.size()) ++lost;
    runs.resize(found.size());
    ASSERT_EQ(found, runs);
    // What was cut does not come back behind what is appended next.
    EpochFile file = open(disk);
    ASSERT_TRUE(file.begin(run(100, 1000)));
    runs.push_back(run(100, 1000));
    ASSERT_EQ(open(disk).runs().runs(), runs);
  }
  EXPECT_GT(lost, 50);
}

TEST(EpochFile, AnyDamageCostsOnlyWhatIsBehindIt) {
  const LeaderEpochs runs({run(1, 0), run(2, 5), run(3, 9)});
  const std::vector<std::byte> bytes = encode(runs);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::vector<std::byte> bad = bytes;
    bad[at] ^= std::byte{0x10};
    const auto parsed = parse_epochs(bad);
    ASSERT_TRUE(parsed) << at;
    const std::size_t whole = at < 12 ? 0 : (at - 12) / 16;
    EXPECT_EQ(
        parsed->runs.runs(),
        std::vector(runs.runs().begin(), runs.runs().begin() + static_cast<std::ptrdiff_t>(whole)));
  }
}

TEST(EpochFile, ANewerFormatIsNoDamage) {
  std::vector<std::byte> bytes = encode(LeaderEpochs({run(1, 0)}));
  bytes[7] = std::byte{2};
  bytes.resize(8);
  append_be(bytes, crc32c_of(bytes));
  EXPECT_EQ(parse_epochs(bytes).error().code, Errc::malformed);
}

TEST(EpochFile, AFullDiskRefusesAndLeavesNothing) {
  SimulatedDisk disk(Random(3));
  EpochFile file = open(disk);
  ASSERT_TRUE(file.begin(run(1, 0)));
  disk.set_free_bytes(7);
  EXPECT_EQ(file.begin(run(2, 5)).error().code, Errc::overloaded);
  disk.set_free_bytes(std::nullopt);
  EXPECT_EQ(file.runs().runs(), std::vector{run(1, 0)});
  ASSERT_TRUE(file.begin(run(3, 6)));
  EXPECT_EQ(open(disk).runs().runs(), (std::vector{run(1, 0), run(3, 6)}));
}

}  // namespace
}  // namespace millrace
