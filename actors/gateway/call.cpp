#include "actors/gateway/call.hpp"

#include <fmt/format.h>

#include <utility>

namespace millrace::gateway {

using protocol::ErrorCode;
using protocol::ProtocolError;

namespace {

class FinishedCall final : public Call {
 public:
  explicit FinishedCall(CallEffect answer) : answer_(std::move(answer)) {}
  CallEffects begin(const CallContext& /*context*/) override { return {answer_}; }
  CallEffects on_deadline(const CallContext& /*context*/) override { return {}; }

 private:
  const CallEffect answer_;
};

}  // namespace

std::unique_ptr<Call> make_finished_call(CallEffect answer) {
  return std::make_unique<FinishedCall>(std::move(answer));
}

CallEffects Call::on_replica(const CallContext& /*context*/, std::uint32_t /*slot*/,
                             const ReplicaAnswer& /*answer*/) {
  return {};
}

CallEffects Call::on_coordinator(const CallContext& /*context*/,
                                 const CoordinatorAnswer& /*answer*/) {
  return {};
}

const Caller& anybody() {
  static const Caller caller{};
  return caller;
}

const protocol::Properties& no_configs() {
  static const protocol::Properties none{};
  return none;
}

bool may(const CallContext& context, protocol::Operation operation,
         const protocol::Resource& resource) {
  const Caller& caller = context.caller;
  if (caller.authorizer == nullptr || caller.passes_all) return true;
  return is_allowed(*caller.authorizer, context.view.catalog.acls(),
                    {caller.principal, caller.host}, operation, resource);
}

bool is_alive(const ClusterView& view, NodeId node) {
  const auto found = view.members.find(node);
  return found != view.members.end() && found->second.alive;
}

std::optional<ProtocolError> why_not_here(const CallContext& context, BucketId bucket) {
  const BucketInfo* const info = context.view.catalog.find_bucket(bucket);
  if (info == nullptr) {
    return ProtocolError{ErrorCode::unknown_table_or_bucket_exception,
                         fmt::format("Unknown table bucket {}.", to_string(bucket))};
  }
  const bool is_leader = info->leader == context.self;
  // A node that has just started, or has another disk than its own, has no replicas to ask.
  if (is_leader && context.view.serves) return std::nullopt;
  return ProtocolError{
      ErrorCode::not_leader_or_follower,
      fmt::format("Tablet server {} {} bucket {}.", context.self.value(),
                  is_leader ? "does not serve" : "is not the leader of", to_string(bucket))};
}

ProtocolError to_protocol(const Error& error) {
  switch (error.code) {
    case Errc::malformed:
      return {ErrorCode::corrupt_message, error.message};
    case Errc::stale_epoch:
    case Errc::not_leader:
      return {ErrorCode::not_leader_or_follower, error.message};
    case Errc::overloaded:
      return {ErrorCode::storage_exception, error.message};
    case Errc::unavailable:
      return {ErrorCode::log_storage_exception, error.message};
    case Errc::corrupt:
      return {ErrorCode::corrupt_record_exception, error.message};
  }
  return {ErrorCode::unknown_server_error, error.message};
}

}  // namespace millrace::gateway
