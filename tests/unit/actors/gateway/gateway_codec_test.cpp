// What a gateway writes is what replicas and the coordinator read, and the other way round.
#include "actors/gateway/gateway_codec.hpp"

#include <gtest/gtest.h>

#include "actors/coordinator/coordinator_codec.hpp"
#include "actors/replica/replica_codec.hpp"
#include "schemas/replica.capnp.h"

namespace millrace::gateway {
namespace {

template <class E>
E asked(const ReplicaQuestion& question) {
  auto decoded = replica::decode_request(encode_question(question), 5, 77);
  EXPECT_TRUE(decoded.has_value() && std::holds_alternative<E>(decoded->event));
  return decoded ? std::get<E>(decoded->event) : E{};
}

TEST(GatewayCodec, QuestionsReachReplicas) {
  EXPECT_EQ(asked<replica::AppendAsked>(AppendQuestion{{Buffer::from("a"), Buffer::from("b")}})
                .batches.at(1)
                .text(),
            "b");
  const auto read = asked<replica::ReadAsked>(ReadQuestion{-2, 4096});
  EXPECT_EQ(read.from, -2);
  EXPECT_EQ(read.bytes_max, 4096U);
  EXPECT_EQ(asked<replica::AwaitAsked>(AwaitQuestion{9, 250ms}).from, 9);
  EXPECT_EQ(asked<replica::AwaitAsked>(AwaitQuestion{9, 250ms, 77}).bytes_max, 77U);
  (void)asked<replica::EarliestAsked>(EarliestQuestion{});
  (void)asked<replica::LatestAsked>(LatestQuestion{});
  EXPECT_EQ(asked<replica::TimestampAsked>(TimestampQuestion{123}).timestamp, 123);
}

TEST(GatewayCodec, RowsTakeTheDataLane) {
  EXPECT_EQ(encode_question(AppendQuestion{{Buffer::from("a")}}).lane, Lane::data);
  EXPECT_EQ(replica::encode_data(3, 9, 1, Buffer::from("rows")).lane, Lane::data);
  EXPECT_EQ(encode_question(ReadQuestion{0, 1}).lane, Lane::control);
  EXPECT_EQ(replica::encode_appended(4, 9).lane, Lane::control);
}

template <class E>
E answered(const Envelope& envelope) {
  EXPECT_TRUE(is_replica_answer(envelope));
  auto decoded = decode_answer(envelope);
  EXPECT_TRUE(decoded.has_value() && std::holds_alternative<E>(*decoded));
  return decoded ? std::get<E>(*decoded) : E{};
}

TEST(GatewayCodec, AnswersOfReplicasComeBack) {
  EXPECT_EQ(answered<AppendedAnswer>(replica::encode_appended(4, 9)).base, 4);
  const auto data = answered<DataAnswer>(replica::encode_data(3, 9, 1, Buffer::from("rows")));
  EXPECT_EQ(data.from, 3);
  EXPECT_EQ(data.high_watermark, 9);
  EXPECT_EQ(data.log_start, 1);
  EXPECT_EQ(data.batches.text(), "rows");
  EXPECT_TRUE(answered<DataAnswer>(replica::encode_data(3, 9, 1, {})).batches.empty());
  (void)answered<AdvancedAnswer>(replica::encode_advanced(4));
  EXPECT_EQ(answered<OffsetAnswer>(replica::encode_offset(17)).offset, 17);
  const protocol::ProtocolError gap{protocol::ErrorCode::out_of_order_sequence_exception, "gap"};
  EXPECT_EQ(answered<protocol::ProtocolError>(replica::encode_refusal(gap)), gap);
  EXPECT_EQ(
      answered<protocol::ProtocolError>(replica::encode_failure({Errc::overloaded, "full"})).code,
      protocol::ErrorCode::storage_exception);
  EXPECT_FALSE(decode_answer(seal<schemas::ReplicaReply>([](auto) {})).has_value());
}

template <class E>
E commanded(const CoordinatorCommand& command) {
  auto decoded = coordinator::decode_command(encode_command(command));
  EXPECT_TRUE(decoded.has_value() && std::holds_alternative<E>(*decoded));
  return decoded ? std::get<E>(*decoded) : E{};
}

TEST(GatewayCodec, CommandsReachTheCoordinator) {
  const auto database =
      commanded<coordinator::CreateDatabase>(CreateDatabaseCommand{"d", "json", true});
  EXPECT_EQ(database.name, "d");
  EXPECT_EQ(database.json, "json");
  EXPECT_TRUE(database.ignore_if_exists);
  EXPECT_TRUE(commanded<coordinator::DropDatabase>(DropDatabaseCommand{"d", false, true}).cascade);
  const std::string odd("a\0b", 3);  // Names are checked by the rules, not cut on the way.
  EXPECT_EQ(commanded<coordinator::CreateTable>(CreateTableCommand{"d", odd, "{}", false}).name,
            odd);
  EXPECT_TRUE(
      commanded<coordinator::DropTable>(DropTableCommand{"d", "t", true}).ignore_if_missing);
  (void)commanded<coordinator::NewWriter>(NewWriterCommand{});
  (void)commanded<coordinator::Sync>(SyncCommand{});
}

TEST(GatewayCodec, ChangesOfPermissionsReachTheCoordinator) {
  const protocol::AclEntry entry{protocol::cluster_resource(), protocol::user_principal("bob"), "*",
                                 protocol::Operation::read, protocol::Permission::allow};
  const auto created = commanded<coordinator::CreateAcls>(ChangeAclsCommand{AclsCreated{{entry}}});
  EXPECT_EQ(created.entries, std::vector{entry});
  const auto dropped = commanded<coordinator::DropAcls>(ChangeAclsCommand{AclsDropped{{entry}}});
  EXPECT_EQ(dropped.entries, std::vector{entry});
  // Nothing else can be slipped in that way.
  const ChangeAclsCommand other{WriterIdsReserved{WriterId{9}}};
  EXPECT_FALSE(coordinator::decode_command(encode_command(other)).has_value());
  Envelope bare = encode_command(ChangeAclsCommand{AclsCreated{{entry}}});
  bare.attachments.clear();
  EXPECT_FALSE(coordinator::decode_command(bare).has_value());
}

TEST(GatewayCodec, RepliesOfTheCoordinatorComeBack) {
  const auto decoded = [](const coordinator::Reply& reply) {
    return decode_reply(coordinator::encode_reply(reply)).value();
  };
  EXPECT_TRUE(std::holds_alternative<CommandDone>(decoded(coordinator::Done{})));
  EXPECT_EQ(std::get<WriterGranted>(decoded(coordinator::WriterGranted{WriterId{5}})).writer, 5);
  const protocol::ProtocolError error{protocol::ErrorCode::table_not_exist, "no"};
  EXPECT_EQ(std::get<protocol::ProtocolError>(decoded(error)), error);
  EXPECT_FALSE(decode_reply(replica::encode_offset(1)).has_value());
}

}  // namespace
}  // namespace millrace::gateway
