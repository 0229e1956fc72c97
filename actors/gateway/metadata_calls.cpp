#include "actors/gateway/metadata_calls.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "actors/gateway/view_answers.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;
using protocol::ErrorCode;
using protocol::ProtocolError;
using protocol::RequestFrame;

// A command is answered within 500 ms of being durable; more than this is a lost message.
constexpr Duration coordinator_wait_max = 10s;
// "Unknown" is said after this long even if the coordinator cannot be asked.
constexpr Duration sync_wait_max = 2s;

// The body of both "exists" answers when it does: field 1, true.
constexpr std::string_view exists_yes("\x08\x01", 2);

constexpr std::array served_keys = {
    ApiKey::api_versions,
    ApiKey::create_database,
    ApiKey::drop_database,
    ApiKey::list_databases,
    ApiKey::database_exists,
    ApiKey::create_table,
    ApiKey::drop_table,
    ApiKey::get_table_info,
    ApiKey::list_tables,
    ApiKey::list_partition_infos,
    ApiKey::table_exists,
    ApiKey::get_table_schema,
    ApiKey::get_metadata,
    ApiKey::produce_log,
    ApiKey::fetch_log,
    ApiKey::list_offsets,
    ApiKey::get_filesystem_security_token,
    ApiKey::init_writer,
    ApiKey::limit_scan,
    ApiKey::get_database_info,
    ApiKey::create_partition,
    ApiKey::drop_partition,
    ApiKey::authenticate,
    ApiKey::create_acls,
    ApiKey::list_acls,
    ApiKey::drop_acls,
    ApiKey::alter_table,
    ApiKey::describe_cluster_configs,
    ApiKey::alter_cluster_configs,
    ApiKey::add_server_tag,
    ApiKey::remove_server_tag,
    ApiKey::get_table_stats,
    ApiKey::alter_database,
    ApiKey::get_cluster_health,
};

ProtocolError no_coordinator() {
  return {ErrorCode::request_time_out, "The coordinator did not answer in time; retry."};
}

std::unique_ptr<Call> finished(const Error& error) {
  return make_finished_call(RespondError{to_protocol(error)});
}

class ViewCall final : public Call {
 public:
  explicit ViewCall(RequestFrame request) : request_(std::move(request)) {}

  CallEffects begin(const CallContext& context) override {
    auto answer = answer_from_view(context, request_);
    if (answer) {
      if (!may_be_behind(context, *answer)) return {Respond{std::move(*answer)}};
    } else if (!says_missing(answer.error())) {
      return {RespondError{answer.error()}};
    }
    return {SetDeadline{sync_wait_max}, AskCoordinator{SyncCommand{}}};
  }

  CallEffects on_coordinator(const CallContext& context,
                             const CoordinatorAnswer& /*answer*/) override {
    return finish(context);
  }
  /// Nobody could say whether what is missing here is missing.
  CallEffects on_deadline(const CallContext& context) override {
    const auto answer = answer_from_view(context, request_);
    if (!answer && says_missing(answer.error())) return {RespondError{no_coordinator()}};
    return finish(context);
  }

 private:
  /// Answers that say "no" without an error: an existence that is denied, no servers at all, and
  /// the partitions, which writers create and do not wait for.
  [[nodiscard]] bool may_be_behind(const CallContext& context,
                                   const std::vector<Buffer>& answer) const {
    const auto key = static_cast<ApiKey>(request_.api_key);
    if (key == ApiKey::get_metadata) return context.view.members.empty();
    if (key == ApiKey::list_partition_infos) return true;
    if (key != ApiKey::table_exists && key != ApiKey::database_exists) return false;
    return answer.front().text() != exists_yes;
  }

  [[nodiscard]] CallEffects finish(const CallContext& context) const {
    auto answer = answer_from_view(context, request_);
    if (!answer) return {RespondError{answer.error()}};
    return {Respond{std::move(*answer)}};
  }

  const RequestFrame request_;
};

class CoordinatorCall final : public Call {
 public:
  explicit CoordinatorCall(CoordinatorCommand command) : command_(std::move(command)) {}

  CallEffects begin(const CallContext& /*context*/) override {
    return {SetDeadline{coordinator_wait_max}, AskCoordinator{command_}};
  }

  CallEffects on_coordinator(const CallContext& /*context*/,
                             const CoordinatorAnswer& answer) override {
    if (const auto* error = std::get_if<ProtocolError>(&answer)) return {RespondError{*error}};
    if (const auto* granted = std::get_if<WriterGranted>(&answer)) {
      wire::InitWriterResponse response;
      response.set_writer_id(granted->writer);
      return {Respond{{protocol::serialize(response)}}};
    }
    return {Respond{}};  // The messages that confirm a change have no fields.
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    return {RespondError{no_coordinator()}};
  }

 private:
  const CoordinatorCommand command_;
};

CoordinatorCommand command_of(const wire::CreateDatabaseRequest& in) {
  return CreateDatabaseCommand{in.database_name(), in.database_json(), in.ignore_if_exists()};
}
CoordinatorCommand command_of(const wire::DropDatabaseRequest& in) {
  return DropDatabaseCommand{in.database_name(), in.ignore_if_not_exists(), in.cascade()};
}
CoordinatorCommand command_of(const wire::CreateTableRequest& in) {
  return CreateTableCommand{in.table_path().database_name(), in.table_path().table_name(),
                            in.table_json(), in.ignore_if_exists()};
}
CoordinatorCommand command_of(const wire::DropTableRequest& in) {
  return DropTableCommand{in.table_path().database_name(), in.table_path().table_name(),
                          in.ignore_if_not_exists()};
}
PartitionSpec spec_of(const wire::PbPartitionSpec& in) {
  PartitionSpec spec;
  for (const auto& entry : in.partition_key_values()) spec.emplace_back(entry.key(), entry.value());
  return spec;
}
CoordinatorCommand command_of(const wire::CreatePartitionRequest& in) {
  // The field's name is a slip of the protocol: it means "if it exists".
  return CreatePartitionCommand{in.table_path().database_name(), in.table_path().table_name(),
                                spec_of(in.partition_spec()), in.ignore_if_not_exists()};
}
CoordinatorCommand command_of(const wire::DropPartitionRequest& in) {
  return DropPartitionCommand{in.table_path().database_name(), in.table_path().table_name(),
                              spec_of(in.partition_spec()), in.ignore_if_not_exists()};
}
CoordinatorCommand command_of(const wire::InitWriterRequest& /*in*/) { return NewWriterCommand{}; }

template <class Request>
std::unique_ptr<Call> parse_command(const RequestFrame& frame) {
  auto request = protocol::parse_message<Request>(frame.body.bytes());
  if (!request) return finished(request.error());
  return make_command_call(command_of(*request));
}

std::unique_ptr<Call> api_versions(const RequestFrame& frame) {
  auto request = protocol::parse_message<wire::ApiVersionsRequest>(frame.body.bytes());
  if (!request) return finished(request.error());
  // No server type: this process is coordinator and tablet server at once.
  wire::ApiVersionsResponse response;
  for (const protocol::Api& api : served_apis()) {
    auto* entry = response.add_api_versions();
    entry->set_api_key(static_cast<std::int32_t>(api.key));
    entry->set_min_version(api.version_min);
    entry->set_max_version(api.version_max);
  }
  return make_finished_call(Respond{{protocol::serialize(response)}});
}

}  // namespace

std::span<const protocol::Api> served_apis() {
  static const auto apis = [] {
    std::array<protocol::Api, served_keys.size()> found{};
    for (std::size_t i = 0; i < found.size(); ++i) {
      found[i] = *protocol::find_api(static_cast<std::int16_t>(served_keys[i]));
    }
    return found;
  }();
  return apis;
}

std::unique_ptr<Call> make_handshake_call(const RequestFrame& request) {
  return api_versions(request);
}

std::unique_ptr<Call> make_view_call(const RequestFrame& request) {
  return std::make_unique<ViewCall>(request);
}

std::unique_ptr<Call> make_command_call(CoordinatorCommand command) {
  return std::make_unique<CoordinatorCall>(std::move(command));
}

std::unique_ptr<Call> make_coordinator_call(const RequestFrame& request) {
  switch (static_cast<ApiKey>(request.api_key)) {
    case ApiKey::create_database:
      return parse_command<wire::CreateDatabaseRequest>(request);
    case ApiKey::drop_database:
      return parse_command<wire::DropDatabaseRequest>(request);
    case ApiKey::create_table:
      return parse_command<wire::CreateTableRequest>(request);
    case ApiKey::drop_table:
      return parse_command<wire::DropTableRequest>(request);
    case ApiKey::create_partition:
      return parse_command<wire::CreatePartitionRequest>(request);
    case ApiKey::drop_partition:
      return parse_command<wire::DropPartitionRequest>(request);
    default:
      return parse_command<wire::InitWriterRequest>(request);
  }
}

}  // namespace millrace::gateway
