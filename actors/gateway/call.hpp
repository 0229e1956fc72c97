#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/gateway/authorizer.hpp"
#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/acl.hpp"
#include "protocol/alteration.hpp"
#include "protocol/error_code.hpp"
#include "state/meta/catalog/cluster_view.hpp"

namespace millrace::gateway {

// A call is one client request from its frame to its answer. Calls are logic: they say whom to ask
// and what to answer, and are told what came back. A call answers exactly once, whatever happens:
// the deadline it sets is its guarantee, since replicas and coordinators may end at any moment.

// What a call asks a bucket's replica on this node.
struct AppendQuestion {
  std::vector<Buffer> batches;
  bool by_all = true;  ///< acks=all, not acks=1.
};
struct ReadQuestion {
  Offset from = 0;
  std::size_t bytes_max = 0;
};
struct AwaitQuestion {
  Offset from = 0;
  Duration wait_max{};
  std::size_t bytes_max = 0;  ///< Of rows that may come with the answer, as a DataAnswer.
};
/// Fluss's way to say "from the first offset that is kept".
inline constexpr Offset earliest_offset = -2;
struct EarliestQuestion {};
struct LatestQuestion {};
struct TimestampQuestion {
  EpochMillis timestamp = 0;
};
using ReplicaQuestion = std::variant<AppendQuestion, ReadQuestion, AwaitQuestion, EarliestQuestion,
                                     LatestQuestion, TimestampQuestion>;

// What it is answered.
struct AppendedAnswer {
  Offset base = 0;
};
struct DataAnswer {
  Offset from = 0;
  Offset high_watermark = 0;
  Offset log_start = 0;
  Buffer batches;
};
struct AdvancedAnswer {};
struct OffsetAnswer {
  Offset offset = 0;
};
using ReplicaAnswer =
    std::variant<AppendedAnswer, DataAnswer, AdvancedAnswer, OffsetAnswer, protocol::ProtocolError>;

// What it asks the coordinator in office.
struct CreateDatabaseCommand {
  std::string name;
  std::string json;
  bool ignore_if_exists = false;
};
struct DropDatabaseCommand {
  std::string name;
  bool ignore_if_missing = false;
  bool cascade = false;
};
struct CreateTableCommand {
  std::string database;
  std::string name;
  std::string json;
  bool ignore_if_exists = false;
};
struct DropTableCommand {
  std::string database;
  std::string name;
  bool ignore_if_missing = false;
};
/// A partition's values by key, as the client gave them.
using PartitionSpec = std::vector<std::pair<std::string, std::string>>;
struct CreatePartitionCommand {
  std::string database;
  std::string table;
  PartitionSpec spec;
  bool ignore_if_exists = false;
};
struct DropPartitionCommand {
  std::string database;
  std::string table;
  PartitionSpec spec;
  bool ignore_if_missing = false;
};
struct NewWriterCommand {};
struct SyncCommand {};
/// AclsCreated or AclsDropped.
struct ChangeAclsCommand {
  CatalogDelta delta;
};
using CoordinatorCommand =
    std::variant<CreateDatabaseCommand, DropDatabaseCommand, CreateTableCommand, DropTableCommand,
                 CreatePartitionCommand, DropPartitionCommand, NewWriterCommand, SyncCommand,
                 ChangeAclsCommand, protocol::Alteration>;

struct CommandDone {};
struct WriterGranted {
  std::int64_t writer = 0;
};
using CoordinatorAnswer = std::variant<CommandDone, WriterGranted, protocol::ProtocolError>;

// What the connection must do, in this order.
/// `slot` comes back with the answer.
struct AskReplica {
  std::uint32_t slot = 0;
  BucketId bucket;
  ReplicaQuestion question;
  std::optional<NodeId> node = {};  ///< Where the replica is; none: on this node.
};
struct AskCoordinator {
  CoordinatorCommand command;
};
/// on_deadline() after so long, if the call is not over by then. Set at most once.
struct SetDeadline {
  Duration after{};
};
/// The answer's body; the call is over.
struct Respond {
  std::vector<Buffer> body;
  std::uint64_t batches_left_out = 0;  ///< By a filter: for the counters.
};
struct RespondError {
  protocol::ProtocolError error;
};
using CallEffect = std::variant<AskReplica, AskCoordinator, SetDeadline, Respond, RespondError>;
using CallEffects = std::vector<CallEffect>;

/// On whose behalf a call runs.
struct Caller {
  std::string listener;  ///< He stays on the addresses of this name.
  protocol::Principal principal = protocol::anonymous_principal();
  std::string host;
  const AuthorizerSettings* authorizer = nullptr;  ///< Null: there is none.
  bool passes_all = false;                         ///< He came in where nothing is checked.
};
/// Somebody who may do everything.
[[nodiscard]] const Caller& anybody();

[[nodiscard]] const protocol::Properties& no_configs();

/// What every call may look at; the view is the newest of the node.
struct CallContext {
  NodeId self;
  const ClusterView& view;
  Instant now{};
  const Caller& caller = anybody();
  /// What this node was started with, secrets left out.
  const protocol::Properties& configs = no_configs();
};

/// Whether the caller may do `operation` on `resource`.
[[nodiscard]] bool may(const CallContext& context, protocol::Operation operation,
                       const protocol::Resource& resource);

class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;

  [[nodiscard]] virtual CallEffects begin(const CallContext& context) = 0;
  [[nodiscard]] virtual CallEffects on_replica(const CallContext& context, std::uint32_t slot,
                                               const ReplicaAnswer& answer);
  [[nodiscard]] virtual CallEffects on_coordinator(const CallContext& context,
                                                   const CoordinatorAnswer& answer);
  [[nodiscard]] virtual CallEffects on_deadline(const CallContext& context) = 0;
  /// Whether rows that come as the answer to `slot` would be kept now.
  [[nodiscard]] virtual bool wants_rows(std::uint32_t /*slot*/) const { return true; }
};

/// A call whose answer is known: it is over as soon as it begins.
[[nodiscard]] std::unique_ptr<Call> make_finished_call(CallEffect answer);

/// The bucket that an entry of a request names: any message with partition and bucket id.
template <class Entry>
[[nodiscard]] BucketId bucket_of(TableId table, BucketIndex bucket, const Entry& entry) {
  return {table, bucket,
          entry.has_partition_id() ? PartitionId{entry.partition_id()} : no_partition};
}

/// Whether a node is there, as far as is known here.
[[nodiscard]] bool is_alive(const ClusterView& view, NodeId node);

/// An error for the client if a bucket's leader is not here, or its replica does not run.
[[nodiscard]] std::optional<protocol::ProtocolError> why_not_here(const CallContext& context,
                                                                  BucketId bucket);

/// What clients are told for an Errc: the only place where the two meet.
[[nodiscard]] protocol::ProtocolError to_protocol(const Error& error);

}  // namespace millrace::gateway
