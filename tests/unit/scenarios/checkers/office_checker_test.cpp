#include "scenarios/checkers/office_checker.hpp"

#include <gtest/gtest.h>

#include "state/meta/catalog/catalog_codec.hpp"
#include "state/meta/memory/memory_metadata_store.hpp"

namespace millrace::scenarios {
namespace {

OfficeTaken taken(std::int32_t node, std::uint64_t epoch) {
  return {NodeId{node}, Incarnation{1}, CoordinatorEpoch{epoch}};
}

class OfficeCheckerTest : public testing::Test {
 protected:
  void write(const CatalogDelta& delta) {
    const auto revision = store_.commit(view_.revision, encode_delta(delta));
    ASSERT_TRUE(revision.has_value());
    view_.revision = *revision;
    view_.catalog.apply(delta);
  }
  void saw(const ClusterView& view) { checker_.saw(NodeId{0}, Incarnation{1}, view); }

  MemoryMetadataStore store_;
  ClusterView view_;
  OfficeChecker checker_;
};

TEST_F(OfficeCheckerTest, OneHolderAfterTheOtherIsFine) {
  write(taken(0, 1));
  saw(view_);
  write(taken(1, 2));
  saw(view_);
  EXPECT_EQ(checker_.check(store_, view_), Violations{});
  EXPECT_EQ(checker_.count_epochs(), 2U);
}

TEST_F(OfficeCheckerTest, AViewThatGoesBackIsFound) {
  write(taken(0, 1));
  const ClusterView older = view_;
  write(taken(1, 2));
  saw(view_);
  saw(older);
  EXPECT_EQ(checker_.check(store_, view_).size(), 1U);
}

TEST_F(OfficeCheckerTest, TwoHoldersOfAnEpochAreFound) {
  write(taken(0, 1));
  saw(view_);
  ClusterView other = view_;
  other.catalog.apply(taken(1, 1));
  saw(other);
  EXPECT_EQ(checker_.check(store_, view_).size(), 1U);
  write(taken(1, 1));
  EXPECT_EQ(checker_.check(store_, view_).size(), 2U);
}

TEST_F(OfficeCheckerTest, AFactThatIsNotWrittenIsFound) {
  write(taken(0, 1));
  view_.catalog.apply(DatabaseCreated{{"nyc", {}, 0, 0}});
  EXPECT_EQ(checker_.check(store_, view_).size(), 1U);
}

}  // namespace
}  // namespace millrace::scenarios
