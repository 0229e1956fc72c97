#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.hpp"
#include "state/disk/faulty/faulty_disk.hpp"
#include "state/disk/port/disk.hpp"
#include "state/disk/posix/posix_disk.hpp"
#include "state/disk/simulated/simulated_disk.hpp"
#include "tests/conformance/state/temporary_folder.hpp"

namespace millrace {
namespace {

struct PosixEngine {
  TemporaryFolder folder;
  PosixDisk disk{folder.path() + "/data"};
};

struct SimulatedEngine {
  SimulatedDisk disk{Random(1)};
};

struct FaultyEngine {
  SimulatedDisk below{Random(1)};
  FaultyDisk disk{below};
};

template <class Engine>
class DiskConformance : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(disk().make_folders("")); }
  Disk& disk() { return engine_.disk; }

  std::unique_ptr<File> create(const std::string& path, std::string_view content = "") {
    auto file = disk().open(path, true);
    EXPECT_TRUE(file) << file.error().message;
    const Bytes pieces[] = {bytes_of(content)};
    EXPECT_TRUE((*file)->append(pieces));
    return std::move(*file);
  }

  std::string content_of(const std::string& path) {
    auto content = read_file(disk(), path, 1 << 20);
    return content ? std::string(content->text()) : "error: " + content.error().message;
  }

 private:
  Engine engine_;
};

using Engines = testing::Types<PosixEngine, SimulatedEngine, FaultyEngine>;
TYPED_TEST_SUITE(DiskConformance, Engines);

TYPED_TEST(DiskConformance, AppendedPiecesAreOneRunAndComeBack) {
  auto file = this->create("a");
  const Bytes pieces[] = {bytes_of("one"), {}, bytes_of("two")};
  EXPECT_EQ(*file->append(pieces), 0U);
  EXPECT_EQ(*file->append(pieces), 6U);
  EXPECT_EQ(file->size(), 12U);
  EXPECT_EQ(file->read(3, 6)->text(), "twoone");
  EXPECT_EQ(file->read(9, 100)->text(), "two");
  EXPECT_TRUE(file->read(12, 1)->empty());
  EXPECT_TRUE(file->read(500, 1)->empty());
  EXPECT_TRUE(file->sync());
}

TYPED_TEST(DiskConformance, MorePiecesThanOneSystemCallTakes) {
  auto file = this->create("a");
  std::string expected;
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back(std::to_string(i) + ",");
  std::vector<Bytes> pieces;
  for (const std::string& text : texts) {
    pieces.push_back(bytes_of(text));
    expected += text;
  }
  ASSERT_TRUE(file->append(pieces));
  EXPECT_EQ(this->content_of("a"), expected);
}

TYPED_TEST(DiskConformance, TruncationMovesTheNextAppend) {
  auto file = this->create("a", "abcdef");
  ASSERT_TRUE(file->truncate(2));
  const Bytes pieces[] = {bytes_of("X")};
  EXPECT_EQ(*file->append(pieces), 2U);
  EXPECT_EQ(this->content_of("a"), "abX");
}

TYPED_TEST(DiskConformance, RoomBehindTheEndIsFilledByAppendsAndSeenByNobodyElse) {
  auto file = this->create("a", "abc");
  ASSERT_TRUE(file->prepare(100'000));
  EXPECT_EQ(file->size(), 3U);
  EXPECT_EQ(file->read(0, 100)->text(), "abc");
  EXPECT_TRUE(file->read(3, 100)->empty());
  const Bytes pieces[] = {bytes_of("de"), bytes_of("f")};
  EXPECT_EQ(*file->append(pieces), 3U);
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(file->read(0, 100)->text(), "abcdef");
  ASSERT_TRUE(file->prepare(10));  // There is more already.
  EXPECT_EQ(file->size(), 6U);
  ASSERT_TRUE(file->truncate(6));
  EXPECT_EQ(this->content_of("a"), "abcdef");
}

TYPED_TEST(DiskConformance, RoomThatWasNotGivenBackIsZerosForWhoOpensTheFileNext) {
  auto file = this->create("a", "abc");
  ASSERT_TRUE(file->prepare(200'000));
  const Bytes pieces[] = {bytes_of("def")};
  ASSERT_TRUE(file->append(pieces));
  file.reset();
  auto again = this->disk().open("a", false);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->size(), 200'003U);
  EXPECT_EQ((*again)->read(0, 300'000)->text(), "abcdef" + std::string(199'997, '\0'));
  ASSERT_TRUE((*again)->truncate(6));
  EXPECT_EQ(*(*again)->append(pieces), 6U);
  EXPECT_EQ(this->content_of("a"), "abcdefdef");
}

TYPED_TEST(DiskConformance, AnAppendMayBeLargerThanTheRoom) {
  auto file = this->create("a");
  ASSERT_TRUE(file->prepare(10));
  const std::string large(1000, 'x');
  const Bytes pieces[] = {bytes_of(large)};
  ASSERT_TRUE(file->append(pieces));
  EXPECT_EQ(file->size(), 1000U);
  EXPECT_EQ(this->content_of("a"), large);
}

TYPED_TEST(DiskConformance, OpeningAgainKeepsTheContent) {
  this->create("a", "abc");
  auto again = this->disk().open("a", true);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->size(), 3U);
}

TYPED_TEST(DiskConformance, WhatDoesNotExistIsNamed) {
  EXPECT_EQ(this->disk().open("absent", false).error().code, Errc::malformed);
  EXPECT_EQ(this->disk().open("absent/file", true).error().code, Errc::malformed);
  EXPECT_EQ(this->disk().rename("absent", "b").error().code, Errc::malformed);
  EXPECT_EQ(this->disk().sync_folder("absent").error().code, Errc::malformed);
  EXPECT_EQ(read_file(this->disk(), "absent", 10).error().code, Errc::malformed);
  EXPECT_FALSE(this->disk().exists("absent"));
  EXPECT_TRUE(this->disk().list("absent")->empty());
  EXPECT_TRUE(this->disk().remove("absent"));
  EXPECT_TRUE(this->disk().remove_folder("absent"));
}

TYPED_TEST(DiskConformance, PathsStayInside) {
  for (const std::string path : {"../a", "/a", "a/../b", "a//b", "./a", "a/", ".."}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(this->disk().open(path, true).error().code, Errc::malformed);
    EXPECT_EQ(this->disk().make_folders(path).error().code, Errc::malformed);
    EXPECT_EQ(this->disk().list(path).error().code, Errc::malformed);
    EXPECT_EQ(this->disk().remove(path).error().code, Errc::malformed);
    EXPECT_EQ(this->disk().remove_folder(path).error().code, Errc::malformed);
    EXPECT_EQ(this->disk().sync_folder(path).error().code, Errc::malformed);
    EXPECT_FALSE(this->disk().exists(path));
  }
  EXPECT_EQ(this->disk().open(std::string("a\0b", 3), true).error().code, Errc::malformed);
  this->create("a");
  EXPECT_EQ(this->disk().rename("a", "../a").error().code, Errc::malformed);
  EXPECT_EQ(this->disk().remove_folder("").error().code, Errc::malformed);
}

TYPED_TEST(DiskConformance, FoldersAreListedInOrderAndRemovedWhole) {
  ASSERT_TRUE(this->disk().make_folders("log/7/0"));
  ASSERT_TRUE(this->disk().make_folders("log/7/0"));
  this->create("log/7/b");
  this->create("log/7/a");
  this->create("log/7/0/x");
  EXPECT_EQ(*this->disk().list("log/7"), (std::vector<std::string>{"0", "a", "b"}));
  EXPECT_EQ(*this->disk().list(""), std::vector<std::string>{"log"});
  EXPECT_TRUE(this->disk().exists("log/7/0"));
  EXPECT_TRUE(this->disk().sync_folder("log/7"));
  ASSERT_TRUE(this->disk().remove_folder("log/7"));
  EXPECT_FALSE(this->disk().exists("log/7/0/x"));
  EXPECT_FALSE(this->disk().exists("log/7"));
  EXPECT_TRUE(this->disk().exists("log"));
  EXPECT_TRUE(this->disk().sync_folder("log"));
}

TYPED_TEST(DiskConformance, RenameReplaces) {
  this->create("a", "new");
  this->create("b", "old");
  ASSERT_TRUE(this->disk().rename("a", "b"));
  EXPECT_EQ(this->content_of("b"), "new");
  EXPECT_FALSE(this->disk().exists("a"));
}

TYPED_TEST(DiskConformance, ReplaceFileLeavesOneFileWithTheNewContent) {
  ASSERT_TRUE(replace_file(this->disk(), "a", bytes_of("first, and longer")));
  // What an interrupted attempt leaves behind.
  this->create("a.new", "garbage garbage garbage");
  ASSERT_TRUE(replace_file(this->disk(), "a", bytes_of("second")));
  EXPECT_EQ(this->content_of("a"), "second");
  EXPECT_EQ(*this->disk().list(""), std::vector<std::string>{"a"});
  EXPECT_EQ(read_file(this->disk(), "a", 5).error().code, Errc::overloaded);
  ASSERT_TRUE(replace_file(this->disk(), "a", {}));
  EXPECT_EQ(this->content_of("a"), "");
}

TYPED_TEST(DiskConformance, ARemovedFileLivesOnForWhoHasItOpen) {
  auto file = this->create("a", "abc");
  ASSERT_TRUE(this->disk().remove("a"));
  EXPECT_FALSE(this->disk().exists("a"));
  EXPECT_EQ(file->read(0, 3)->text(), "abc");
}

TYPED_TEST(DiskConformance, AllOfItIsSyncedAtOnce) {
  ASSERT_TRUE(this->disk().make_folders("a"));
  const auto file = this->create("a/b", "content");
  EXPECT_TRUE(this->disk().sync_all());
  EXPECT_EQ(this->disk().failed_syncs(), 0U);
}

TYPED_TEST(DiskConformance, ThereIsRoom) { EXPECT_GT(*this->disk().free_bytes(), 0U); }

TEST(FaultyDisk, RefusesWhatDoesNotFitOnRealFilesAndRecovers) {
  TemporaryFolder folder;
  PosixDisk below(folder.path());
  FaultyDisk disk(below);
  auto file = disk.open("a", true);
  ASSERT_TRUE(file);
  disk.set_free_bytes(4);
  const Bytes pieces[] = {bytes_of("abc"), bytes_of("def")};
  const auto refused = (*file)->append(pieces);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{Errc::overloaded, "disk full: append a"}));
  EXPECT_EQ((*file)->size(), 4U);
  EXPECT_EQ(*disk.free_bytes(), 0U);
  EXPECT_EQ(disk.open("b", true).error().code, Errc::overloaded);
  EXPECT_TRUE(disk.open("a", true));
  ASSERT_TRUE((*file)->truncate(0));
  EXPECT_EQ(*disk.free_bytes(), 4U);
  disk.set_free_bytes(std::nullopt);
  ASSERT_TRUE((*file)->append(pieces));
  EXPECT_EQ(read_file(below, "a", 100)->text(), "abcdef");
}

TEST(FaultyDisk, RoomTakesItsSpaceOnceAndNoneWhenItDoesNotFit) {
  TemporaryFolder folder;
  PosixDisk below(folder.path());
  FaultyDisk disk(below);
  auto file = disk.open("a", true);
  ASSERT_TRUE(file);
  disk.set_free_bytes(100);
  EXPECT_EQ((*file)->prepare(101).error().code, Errc::overloaded);
  EXPECT_EQ(*disk.free_bytes(), 100U);
  ASSERT_TRUE((*file)->prepare(60));
  EXPECT_EQ(*disk.free_bytes(), 40U);
  const std::string text(50, 'x');
  const Bytes pieces[] = {bytes_of(text)};
  ASSERT_TRUE((*file)->append(pieces));
  EXPECT_EQ(*disk.free_bytes(), 40U);
  ASSERT_TRUE((*file)->append(pieces));
  EXPECT_EQ(*disk.free_bytes(), 0U);
  EXPECT_EQ((*file)->prepare(1).error().code, Errc::overloaded);
  ASSERT_TRUE((*file)->truncate(0));
  EXPECT_EQ(*disk.free_bytes(), 100U);
}

}  // namespace
}  // namespace millrace
