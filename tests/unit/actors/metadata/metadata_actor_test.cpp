#include "actors/metadata/metadata_actor.hpp"

#include <gtest/gtest.h>

#include "actors/coordinator/coordinator_codec.hpp"
#include "runtime/simulator/simulation.hpp"
#include "state/meta/memory/memory_metadata_store.hpp"

namespace millrace::metadata {
namespace {

/// The same store again and again, as an actor that closes and opens it sees it.
class SharedStore final : public MetadataStore {
 public:
  explicit SharedStore(MetadataStore& below) : below_(below) {}
  Result<Revision> newest() override { return below_.newest(); }
  Result<Revision> commit(Revision expected, const Buffer& delta) override {
    return below_.commit(expected, delta);
  }
  Result<std::vector<MetadataDelta>> read_after(Revision revision, std::size_t count) override {
    return below_.read_after(revision, count);
  }
  Result<std::optional<MetadataSnapshot>> snapshot() override { return below_.snapshot(); }
  Status put_snapshot(const MetadataSnapshot& snapshot) override {
    return below_.put_snapshot(snapshot);
  }

 private:
  MetadataStore& below_;
};

class Asker final : public Actor {
 public:
  Asker(caf::actor_config& config, ActorSetup setup, std::vector<Envelope>& got)
      : Actor(config, std::move(setup)), got_(got) {}

 protected:
  void on_envelope(const Envelope& envelope) override { got_.push_back(envelope); }

 private:
  std::vector<Envelope>& got_;
};

using coordinator::StoreOrder;

class MetadataActorTest : public testing::Test {
 protected:
  MetadataActorTest() {
    node_ = &simulation_.start_process({"c-1", NodeId{0}, Incarnation{1}}, 1000);
    (void)node_->spawn<Asker>("coordinator", "", Placement::scheduled, answers_);
    (void)node_->spawn<MetadataActor>("metadata", "", Placement::scheduled,
                                      [this]() -> Result<std::unique_ptr<MetadataStore>> {
                                        ++opened_;
                                        return std::make_unique<SharedStore>(store_);
                                      });
  }

  /// The event that comes of an order.
  std::optional<coordinator::OfficeEvent> order(Envelope envelope,
                                                StoreOrder what = StoreOrder::commit) {
    envelope.correlation = 9;
    node_->post("metadata", "coordinator", std::move(envelope));
    simulation_.run_for(1ms);
    EXPECT_EQ(answers_.size(), 1U);
    const Envelope answer = std::exchange(answers_, {}).at(0);
    EXPECT_EQ(answer.correlation, 9U);
    auto event = coordinator::decode_outcome(answer, what);
    EXPECT_TRUE(event.has_value());
    return event.value_or(std::nullopt);
  }
  coordinator::Loaded load() {
    return std::get<coordinator::Loaded>(*order(coordinator::encode_load(), StoreOrder::load));
  }
  coordinator::NewsRead news_after(std::uint64_t revision) {
    return std::get<coordinator::NewsRead>(
        *order(coordinator::encode_read_news({Revision{revision}}), StoreOrder::read_news));
  }
  std::optional<coordinator::OfficeEvent> reserve(std::uint64_t expected, std::int64_t below) {
    return order(
        coordinator::encode_commit({Revision{expected}, WriterIdsReserved{WriterId{below}}}));
  }

  Simulation simulation_{1};
  NodeContext* node_ = nullptr;
  MemoryMetadataStore store_;
  int opened_ = 0;
  std::vector<Envelope> answers_;
};

TEST_F(MetadataActorTest, WhatIsCommittedIsLoaded) {
  EXPECT_EQ(load().revision, Revision{});
  for (std::uint64_t i = 0; i < 4; ++i) {
    const auto event = reserve(i, static_cast<std::int64_t>(i + 1) * 1000);
    EXPECT_EQ(std::get<coordinator::Committed>(*event).revision, Revision{i + 1});
  }
  EXPECT_EQ(load().catalog.next_writer(), WriterId{4000});
  Catalog image;
  image.apply(WriterIdsReserved{WriterId{3000}});
  EXPECT_FALSE(order(coordinator::encode_snapshot({Revision{3}, image})).has_value());
  const auto loaded = load();
  EXPECT_EQ(loaded.revision, Revision{4});
  EXPECT_EQ(loaded.catalog.next_writer(), WriterId{4000});
  EXPECT_EQ(opened_, 1);
}

TEST_F(MetadataActorTest, ReadsMoreDeltasThanItAsksForAtOnce) {
  for (std::uint64_t i = 0; i < 2345; ++i) (void)reserve(i, static_cast<std::int64_t>(i + 1));
  EXPECT_EQ(load().revision, Revision{2345});
}

TEST_F(MetadataActorTest, AnUnknownOutcomeIsReadBackFromAStoreOpenedAnew) {
  store_.fail_next_commit(CommitFault::failed_yet_applied);
  const auto failed = std::get<coordinator::CommitFailed>(*reserve(0, 1000));
  EXPECT_EQ(failed.error.code, Errc::unavailable);
  EXPECT_EQ(load().catalog.next_writer(), WriterId{1000});
  EXPECT_EQ(opened_, 2);
  store_.fail_next_commit(CommitFault::refused_full);
  EXPECT_EQ(std::get<coordinator::CommitFailed>(*reserve(1, 2000)).error.code, Errc::overloaded);
  EXPECT_EQ(std::get<coordinator::CommitFailed>(*reserve(0, 2000)).error.code, Errc::stale_epoch);
  EXPECT_EQ(load().revision, Revision{1});
  EXPECT_EQ(opened_, 2);
}

TEST_F(MetadataActorTest, TellsWhatIsNewerThanARevision) {
  for (std::uint64_t i = 0; i < 4; ++i) (void)reserve(i, static_cast<std::int64_t>(i + 1));
  const auto news = news_after(2);
  EXPECT_EQ(news.base, Revision{2});
  EXPECT_EQ(news.revision, Revision{4});
  EXPECT_EQ(news.deltas, (std::vector<CatalogDelta>{WriterIdsReserved{WriterId{3}},
                                                    WriterIdsReserved{WriterId{4}}}));
  EXPECT_TRUE(news_after(4).deltas.empty());
}

TEST_F(MetadataActorTest, TellsEverythingToWhoAsksForWhatIsNotThere) {
  for (std::uint64_t i = 0; i < 4; ++i) (void)reserve(i, static_cast<std::int64_t>(i + 1));
  const auto of_another_store = news_after(5);
  EXPECT_EQ(of_another_store.revision, Revision{4});
  ASSERT_TRUE(of_another_store.image.has_value());
  Catalog image;
  image.apply(WriterIdsReserved{WriterId{3}});
  (void)order(coordinator::encode_snapshot({Revision{3}, image}));
  const auto trimmed = news_after(1);
  ASSERT_TRUE(trimmed.image.has_value());
  EXPECT_EQ(trimmed.image->next_writer(), WriterId{4});
}

TEST_F(MetadataActorTest, AStoreThatIsClosedIsOpenedForTheNextOrder) {
  (void)reserve(0, 1000);
  EXPECT_FALSE(order(coordinator::encode_close_store()).has_value());
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(load().revision, Revision{1});
  EXPECT_EQ(opened_, 2);
}

}  // namespace
}  // namespace millrace::metadata
