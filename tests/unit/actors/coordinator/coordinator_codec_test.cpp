#include "actors/coordinator/coordinator_codec.hpp"

#include <gtest/gtest.h>

#include "actors/metadata/metadata_codec.hpp"
#include "actors/tablet/tablet_codec.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "base/random.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/link.capnp.h"
#include "state/meta/catalog/catalog_codec.hpp"
#include "tests/unit/actors/coordinator/commands.hpp"

namespace millrace::coordinator {
namespace {

CatalogDelta some_table() {
  TableInfo table;
  table.id = TableId{3};
  table.database = "fluss";
  table.name = "t";
  table.descriptor = log_table();
  table.buckets = {{NodeId{1}, LeaderEpoch{0}, {NodeId{1}}}};
  return TableCreated{table};
}

CatalogDelta some_partition() {
  return PartitionCreated{{PartitionId{8},
                           TableId{3},
                           {"us", "20241130"},
                           {{NodeId{1}, LeaderEpoch{0}, {NodeId{1}}}},
                           1234}};
}

TEST(CoordinatorCodec, UpdatesReachTabletsAsTheyWere) {
  SendUpdate sent{NodeId{1},
                  Revision{4},
                  Revision{5},
                  {},
                  {some_table(), some_partition(), PartitionDropped{TableId{3}, PartitionId{8}}},
                  77,
                  {}};
  sent.members.push_back({NodeId{2},
                          Incarnation{9},
                          {"host", 1},
                          {"console", 2},
                          "rack",
                          true,
                          {{"FLUSS", {"host", 1}}, {"CLIENT", {"other", 3}}}});
  sent.epoch = CoordinatorEpoch{6};
  auto arrived = tablet::decode_update(encode_update(sent));
  ASSERT_TRUE(arrived.has_value()) << arrived.error().message;
  EXPECT_EQ(arrived->base, Revision{4});
  EXPECT_EQ(arrived->revision, Revision{5});
  EXPECT_EQ(arrived->members_version, 77U);
  EXPECT_EQ(arrived->from_epoch, CoordinatorEpoch{6});
  EXPECT_EQ(arrived->members, sent.members);
  EXPECT_EQ(arrived->deltas, sent.deltas);
  EXPECT_FALSE(arrived->image);

  sent.deltas.clear();
  sent.image.emplace();
  sent.image->apply(some_table());
  sent.image->apply(some_partition());
  arrived = tablet::decode_update(encode_update(sent));
  ASSERT_TRUE(arrived.has_value());
  EXPECT_EQ(arrived->image, sent.image);
}

protocol::AclEntry some_acl() {
  return {protocol::table_resource("nyc", "flights"), protocol::user_principal("bob"), "10.0.0.1",
          protocol::Operation::write, protocol::Permission::allow};
}

TEST(CoordinatorCodec, PermissionsComeBackAsTheyWere) {
  for (const CatalogDelta& delta :
       {CatalogDelta{AclsCreated{{some_acl(), some_acl()}}}, CatalogDelta{AclsDropped{{}}}}) {
    EXPECT_EQ(decode_delta(encode_delta(delta)), delta);
  }
  Catalog catalog;
  catalog.apply(AclsCreated{{some_acl()}});
  EXPECT_EQ(decode_catalog(encode_catalog(catalog)), catalog);
}

// Whatever lies behind a right checksum is read or refused.
TEST(CoordinatorCodec, NamesInTheCatalogKeepEveryByte) {
  using namespace std::string_literals;
  TableInfo table = std::get<TableCreated>(some_table()).table;
  table.database = "a\0b"s;
  table.name = "\0"s;
  PartitionInfo partition = std::get<PartitionCreated>(some_partition()).partition;
  partition.values = {"u\0s"s, "\0"s};
  for (const CatalogDelta& delta :
       {CatalogDelta{DatabaseCreated{{"a\0b"s, {}, 1, 2}}}, CatalogDelta{DatabaseDropped{"a\0b"s}},
        CatalogDelta{TableCreated{table}}, CatalogDelta{PartitionCreated{partition}}}) {
    EXPECT_EQ(decode_delta(encode_delta(delta)), delta);
  }
}

TEST(CoordinatorCodecProperty, MutatedPermissionsAreReadOrRefused) {
  const Buffer sound = encode_delta(AclsCreated{{some_acl(), some_acl()}});
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<std::byte> bytes(sound.bytes().begin(), sound.bytes().end());
    for (std::uint64_t i = 0; i < 1 + random.below(4); ++i) {
      bytes[8 + random.below(bytes.size() - 8)] ^= static_cast<std::byte>(1U << random.below(8));
    }
    store_le(bytes.data(), crc32c_of(Bytes(bytes).subspan(8)));
    const auto delta = decode_delta(Buffer::from(std::move(bytes)));
    if (!delta) ++refused;
    if (delta) (void)encode_delta(*delta);
  }
  EXPECT_GT(refused, 0);
}

TEST(CoordinatorCodec, AnImageKeepsTheCounterOfPartitionsThatAreGone) {
  Catalog catalog;
  catalog.apply(some_table());
  catalog.apply(some_partition());
  catalog.apply(PartitionDropped{TableId{3}, PartitionId{8}});
  const auto read = decode_catalog(encode_catalog(catalog));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->next_partition(), PartitionId{9});
  EXPECT_EQ(*read, catalog);
}

TEST(CoordinatorCodec, ReportsOfTabletsAreReadWithTheirSender) {
  const MemberInfo self{NodeId{3}, Incarnation{8},        {"h", 5}, {"c", 6}, "r",
                        true,      {{"CLIENT", {"h", 7}}}};
  Envelope envelope = tablet::encode_report(self, Revision{11}, 12);
  envelope.from = {NodeId{3}, "tablet"};
  envelope.incarnation = Incarnation{8};
  EXPECT_TRUE(is_report(envelope));
  const auto report = decode_report(envelope).value();
  MemberInfo expected = self;
  expected.alive = false;  // That is the coordinator's to say.
  EXPECT_EQ(report.member, expected);
  EXPECT_EQ(report.applied, Revision{11});
  EXPECT_EQ(report.members_version, 12U);
}

TEST(CoordinatorCodec, CommitsAndImagesReachTheStoreAndComeBack) {
  const auto commit = std::get<metadata::Commit>(
      metadata::decode_order(encode_commit({Revision{6}, some_table()})).value());
  EXPECT_EQ(commit.expected, Revision{6});
  Catalog catalog;
  catalog.apply(WriterIdsReserved{WriterId{1000}});
  const auto snapshot = std::get<metadata::PutSnapshot>(
      metadata::decode_order(encode_snapshot({Revision{5}, catalog})).value());
  EXPECT_EQ(snapshot.snapshot.revision, Revision{5});

  const Envelope image =
      metadata::encode_loaded({Revision{7}, true, {snapshot.snapshot.bytes, commit.delta}});
  EXPECT_TRUE(is_store_answer(image));
  const auto loaded = std::get<Loaded>(*decode_outcome(image, StoreOrder::load).value());
  catalog.apply(some_table());
  EXPECT_EQ(loaded.revision, Revision{7});
  EXPECT_EQ(loaded.catalog, catalog);

  EXPECT_EQ(
      std::get<Committed>(
          *decode_outcome(metadata::encode_committed(Revision{8}), StoreOrder::commit).value())
          .revision,
      Revision{8});
  EXPECT_FALSE(decode_outcome(metadata::encode_stored(), StoreOrder::commit).value().has_value());
  const Error full{Errc::overloaded, "full"};
  EXPECT_EQ(std::get<CommitFailed>(
                *decode_outcome(metadata::encode_failed(full), StoreOrder::commit).value())
                .error,
            full);
  EXPECT_EQ(
      std::get<LoadFailed>(*decode_outcome(metadata::encode_failed(full), StoreOrder::load).value())
          .error,
      full);
}

TEST(CoordinatorCodec, DamagedMetadataIsAnError) {
  std::string bytes(encode_delta(some_table()).text());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const auto damaged = decode_outcome(
      metadata::encode_loaded({Revision{1}, false, {Buffer::from(std::move(bytes))}}),
      StoreOrder::load);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, Errc::corrupt);
  EXPECT_FALSE(decode_outcome(metadata::encode_loaded({Revision{1}, true, {}}), StoreOrder::load)
                   .has_value());
}

TEST(CoordinatorCodec, APeerThatLeavesIsNewsOneThatComesIsNot) {
  const auto status = [](bool connected) {
    return seal<schemas::PeerStatus>([&](schemas::PeerStatus::Builder out) {
      out.setNodeId(4);
      out.setConnected(connected);
    });
  };
  EXPECT_TRUE(is_peer_status(status(true)));
  EXPECT_FALSE(decode_peer_status(status(true)).value().has_value());
  EXPECT_EQ(std::get<NodeLost>(*decode_peer_status(status(false)).value()).node, NodeId{4});
}

TEST(CoordinatorCodec, WhatIsNoCommandIsMalformed) {
  using Request = schemas::CoordinatorRequest;
  EXPECT_FALSE(decode_command(seal<Request>([](auto) {})).has_value());
  EXPECT_FALSE(decode_command(encode_load()).has_value());
  EXPECT_FALSE(decode_command(Envelope{}).has_value());
}

}  // namespace
}  // namespace millrace::coordinator
