#include "runtime/envelope.hpp"

#include <cstring>

#include "actors/coordinator/coordinator_codec.hpp"
#include "actors/device/device_codec.hpp"
#include "actors/gateway/gateway_codec.hpp"
#include "actors/metadata/metadata_codec.hpp"
#include "actors/replica/replica_codec.hpp"
#include "actors/tablet/tablet_codec.hpp"
#include "base/check.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/device.capnp.h"
#include "schemas/link.capnp.h"
#include "schemas/metadata_store.capnp.h"
#include "schemas/replica.capnp.h"
#include "schemas/replication.capnp.h"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// What one actor reads of another's messages: every codec of every role. A message comes from
// another node, so its words may be anything.

namespace millrace::fuzz {
namespace {

constexpr BucketId bucket{TableId{7}, BucketIndex{2}};

/// Every root that some codec reads.
const std::vector<std::uint64_t>& roots() {
  static const std::vector<std::uint64_t> ids = {
      capnp::typeId<schemas::CoordinatorRequest>(), capnp::typeId<schemas::CoordinatorReply>(),
      capnp::typeId<schemas::NodeReport>(),         capnp::typeId<schemas::ClusterUpdate>(),
      capnp::typeId<schemas::PeerStatus>(),         capnp::typeId<schemas::DeviceRequest>(),
      capnp::typeId<schemas::DeviceReply>(),        capnp::typeId<schemas::ReplicaRequest>(),
      capnp::typeId<schemas::ReplicaReply>(),       capnp::typeId<schemas::MetadataRequest>(),
      capnp::typeId<schemas::MetadataReply>(),      capnp::typeId<schemas::ReplicationMessage>(),
      capnp::typeId<schemas::FetchAnswer>(),        capnp::typeId<schemas::ReplicaNews>()};
  return ids;
}

Envelope envelope_of(InputReader& reader) {
  Envelope envelope;
  envelope.schema = roots()[reader.below(roots().size())];
  for (std::size_t left = reader.below(3); left > 0; --left)
    envelope.attachments.push_back(reader.piece());
  const Buffer bytes = reader.rest();
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  const std::size_t size = words.size() * sizeof(capnp::word);
  if (size > 0) std::memcpy(static_cast<void*>(words.begin()), bytes.data(), size);
  envelope.words = std::make_shared<const kj::Array<capnp::word>>(std::move(words));
  return envelope;
}

Buffer seed_of(const Envelope& envelope) {
  const auto root = std::ranges::find(roots(), envelope.schema);
  CHECK(root != roots().end());
  InputWriter writer;
  writer.byte(static_cast<std::size_t>(root - roots().begin())).byte(envelope.attachments.size());
  for (const Buffer& attachment : envelope.attachments) writer.piece(attachment.text());
  const auto words = envelope.words->asBytes();
  return writer.rest({reinterpret_cast<const char*>(words.begin()), words.size()}).done();
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const Envelope envelope = envelope_of(reader);
  (void)coordinator::decode_command(envelope);
  (void)coordinator::decode_report(envelope);
  (void)coordinator::decode_peer_status(envelope);
  for (const auto order : {coordinator::StoreOrder::load, coordinator::StoreOrder::commit,
                           coordinator::StoreOrder::read_news}) {
    (void)coordinator::decode_outcome(envelope, order);
  }
  (void)device::decode_order(envelope);
  (void)gateway::decode_answer(envelope);
  (void)gateway::decode_reply(envelope);
  (void)metadata::decode_order(envelope);
  (void)replica::decode_request(envelope, 5, 1000);
  (void)replica::decode_device(envelope);
  (void)replica::decode_replication(envelope, 5);
  (void)replica::decode_news(envelope);
  (void)replica::is_refused(envelope);
  if (const auto reply = replica::decode_fetch_reply(envelope)) {
    CHECK(replica::decode_fetch_reply(replica::encode_fetch_reply(*reply)).value() == *reply);
  }
  (void)tablet::decode_peer_status(envelope);
  (void)tablet::decode_update(envelope);
  (void)tablet::decode_deleted(envelope);
}

std::vector<Buffer> seeds() {
  std::vector<Envelope> made = {
      gateway::encode_question(gateway::AppendQuestion{{Buffer::from(std::string("rows"))}}),
      gateway::encode_question(gateway::AwaitQuestion{9, 250ms}),
      gateway::encode_question(gateway::TimestampQuestion{123}),
      gateway::encode_command(gateway::CreateTableCommand{"nyc", "flights", "{}", true}),
      gateway::encode_command(
          gateway::CreatePartitionCommand{"nyc", "flights", {{"day", "20241130"}}, false}),
      gateway::encode_command(gateway::NewWriterCommand{}),
      replica::encode_appended(4, 9),
      replica::encode_data(3, 9, 1, Buffer::from(std::string("rows"))),
      replica::encode_refusal({protocol::ErrorCode::table_not_exist, "none"}),
      replica::encode_failure({Errc::overloaded, "full"}),
      replica::encode_open(bucket),
      replica::encode_read(bucket, {}),
      replica::encode_find(bucket, {}),
      replica::encode_expire(bucket, {}),
      replica::encode_begin(bucket, {}),
      replica::encode_cut(bucket, {}),
      replica::encode_restart(bucket, {}),
      replica::encode_write(bucket, {{}, true, {{LeaderEpoch{3}, 4}}}),
      replica::encode_fetch({NodeId{1}, 4, LeaderEpoch{2}, 9, LeaderEpoch{1}, 100}),
      replica::encode_leader_waits(LeaderEpoch{3}),
      replica::encode_fetch_reply(replica::FetchedRows{
          LeaderEpoch{3}, 9, 1, {{LeaderEpoch{3}, 4}}, Buffer::from(std::string("rows"))}),
      replica::encode_fetch_reply(replica::FetchDiverged{LeaderEpoch{3}, LeaderEpoch{2}, 9}),
      replica::encode_fetch_reply(replica::FetchTooOld{LeaderEpoch{3}, 9}),
      replica::encode_proposal(bucket, {LeaderEpoch{3}, 4, {{NodeId{1}, Incarnation{2}}}, false}),
      tablet::encode_assigned({NodeId{1}, LeaderEpoch{3}, {NodeId{1}}, 4, {NodeId{1}}}),
      tablet::encode_returned(NodeId{2}),
      tablet::encode_delete_log(bucket),
      device::encode_outcome(bucket, {}),
      coordinator::encode_load(),
      coordinator::encode_commit({}),
      coordinator::encode_update({}),
      metadata::encode_loaded({Revision{3}, true, {Buffer::from(std::string("part"))}}),
      metadata::encode_committed(Revision{4}),
      metadata::encode_failed({Errc::stale_epoch, "late"}),
      tablet::encode_report({}, Revision{4}, 7)};
  std::vector<Buffer> seeds;
  for (const Envelope& envelope : made) seeds.push_back(seed_of(envelope));
  return seeds;
}

}  // namespace millrace::fuzz
