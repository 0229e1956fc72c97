#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <map>

#include "base/random.hpp"
#include "state/meta/embedded/embedded_metadata_store.hpp"
#include "state/meta/memory/memory_metadata_store.hpp"
#include "state/meta/port/metadata_store.hpp"
#include "tests/conformance/state/temporary_folder.hpp"

namespace millrace {
namespace {

Buffer text(std::string value) { return Buffer::from(std::move(value)); }

class MemoryEngine {
 public:
  MetadataStore& store() { return store_; }
  /// A node's restart: the store is outside of it.
  void restart() {}

 private:
  MemoryMetadataStore store_;
};

class EmbeddedEngine {
 public:
  EmbeddedEngine() { restart(); }
  MetadataStore& store() { return *store_; }
  void restart() {
    store_.reset();
    auto opened =
        EmbeddedMetadataStore::open({.folder = folder_.path() + "/meta", .free_bytes_min = 0});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<EmbeddedMetadataStore> store_;
};

template <class Engine>
class MetadataStoreConformance : public testing::Test {
 protected:
  MetadataStore& store() { return engine_.store(); }
  Engine engine_;
};

using Engines = testing::Types<MemoryEngine, EmbeddedEngine>;
TYPED_TEST_SUITE(MetadataStoreConformance, Engines);

TYPED_TEST(MetadataStoreConformance, AnEmptyStoreIsAtRevisionZero) {
  EXPECT_EQ(*this->store().newest(), Revision(0));
  EXPECT_TRUE(this->store().read_after(Revision(0), 10)->empty());
  EXPECT_FALSE(this->store().snapshot()->has_value());
}

TYPED_TEST(MetadataStoreConformance, MemoryStaysWithinItsBound) {
  const std::string large(100'000, 'x');
  for (std::uint64_t i = 0; i < 300; ++i) {
    ASSERT_TRUE(this->store().commit(Revision(i), Buffer::from(large)));
    const MetadataMemory memory = this->store().memory();
    ASSERT_LE(memory.used_bytes, memory.limit_bytes);
  }
}

TYPED_TEST(MetadataStoreConformance, OnlyWhoKnowsTheNewestRevisionCommits) {
  EXPECT_EQ(*this->store().commit(Revision(0), text("a")), Revision(1));
  EXPECT_EQ(this->store().commit(Revision(0), text("b")).error().code, Errc::stale_epoch);
  EXPECT_EQ(this->store().commit(Revision(2), text("b")).error().code, Errc::stale_epoch);
  EXPECT_EQ(*this->store().commit(Revision(1), text("b")), Revision(2));
  EXPECT_EQ(*this->store().newest(), Revision(2));
}

TYPED_TEST(MetadataStoreConformance, DeltasComeBackInOrderAndInPortions) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    ASSERT_TRUE(this->store().commit(Revision(i), text(std::to_string(i + 1))));
  }
  auto some = this->store().read_after(Revision(254), 5);
  ASSERT_TRUE(some);
  ASSERT_EQ(some->size(), 5U);
  EXPECT_EQ(some->front().revision, Revision(255));
  EXPECT_EQ(some->front().bytes.text(), "255");
  EXPECT_EQ(some->back().bytes.text(), "259");
  EXPECT_EQ(this->store().read_after(Revision(298), 5)->size(), 2U);
  EXPECT_TRUE(this->store().read_after(Revision(300), 5)->empty());
  EXPECT_TRUE(this->store().read_after(Revision(7), 0)->empty());
}

TYPED_TEST(MetadataStoreConformance, ASnapshotTrimsWhatItCovers) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(this->store().commit(Revision(i), text(std::to_string(i + 1))));
  }
  EXPECT_EQ(this->store().put_snapshot({Revision(5), text("future")}).error().code,
            Errc::malformed);
  ASSERT_TRUE(this->store().put_snapshot({Revision(3), text("three")}));
  EXPECT_EQ(this->store().put_snapshot({Revision(2), text("two")}).error().code, Errc::stale_epoch);
  EXPECT_EQ(this->store().read_after(Revision(2), 9).error().code, Errc::stale_epoch);
  EXPECT_EQ(this->store().read_after(Revision(3), 9)->at(0).bytes.text(), "4");
  this->engine_.restart();
  EXPECT_EQ((*this->store().snapshot())->revision, Revision(3));
  EXPECT_EQ((*this->store().snapshot())->bytes.text(), "three");
  EXPECT_EQ(this->store().read_after(Revision(0), 9).error().code, Errc::stale_epoch);
  EXPECT_EQ(*this->store().newest(), Revision(4));
}

TYPED_TEST(MetadataStoreConformance, EmptyAndBinaryBytesAreKept) {
  const std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(this->store().commit(Revision(0), Buffer()));
  ASSERT_TRUE(this->store().commit(Revision(1), text(binary)));
  this->engine_.restart();
  auto deltas = this->store().read_after(Revision(0), 9);
  ASSERT_TRUE(deltas);
  EXPECT_EQ(deltas->at(0).bytes.text(), "");
  EXPECT_EQ(deltas->at(1).bytes.text(), binary);
  ASSERT_TRUE(this->store().put_snapshot({Revision(2), Buffer()}));
  EXPECT_EQ((*this->store().snapshot())->bytes.text(), "");
}

/// What both engines must agree with.
struct Model {
  std::map<std::uint64_t, std::string> deltas;
  std::uint64_t newest = 0;
  std::uint64_t trimmed = 0;
  std::string snapshot;
};

TYPED_TEST(MetadataStoreConformance, AgreesWithAModelOverRestarts) {
  Random random(11);
  Model model;
  for (int step = 0; step < 400; ++step) {
    SCOPED_TRACE(step);
    const std::uint64_t some = random.below(model.newest + 2);
    switch (random.below(8)) {
      case 0:
        this->engine_.restart();
        break;
      case 1: {
        const bool fits = some <= model.newest && some >= model.trimmed;
        ASSERT_EQ(this->store()
                      .put_snapshot({Revision(some), text("s" + std::to_string(some))})
                      .has_value(),
                  fits);
        if (!fits) break;
        model.trimmed = some;
        model.snapshot = "s" + std::to_string(some);
        model.deltas.erase(model.deltas.begin(), model.deltas.upper_bound(some));
        break;
      }
      case 2:
      case 3: {
        auto deltas = this->store().read_after(Revision(some), 3);
        ASSERT_EQ(deltas.has_value(), some >= model.trimmed);
        if (!deltas) break;
        auto expected = model.deltas.upper_bound(some);
        for (const MetadataDelta& delta : *deltas) {
          ASSERT_EQ(delta.revision.value(), expected->first);
          ASSERT_EQ(delta.bytes.text(), expected->second);
          ++expected;
        }
        ASSERT_TRUE(deltas->size() == 3 || expected == model.deltas.end());
        break;
      }
      default: {
        const bool fits = random.chance(3, 4) || some == model.newest;
        const std::string bytes = "d" + std::to_string(step);
        auto revision = this->store().commit(Revision(fits ? model.newest : some), text(bytes));
        ASSERT_EQ(revision.has_value(), fits);
        if (fits) model.deltas[++model.newest] = bytes;
      }
    }
    ASSERT_EQ(this->store().newest()->value(), model.newest);
  }
  EXPECT_GT(model.newest, 100U);
  EXPECT_GT(model.trimmed, 0U);
  EXPECT_EQ((*this->store().snapshot())->bytes.text(), model.snapshot);
}

TEST(MemoryMetadataStore, ACommitGoesWrongInTheWayThatWasAskedFor) {
  MemoryMetadataStore store;
  store.fail_next_commit(CommitFault::refused_full);
  EXPECT_EQ(store.commit(Revision(0), text("a")).error().code, Errc::overloaded);
  store.fail_next_commit(CommitFault::failed_unapplied);
  EXPECT_EQ(store.commit(Revision(0), text("a")).error().code, Errc::unavailable);
  EXPECT_EQ(*store.newest(), Revision(0));
  store.fail_next_commit(CommitFault::failed_yet_applied);
  EXPECT_EQ(store.commit(Revision(0), text("a")).error().code, Errc::unavailable);
  EXPECT_EQ(*store.newest(), Revision(1));
  EXPECT_EQ(store.read_after(Revision(0), 9)->at(0).bytes.text(), "a");
  EXPECT_TRUE(store.commit(Revision(1), text("b")));
  store.set_reachable(false);
  EXPECT_EQ(store.newest().error().code, Errc::unavailable);
  EXPECT_EQ(store.commit(Revision(2), text("c")).error().code, Errc::unavailable);
  store.set_reachable(true);
  EXPECT_EQ(*store.newest(), Revision(2));
}

TEST(EmbeddedMetadataStore, ASecondOpenerIsTurnedAway) {
  TemporaryFolder folder;
  auto first = EmbeddedMetadataStore::open({.folder = folder.path()});
  ASSERT_TRUE(first);
  EXPECT_EQ(EmbeddedMetadataStore::open({.folder = folder.path()}).error().code, Errc::unavailable);
  first->reset();
  EXPECT_TRUE(EmbeddedMetadataStore::open({.folder = folder.path()}));
}

TEST(EmbeddedMetadataStore, CommitsAreRefusedBeforeTheDiskIsFull) {
  TemporaryFolder folder;
  {
    auto store = EmbeddedMetadataStore::open(
        {.folder = folder.path(), .free_bytes_min = std::uint64_t{1} << 62});
    ASSERT_TRUE(store);
    EXPECT_EQ((*store)->commit(Revision(0), text("a")).error().code, Errc::overloaded);
    EXPECT_EQ((*store)->put_snapshot({Revision(0), text("a")}).error().code, Errc::overloaded);
    EXPECT_EQ(*(*store)->newest(), Revision(0));
  }
  auto store = EmbeddedMetadataStore::open({.folder = folder.path(), .free_bytes_min = 0});
  EXPECT_TRUE((*store)->commit(Revision(0), text("a")));
}

void put_raw(const std::string& folder, const std::string& key, const std::string& value) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder, &opened).ok());
  const std::unique_ptr<rocksdb::DB> store(opened);
  ASSERT_TRUE(store->Put({}, key, value).ok());
}

TEST(EmbeddedMetadataStore, ForeignAndNewerStoresAreRefusedByName) {
  TemporaryFolder foreign;
  put_raw(foreign.path(), "key", "value");
  auto opened = EmbeddedMetadataStore::open({.folder = foreign.path()});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), (Error{Errc::malformed, "metadata store: not one of ours: no format"}));
  TemporaryFolder theirs;
  (void)EmbeddedMetadataStore::open({.folder = theirs.path(), .cluster_id = "theirs"}).value();
  opened = EmbeddedMetadataStore::open({.folder = theirs.path(), .cluster_id = "ours"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed);
  EXPECT_NE(opened.error().message.find("another cluster"), std::string::npos);

  TemporaryFolder newer;
  put_raw(newer.path(), "format", "2");
  opened = EmbeddedMetadataStore::open({.folder = newer.path()});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed);
}

TEST(EmbeddedMetadataStore, AGapInTheDeltasIsDamage) {
  TemporaryFolder folder;
  {
    auto store = EmbeddedMetadataStore::open({.folder = folder.path(), .free_bytes_min = 0});
    ASSERT_TRUE((*store)->commit(Revision(0), text("a")));
  }
  put_raw(folder.path(), std::string("delta/") + std::string(7, '\0') + '\x03', "c");
  EXPECT_EQ(EmbeddedMetadataStore::open({.folder = folder.path()}).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace millrace
