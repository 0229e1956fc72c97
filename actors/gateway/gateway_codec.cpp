#include "actors/gateway/gateway_codec.hpp"

#include <string>
#include <utility>

#include "runtime/error_codec.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/replica.capnp.h"
#include "schemas/transport.capnp.h"
#include "state/meta/catalog/catalog_codec.hpp"

namespace millrace::gateway {
namespace {

using Question = schemas::ReplicaRequest;
using Answer = schemas::ReplicaReply;
using Command = schemas::CoordinatorRequest;
using Reply = schemas::CoordinatorReply;

/// All of it: left to itself, Cap'n Proto ends a text at its first NUL, and a client's bad name
/// would become another, good one.
capnp::Text::Reader text(const std::string& in) { return {in.c_str(), in.size()}; }

void write(Question::Builder out, const AppendQuestion& question) {
  out.setAppend();
  out.setByLeaderAlone(!question.by_all);
}

void write(Question::Builder out, const ReadQuestion& question) {
  auto read = out.initRead();
  read.setFrom(question.from);
  read.setBytesMax(question.bytes_max);
}

void write(Question::Builder out, const AwaitQuestion& question) {
  auto await = out.initAwait();
  await.setFrom(question.from);
  await.setWaitMaxMillis(std::chrono::ceil<std::chrono::milliseconds>(question.wait_max).count());
  await.setBytesMax(question.bytes_max);
}

void write(Question::Builder out, const EarliestQuestion&) { out.initOffset().setEarliest(); }
void write(Question::Builder out, const LatestQuestion&) { out.initOffset().setLatest(); }
void write(Question::Builder out, const TimestampQuestion& question) {
  out.initOffset().setTimestampMillis(question.timestamp);
}

void write(Command::Builder out, const CreateDatabaseCommand& command) {
  auto create = out.initCreateDatabase();
  create.setName(text(command.name));
  create.setJson(text(command.json));
  create.setIgnoreIfExists(command.ignore_if_exists);
}

void write(Command::Builder out, const DropDatabaseCommand& command) {
  auto drop = out.initDropDatabase();
  drop.setName(text(command.name));
  drop.setIgnoreIfMissing(command.ignore_if_missing);
  drop.setCascade(command.cascade);
}

void write(Command::Builder out, const CreateTableCommand& command) {
  auto create = out.initCreateTable();
  create.setDatabase(text(command.database));
  create.setName(text(command.name));
  create.setJson(text(command.json));
  create.setIgnoreIfExists(command.ignore_if_exists);
}

void write(Command::Builder out, const DropTableCommand& command) {
  auto drop = out.initDropTable();
  drop.setDatabase(text(command.database));
  drop.setName(text(command.name));
  drop.setIgnoreIfMissing(command.ignore_if_missing);
}

template <class PartitionCommand>
void write_partition(schemas::PartitionCommand::Builder out, const PartitionCommand& command,
                     bool ignore) {
  out.setDatabase(text(command.database));
  out.setTable(text(command.table));
  auto spec = out.initSpec(static_cast<unsigned>(command.spec.size()));
  for (unsigned i = 0; i < spec.size(); ++i) {
    spec[i].setKey(text(command.spec[i].first));
    spec[i].setValue(text(command.spec[i].second));
  }
  out.setIgnore(ignore);
}

void write(Command::Builder out, const CreatePartitionCommand& command) {
  write_partition(out.initCreatePartition(), command, command.ignore_if_exists);
}

void write(Command::Builder out, const DropPartitionCommand& command) {
  write_partition(out.initDropPartition(), command, command.ignore_if_missing);
}

void write(Command::Builder out, const NewWriterCommand&) { out.setNewWriter(); }
void write(Command::Builder out, const SyncCommand&) { out.setSync(); }
void write(Command::Builder out, const ChangeAclsCommand&) { out.setChangeAcls(); }

void write(capnp::List<schemas::ConfigChange>::Builder out,
           const std::vector<protocol::ConfigChange>& changes) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const protocol::ConfigChange& change = changes[i];
    out[i].setKey(text(change.key));
    if (change.value) out[i].setValue(text(*change.value));
    out[i].setHasValue(change.value.has_value());
    out[i].setOperation(change.operation);
  }
}

unsigned count_of(const auto& list) { return static_cast<unsigned>(list.size()); }

void write(Command::Builder out, const protocol::AlterTable& alteration) {
  auto alter = out.initAlterTable();
  alter.setDatabase(text(alteration.database));
  alter.setName(text(alteration.name));
  alter.setIgnoreIfMissing(alteration.ignore_if_missing);
  write(alter.initConfigs(count_of(alteration.configs)), alteration.configs);
  auto columns = alter.initAddedColumns(count_of(alteration.added_columns));
  for (unsigned i = 0; i < columns.size(); ++i) {
    const protocol::AddedColumn& column = alteration.added_columns[i];
    columns[i].setName(text(column.name));
    columns[i].setTypeJson(text(column.type_json));
    if (column.comment) columns[i].setComment(text(*column.comment));
    columns[i].setHasComment(column.comment.has_value());
    columns[i].setPosition(column.position);
    columns[i].setAggregation(text(column.aggregation));
  }
  alter.setOtherChange(text(alteration.other_change));
}

void write(Command::Builder out, const protocol::AlterDatabase& alteration) {
  auto alter = out.initAlterDatabase();
  alter.setName(text(alteration.name));
  alter.setIgnoreIfMissing(alteration.ignore_if_missing);
  write(alter.initConfigs(count_of(alteration.configs)), alteration.configs);
  if (alteration.comment) alter.setComment(text(*alteration.comment));
  alter.setHasComment(alteration.comment.has_value());
}

void write(Command::Builder out, const protocol::AlterClusterConfigs& alteration) {
  write(out.initAlterClusterConfigs(count_of(alteration.configs)), alteration.configs);
}

void write(Command::Builder out, const protocol::TagServers& alteration) {
  auto tag = out.initTagServers();
  auto servers = tag.initServers(count_of(alteration.servers));
  for (unsigned i = 0; i < servers.size(); ++i) servers.set(i, alteration.servers[i]);
  tag.setTag(alteration.tag);
  tag.setRemove(alteration.remove);
}

void write(Command::Builder out, const protocol::Alteration& alteration) {
  std::visit([&](const auto& one) { write(out, one); }, alteration);
}

}  // namespace

bool is_transport_news(const Envelope& envelope) {
  return holds<schemas::TransportMessage>(envelope);
}

Envelope encode_question(const ReplicaQuestion& question) {
  std::vector<Buffer> attachments;
  if (const auto* append = std::get_if<AppendQuestion>(&question)) attachments = append->batches;
  Envelope envelope = seal<Question>(
      [&](Question::Builder out) {
        std::visit([&](const auto& one) { write(out, one); }, question);
      },
      std::move(attachments));
  if (std::holds_alternative<AppendQuestion>(question)) envelope.lane = Lane::data;
  return envelope;
}

bool is_replica_answer(const Envelope& envelope) { return holds<Answer>(envelope); }

Result<ReplicaAnswer> decode_answer(const Envelope& envelope) {
  return open<Answer>(envelope, [&](Answer::Reader answer) -> Result<ReplicaAnswer> {
    switch (answer.which()) {
      case Answer::APPENDED:
        return AppendedAnswer{answer.getAppended().getBaseOffset()};
      case Answer::DATA: {
        const auto data = answer.getData();
        DataAnswer out{data.getFrom(), data.getHighWatermark(), data.getLogStart(), {}};
        if (!envelope.attachments.empty()) out.batches = envelope.attachments.front();
        return out;
      }
      case Answer::ADVANCED:
        return AdvancedAnswer{};
      case Answer::OFFSET:
        return OffsetAnswer{answer.getOffset()};
      case Answer::REFUSED: {
        const auto refused = answer.getRefused();
        return protocol::ProtocolError{protocol::error_code_of(refused.getCode()),
                                       refused.getMessage().cStr()};
      }
      case Answer::FAILED: {
        const auto failed = answer.getFailed();
        return to_protocol({errc_from(failed.getErrc()), failed.getMessage().cStr()});
      }
      default:
        return fail(Errc::malformed, "unusable answer from a replica");
    }
  });
}

Envelope encode_command(const CoordinatorCommand& command) {
  std::vector<Buffer> attachments;
  if (const auto* acls = std::get_if<ChangeAclsCommand>(&command)) {
    attachments.push_back(encode_delta(acls->delta));
  }
  return seal<Command>(
      [&](Command::Builder out) { std::visit([&](const auto& one) { write(out, one); }, command); },
      std::move(attachments));
}

Result<CoordinatorAnswer> decode_reply(const Envelope& envelope) {
  return open<Reply>(envelope, [](Reply::Reader reply) -> Result<CoordinatorAnswer> {
    switch (reply.which()) {
      case Reply::DONE:
        return CommandDone{};
      case Reply::WRITER_ID:
        return WriterGranted{reply.getWriterId()};
      case Reply::REFUSED: {
        const auto refused = reply.getRefused();
        return protocol::ProtocolError{protocol::error_code_of(refused.getCode()),
                                       refused.getMessage().cStr()};
      }
      default:
        return fail(Errc::malformed, "unusable answer from the coordinator");
    }
  });
}

}  // namespace millrace::gateway
