#include "state/log/segmented/index_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/random.hpp"
#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace {
namespace {

std::string golden(const std::string& name) {
  std::ifstream file(MILLRACE_GOLDEN_DIR "/fluss/" + name, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string content_of(Disk& disk, const std::string& path) {
  return std::string(read_file(disk, path, 1 << 20)->text());
}

TEST(OffsetIndex, WritesAndReadsWhatFlussDoes) {
  const std::string bytes = golden("offset_index_base100.index");
  ASSERT_EQ(bytes.size(), 16U);
  SimulatedDisk disk{Random(1)};
  auto written = OffsetIndex::open(disk, "written");
  ASSERT_TRUE(written);
  ASSERT_TRUE(written->append({150 - 100, 4096}));
  ASSERT_TRUE(written->append({300 - 100, 9000}));
  EXPECT_EQ(content_of(disk, "written"), bytes);

  ASSERT_TRUE(replace_file(disk, "read", bytes_of(bytes)));
  auto read = OffsetIndex::open(disk, "read");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->count(), 2U);
  EXPECT_EQ(*read->at(0), (OffsetIndexEntry{50, 4096}));
  EXPECT_EQ(*read->at(1), (OffsetIndexEntry{200, 9000}));
  EXPECT_TRUE(*read->is_sound(2));
}

TEST(TimeIndex, WritesAndReadsWhatFlussDoes) {
  const std::string bytes = golden("time_index_base100.timeindex");
  ASSERT_EQ(bytes.size(), 24U);
  SimulatedDisk disk{Random(1)};
  auto written = TimeIndex::open(disk, "written");
  ASSERT_TRUE(written);
  ASSERT_TRUE(written->append({1700000000123, 150 - 100}));
  ASSERT_TRUE(written->append({1700000001000, 300 - 100}));
  EXPECT_EQ(content_of(disk, "written"), bytes);

  ASSERT_TRUE(replace_file(disk, "read", bytes_of(bytes)));
  auto read = TimeIndex::open(disk, "read");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read->at(0), (TimeIndexEntry{1700000000123, 50}));
  EXPECT_EQ(*read->last(), (TimeIndexEntry{1700000001000, 200}));
  EXPECT_TRUE(*read->is_sound(2));
}

TEST(OffsetIndex, FindsTheLastEntryThatFits) {
  for (int count = 0; count < 20; ++count) {
    SCOPED_TRACE(count);
    SimulatedDisk disk{Random(1)};
    auto index = OffsetIndex::open(disk, "a");
    for (int i = 0; i < count; ++i) ASSERT_TRUE(index->append({10 * (i + 1), 100 * (i + 1)}));
    for (int target = 0; target < 10 * count + 20; ++target) {
      auto found = index->last_that(
          [&](const OffsetIndexEntry& entry) { return entry.relative_offset <= target; });
      ASSERT_TRUE(found);
      const int expected = std::min(target / 10, count);
      ASSERT_EQ(found->has_value(), expected > 0);
      ASSERT_TRUE(expected == 0 || (*found)->position == 100 * expected);
    }
  }
}

TEST(OffsetIndex, SoundMeansGrowing) {
  SimulatedDisk disk{Random(1)};
  auto index = OffsetIndex::open(disk, "a");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(index->append({10 * (i + 1), 100 * (i + 1)}));
  EXPECT_TRUE(*index->is_sound(10));
  EXPECT_FALSE(*index->is_sound(11));
  disk.flip_bit("a", 5 * 8, 7);  // The sixth entry's offset is negative now.
  EXPECT_FALSE(*index->is_sound(10));
  EXPECT_TRUE(*index->is_sound(5));
}

TEST(OffsetIndex, AFullDiskLeavesItAsItWas) {
  SimulatedDisk disk{Random(1)};
  auto index = OffsetIndex::open(disk, "a");
  ASSERT_TRUE(index->append({10, 100}));
  disk.set_free_bytes(5);
  EXPECT_EQ(index->append({20, 200}).error().code, Errc::overloaded);
  EXPECT_EQ(index->count(), 1U);
  disk.set_free_bytes(std::nullopt);
  ASSERT_TRUE(index->append({20, 200}));
  EXPECT_EQ(*index->at(1), (OffsetIndexEntry{20, 200}));
  EXPECT_EQ(content_of(disk, "a").size(), 16U);
}

TEST(OffsetIndex, KeepCutsATornEndToo) {
  SimulatedDisk disk{Random(1)};
  ASSERT_TRUE(replace_file(disk, "a", bytes_of(std::string(19, '\x01'))));
  auto index = OffsetIndex::open(disk, "a");
  ASSERT_EQ(index->count(), 2U);
  EXPECT_FALSE(*index->is_sound(2));
  ASSERT_TRUE(index->keep(1));
  EXPECT_EQ(content_of(disk, "a").size(), 8U);
  ASSERT_TRUE(index->keep(0));
  EXPECT_FALSE(index->last().has_value());
}

}  // namespace
}  // namespace millrace
