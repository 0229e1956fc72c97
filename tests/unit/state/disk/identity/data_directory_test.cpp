#include "state/disk/identity/data_directory.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/random.hpp"
#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace {
namespace {

const DataDirectoryOwner owner{
    .cluster_id = "cluster-1", .node = NodeId(2), .boot_id = "boot-1", .new_disk_id = "disk-1"};

const std::string file = "millrace.identity";

class DataDirectoryTest : public testing::Test {
 protected:
  Error refusal(const DataDirectoryOwner& who) {
    auto opened = open_data_directory(disk_, who);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  SimulatedDisk disk_{Random(1)};
};

TEST_F(DataDirectoryTest, AnEmptyOneIsTakenAndFoundAgainAfterACrash) {
  auto first = open_data_directory(disk_, owner);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(first->is_new);
  EXPECT_FALSE(first->same_boot);
  EXPECT_EQ(first->identity.disk_id, "disk-1");
  disk_.crash();
  DataDirectoryOwner again = owner;
  again.new_disk_id = "disk-2";
  auto second = open_data_directory(disk_, again);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->is_new);
  EXPECT_TRUE(second->same_boot);
  EXPECT_EQ(second->identity, first->identity);
}

TEST_F(DataDirectoryTest, ANewBootIsNoticedOnce) {
  ASSERT_TRUE(open_data_directory(disk_, owner));
  DataDirectoryOwner rebooted = owner;
  rebooted.boot_id = "boot-2";
  EXPECT_FALSE(open_data_directory(disk_, rebooted)->same_boot);
  auto again = open_data_directory(disk_, rebooted);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->same_boot);
  EXPECT_EQ(again->identity.boot_id, "boot-2");
}

TEST_F(DataDirectoryTest, OthersAreRefusedByName) {
  ASSERT_TRUE(open_data_directory(disk_, owner));
  DataDirectoryOwner foreign = owner;
  foreign.cluster_id = "cluster-9";
  EXPECT_EQ(
      refusal(foreign),
      (Error{Errc::malformed, "data directory belongs to cluster cluster-1, not to cluster-9"}));
  DataDirectoryOwner other = owner;
  other.node = NodeId(3);
  EXPECT_EQ(refusal(other),
            (Error{Errc::malformed, "data directory belongs to node 2, not to node 3"}));
}

TEST_F(DataDirectoryTest, ANewerFormatIsRefusedBeforeItsOtherLinesAreRead) {
  ASSERT_TRUE(replace_file(disk_, file, bytes_of("format=2\nsomething else\n")));
  EXPECT_EQ(refusal(owner),
            (Error{Errc::malformed, "data directory has format 2, this build reads up to 1"}));
}

TEST_F(DataDirectoryTest, SomebodyElsesFilesAreLeftAlone) {
  ASSERT_TRUE(replace_file(disk_, "holiday.jpg", bytes_of("x")));
  const Error error = refusal(owner);
  EXPECT_EQ(error.code, Errc::malformed);
  EXPECT_EQ(error.message,
            "not a Millrace data directory: it holds 'holiday.jpg' but no millrace.identity");
  EXPECT_FALSE(disk_.exists(file));
}

TEST_F(DataDirectoryTest, AFreshMountPointCountsAsEmpty) {
  ASSERT_TRUE(disk_.make_folders("lost+found"));
  EXPECT_TRUE(open_data_directory(disk_, owner));
}

TEST_F(DataDirectoryTest, EveryFlippedBitIsNoticed) {
  ASSERT_TRUE(open_data_directory(disk_, owner));
  const std::size_t size = read_file(disk_, file, 4096)->size();
  for (std::size_t i = 0; i < size * 8; ++i) {
    SCOPED_TRACE(i);
    disk_.flip_bit(file, i / 8, static_cast<unsigned>(i % 8));
    const Error error = refusal(owner);
    // The digit of the format may become a newer one; all else is damage.
    EXPECT_TRUE(error.code == Errc::corrupt ||
                error.message.find("has format") != std::string::npos)
        << error.message;
    disk_.flip_bit(file, i / 8, static_cast<unsigned>(i % 8));
  }
  EXPECT_TRUE(open_data_directory(disk_, owner));
}

TEST_F(DataDirectoryTest, ShortAndLongAndGarbageFilesAreDamage) {
  const DataDirectoryIdentity identity{1, "c", NodeId(2), "d", "b"};
  const std::string good = encode(identity);
  EXPECT_EQ(*parse_identity(good), identity);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(parse_identity(good.substr(0, size)).error().code, Errc::corrupt) << size;
  }
  EXPECT_EQ(parse_identity(good + "x").error().code, Errc::corrupt);
  ASSERT_TRUE(replace_file(disk_, file, bytes_of(std::string(5000, 'x'))));
  EXPECT_EQ(refusal(owner).code, Errc::corrupt);
}

TEST_F(DataDirectoryTest, IdsThatWouldBreakTheFileAreRefused) {
  for (const std::string id : {"", "a b", "a\nb", "caf\xc3\xa9"}) {
    DataDirectoryOwner bad = owner;
    bad.cluster_id = id;
    EXPECT_EQ(refusal(bad).code, Errc::malformed);
  }
  EXPECT_FALSE(disk_.exists(file));
}

TEST_F(DataDirectoryTest, PowerLossAtAnyCallOfTheFirstStartLeavesItUsable) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    disk.stop_after(seed % 10);
    (void)open_data_directory(disk, owner);
    disk.crash();
    auto opened = open_data_directory(disk, owner);
    ASSERT_TRUE(opened) << opened.error().message;
  }
}

}  // namespace
}  // namespace millrace
