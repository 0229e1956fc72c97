// Data directories that earlier builds wrote are read by this one. Each folder beside this file is
// one, named after its order. MILLRACE_WRITE_GOLDEN=NAME writes a new one; then enlarge what is
// written here, never what was written before.
// 01: logs, catalog, identity. 02: and the starts of its node.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "state/disk/identity/data_directory.hpp"
#include "state/disk/identity/start_note.hpp"
#include "state/disk/posix/posix_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "state/meta/catalog/catalog_codec.hpp"
#include "state/meta/embedded/embedded_metadata_store.hpp"
#include "tests/conformance/state/temporary_folder.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using test::make_batch;
using test::stamped;
using test::TestBatch;

const std::string newest = "02";
constexpr StartId first_start{0x1234};
const DataDirectoryOwner owner{"golden-cluster", NodeId{3}, "boot-1", "disk-1"};
const BucketId plain{TableId{7}, BucketIndex{0}};
const BucketId partitioned{TableId{8}, BucketIndex{1}, PartitionId{5}};
const SegmentedLogOptions options{.segment_bytes = 2000, .index_interval_bytes = 300};

/// Five rows each, of two writers in turn.
std::vector<TestBatch> batches_of_plain() {
  std::vector<TestBatch> batches;
  for (std::int32_t i = 0; i < 40; ++i) {
    batches.push_back(make_batch({.base = 5 * i,
                                  .rows = 5,
                                  .timestamp = 1'700'000'000'000 + i,
                                  .body_bytes = 100,
                                  .writer = WriterId{1 + i % 2},
                                  .sequence = i / 2}));
  }
  return batches;
}

/// One of each kind of fact.
std::vector<CatalogDelta> facts(const std::string& directory) {
  TableInfo table;
  table.id = TableId{7};
  table.database = "nyc";
  table.name = "flights";
  table.descriptor.schema =
      protocol::schema_of({{"id", "INT"}, {"carrier", "STRING"}, {"delay", "ARRAY<BIGINT>"}});
  table.descriptor.bucket_count = 1;
  table.descriptor.bucket_keys = std::vector<std::string>{"id"};
  table.descriptor.comment = "departures";
  table.descriptor.properties["table.log.ttl"] = "7d";
  table.descriptor.custom_properties["millrace.durability"] = "disk";
  table.buckets.push_back({NodeId{3}, LeaderEpoch{2}, {NodeId{3}}, 0, {NodeId{3}}});
  table.created_at = 1000;
  table.modified_at = 2000;
  TableInfo by_day = table;
  by_day.id = TableId{8};
  by_day.name = "by_day";
  by_day.descriptor.partition_keys = {"carrier"};
  by_day.buckets.clear();
  TableInfo dropped = table;
  dropped.id = TableId{9};
  dropped.name = "dropped";
  protocol::TableDescriptor altered = table.descriptor;
  protocol::append_column(
      altered.schema,
      {"gate", protocol::parse_data_type_json(R"({"type":"STRING"})").value(), "added", -1, {}});
  const protocol::AclEntry entry{protocol::table_resource("nyc", "flights"),
                                 {"User", "bob"},
                                 "*",
                                 protocol::Operation::read,
                                 protocol::Permission::allow};
  const auto partition = [](std::int64_t id, const std::string& value) {
    return PartitionCreated{{PartitionId{id},
                             TableId{8},
                             {value},
                             {{NodeId{3}, LeaderEpoch{0}, {NodeId{3}}, 0, {NodeId{3}}}},
                             1500}};
  };
  std::vector<CatalogDelta> facts{
      DatabaseCreated{{"nyc", {"flights of New York", {{"owner", "ops"}}}, 10, 20}},
      DatabaseCreated{{"gone", {}, 11, 11}},
      TableCreated{table},
      TableCreated{by_day},
      TableCreated{dropped},
      TableDropped{TableId{9}},
      DatabaseDropped{"gone"},
      WriterIdsReserved{WriterId{1000}},
      AclsCreated{{entry}},
      partition(4, "AA"),
      partition(5, "UA"),
      PartitionDropped{TableId{8}, PartitionId{4}},
      TableAltered{TableId{7}, 2, altered, 3000},
      DatabaseAltered{{"nyc", {"flights", {}}, 10, 30}},
      ServersTagged{{NodeId{3}}, ServerTag::temporary_offline},
      ClusterConfigsChanged{{{"log.retention.roll-active-segment.enabled", "true"}}}};
  if (directory >= "02") facts.emplace_back(NodeStarted{NodeId{3}, first_start});
  return facts;
}

std::unique_ptr<EmbeddedMetadataStore> open_metadata(const fs::path& folder) {
  auto store = EmbeddedMetadataStore::open(
      {.folder = (folder / "metadata").string(), .cluster_id = owner.cluster_id});
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

void write_logs(Disk& disk) {
  SegmentedLogStore logs(disk, options);
  auto log = logs.open(plain).value();
  const std::vector<TestBatch> batches = batches_of_plain();
  for (std::size_t i = 0; i < batches.size(); ++i) {
    ASSERT_TRUE(log->append({stamped(batches[i])}));
    if (i != 37) continue;
    ASSERT_TRUE(log->sync());  // The last two lie behind the recovery point.
  }
  // The first segment goes.
  ASSERT_TRUE(log->expire({.older_than = 1'700'000'000'020, .limit = 100}));
  auto other = logs.open(partitioned).value();
  ASSERT_TRUE(other->append({stamped(make_batch({.rows = 3}))}));
  ASSERT_TRUE(other->sync());
}

void write_directory(const fs::path& folder) {
  fs::create_directories(folder);
  PosixDisk disk(folder.string());
  ASSERT_TRUE(open_data_directory(disk, owner));
  ASSERT_EQ(note_start(disk, first_start).present, first_start);
  write_logs(disk);
  {
    const auto store = open_metadata(folder);
    ASSERT_NE(store, nullptr);
    Revision revision;
    Catalog catalog;
    for (const CatalogDelta& fact : facts(newest)) {
      revision = store->commit(revision, encode_delta(fact)).value();
      catalog.apply(fact);
      if (revision == Revision{9}) {
        ASSERT_TRUE(store->put_snapshot({revision, encode_catalog(catalog)}));
      }
    }
  }
  // What the store writes for people, and what names the place it was written at.
  for (const auto& entry : fs::directory_iterator(folder / "metadata")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("LOG") || name.starts_with("OPTIONS")) fs::remove(entry);
  }
}

void expect_rows(Disk& disk) {
  SegmentedLogStore logs(disk, options);
  EXPECT_EQ(logs.list().value(), (std::vector{plain, partitioned}));
  auto log = logs.open(plain);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ((*log)->start_offset(), 65);
  EXPECT_EQ((*log)->end_offset(), 200);
  EXPECT_EQ((*log)->max_timestamp(), 1'700'000'000'039);
  EXPECT_EQ((*log)->offset_at(1'700'000'000'030).value(), 150);
  EXPECT_EQ((*log)->remembered().size(), 10U);  // Five of each writer.
  const std::vector<TestBatch> batches = batches_of_plain();
  for (std::size_t i = 13; i < batches.size(); ++i) {
    const auto found = (*log)->read(static_cast<Offset>(5 * i), 1000, 1);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->text(), batches[i].bytes) << i;
  }
  EXPECT_EQ(logs.open(partitioned).value()->end_offset(), 3);
}

class GoldenDirectory : public testing::TestWithParam<std::string> {
 protected:
  /// A copy, because opening may write.
  void SetUp() override {
    fs::copy(fs::path(MILLRACE_GOLDEN_DIR) / "data_directory" / GetParam(), folder_.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  [[nodiscard]] fs::path path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_P(GoldenDirectory, IsItsOwners) {
  PosixDisk disk(path().string());
  const auto opened = open_data_directory(disk, owner);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(opened->same_boot);
  EXPECT_EQ(opened->identity.disk_id, "disk-1");
  const KnownStarts starts = note_start(disk, StartId{7});
  EXPECT_EQ(starts.history.contains(first_start), GetParam() >= "02");
  EXPECT_FALSE(starts.is_believed);
}

TEST_P(GoldenDirectory, ItsLogsHaveTheirRows) {
  PosixDisk disk(path().string());
  expect_rows(disk);
}

TEST_P(GoldenDirectory, RoomBehindItsLogsIsNoDamage) {
  PosixDisk disk(path().string());
  const std::string last = "log/7/0/00000000000000000195.log";
  const std::uint64_t size = fs::file_size(path() / last);
  // What a process leaves that was killed while it had made room.
  fs::resize_file(path() / last, size + (1 << 20));
  expect_rows(disk);
  EXPECT_EQ(fs::file_size(path() / last), size);
}

TEST_P(GoldenDirectory, ItsMetadataSaysTheSame) {
  Catalog wanted;
  for (const CatalogDelta& fact : facts(GetParam())) wanted.apply(fact);
  const auto store = open_metadata(path());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->newest().value(), Revision{facts(GetParam()).size()});
  const auto snapshot = store->snapshot();
  ASSERT_TRUE(snapshot && *snapshot);
  auto catalog = decode_catalog((*snapshot)->bytes);
  ASSERT_TRUE(catalog) << catalog.error().message;
  const auto deltas = store->read_after((*snapshot)->revision, 1000);
  ASSERT_TRUE(deltas) << deltas.error().message;
  EXPECT_EQ(deltas->size(), facts(GetParam()).size() - 9);
  for (const MetadataDelta& delta : *deltas) {
    const auto fact = decode_delta(delta.bytes);
    ASSERT_TRUE(fact) << fact.error().message;
    catalog->apply(*fact);
  }
  EXPECT_TRUE(*catalog == wanted);
}

TEST(GoldenDirectories, AreWrittenOnDemand) {
  const char* const name = std::getenv("MILLRACE_WRITE_GOLDEN");
  const fs::path all = fs::path(MILLRACE_GOLDEN_DIR) / "data_directory";
  if (name != nullptr) return write_directory(all / name);
  TemporaryFolder folder;
  write_directory(fs::path(folder.path()) / "new");
  EXPECT_TRUE(fs::exists(fs::path(folder.path()) / "new" / "millrace.identity"));
}

INSTANTIATE_TEST_SUITE_P(OfEarlierBuilds, GoldenDirectory, testing::Values("01", newest));

}  // namespace
}  // namespace millrace
