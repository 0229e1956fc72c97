#include "actors/gateway/acl_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "actors/gateway/access_rules.hpp"
#include "protocol/acl_wire.hpp"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::AclEntry;
using protocol::AclFilter;
using protocol::ApiKey;
using protocol::ErrorCode;
using protocol::Operation;
using protocol::ProtocolError;

constexpr Duration coordinator_wait_max = 10s;
constexpr Duration sync_wait_max = 2s;
constexpr int items_max = 1000;

/// An error that is there even when it says that there is none.
template <class Item>
void set_error(Item& item, const ProtocolError& error) {
  item.set_error_code(static_cast<std::int32_t>(error.code));
  item.set_error_message(protocol::wire_text(error.message));
}

/// Nothing: it was done.
using ItemError = std::optional<ProtocolError>;

ItemError outcome_of(const CoordinatorAnswer& answer) {
  if (const auto* error = std::get_if<ProtocolError>(&answer)) return *error;
  return std::nullopt;
}

ProtocolError not_confirmed() {
  return {ErrorCode::request_time_out, "The coordinator did not answer in time; retry."};
}

class CreateAclsCall final : public Call {
 public:
  explicit CreateAclsCall(const wire::CreateAclsRequest& request) {
    for (const auto& acl : request.acl()) items_.push_back({protocol::read_acl(acl), std::nullopt});
  }

  CallEffects begin(const CallContext& context) override {
    AclsCreated wanted;
    for (Item& item : items_) {
      if (auto bad = protocol::why_bad_acl(item.entry)) {
        item.error = ProtocolError{ErrorCode::unknown_server_error, "Invalid ACL: " + *bad + "."};
      } else if (auto denied = why_denied(context, Operation::all, item.entry.resource)) {
        item.error = std::move(denied);
      } else {
        wanted.entries.push_back(item.entry);
      }
    }
    if (wanted.entries.empty()) return respond();
    return {SetDeadline{coordinator_wait_max},
            AskCoordinator{ChangeAclsCommand{std::move(wanted)}}};
  }

  CallEffects on_coordinator(const CallContext& /*context*/,
                             const CoordinatorAnswer& answer) override {
    settle(outcome_of(answer));
    return respond();
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    settle(not_confirmed());
    return respond();
  }

 private:
  struct Item {
    AclEntry entry;
    ItemError error;
  };

  void settle(const ItemError& outcome) {
    for (Item& item : items_) {
      if (!item.error) item.error = outcome;
    }
  }

  [[nodiscard]] CallEffects respond() const {
    wire::CreateAclsResponse response;
    for (const Item& item : items_) {
      auto* result = response.add_acl_res();
      protocol::write_acl(*result->mutable_acl(), item.entry);
      result->set_error_code(0);  // Said here even when all is well.
      if (item.error) set_error(*result, *item.error);
    }
    return {Respond{{protocol::serialize(response)}}};
  }

  std::vector<Item> items_;
};

/// Finds what its filters match once this node has caught up with the coordinator, then drops it.
/// An entry that several filters match is the first one's.
class DropAclsCall final : public Call {
 public:
  explicit DropAclsCall(const wire::DropAclsRequest& request) {
    for (const auto& filter : request.acl_filter()) {
      filters_.push_back(protocol::read_filter(filter));
    }
  }

  CallEffects begin(const CallContext& /*context*/) override {
    return {SetDeadline{coordinator_wait_max}, AskCoordinator{SyncCommand{}}};
  }

  CallEffects on_coordinator(const CallContext& context, const CoordinatorAnswer& answer) override {
    if (is_found_) return respond(outcome_of(answer));
    is_found_ = true;
    AclsDropped wanted;
    found_.resize(filters_.size());
    for (const AclEntry& entry : context.view.catalog.acls()) {
      // What LIST_ACLS would not show is not shown here either.
      if (!may(context, Operation::describe, entry.resource)) continue;
      const auto filter = std::find_if(filters_.begin(), filters_.end(),
                                       [&](const AclFilter& one) { return matches(one, entry); });
      if (filter == filters_.end()) continue;
      auto denied = why_denied(context, Operation::all, entry.resource);
      if (!denied) wanted.entries.push_back(entry);
      found_[static_cast<std::size_t>(filter - filters_.begin())].push_back({entry, denied});
    }
    if (wanted.entries.empty()) return respond(std::nullopt);
    return {AskCoordinator{ChangeAclsCommand{std::move(wanted)}}};
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    if (is_found_) return respond(not_confirmed());
    return {RespondError{not_confirmed()}};
  }

 private:
  struct Match {
    AclEntry entry;
    ItemError denied;
  };

  [[nodiscard]] CallEffects respond(const ItemError& outcome) const {
    wire::DropAclsResponse response;
    for (const auto& matches : found_) {
      auto* result = response.add_filter_results();
      for (const Match& match : matches) {
        auto* acl = result->add_matching_acls();
        protocol::write_acl(*acl->mutable_acl(), match.entry);
        const ItemError& error = match.denied ? match.denied : outcome;
        if (error) set_error(*acl, *error);
      }
    }
    return {Respond{{protocol::serialize(response)}}};
  }

  std::vector<AclFilter> filters_;
  bool is_found_ = false;
  std::vector<std::vector<Match>> found_;  // By filter.
};

class ListAclsCall final : public Call {
 public:
  explicit ListAclsCall(const wire::ListAclsRequest& request)
      : filter_(protocol::read_filter(request.acl_filter())) {}

  CallEffects begin(const CallContext& context) override {
    if (!context.view.members.empty()) return finish(context);
    return {SetDeadline{sync_wait_max}, AskCoordinator{SyncCommand{}}};
  }
  CallEffects on_coordinator(const CallContext& context,
                             const CoordinatorAnswer& /*answer*/) override {
    return finish(context);
  }
  CallEffects on_deadline(const CallContext& context) override { return finish(context); }

 private:
  [[nodiscard]] CallEffects finish(const CallContext& context) const {
    wire::ListAclsResponse response;
    for (const AclEntry& entry : context.view.catalog.acls()) {
      if (!matches(filter_, entry) || !may(context, Operation::describe, entry.resource)) continue;
      protocol::write_acl(*response.add_acl(), entry);
    }
    return {Respond{{protocol::serialize(response)}}};
  }

  const AclFilter filter_;
};

/// Says that there are no permissions here, or runs the call.
class AclCall final : public Call {
 public:
  explicit AclCall(std::unique_ptr<Call> call) : call_(std::move(call)) {}

  CallEffects begin(const CallContext& context) override {
    if (context.caller.authorizer != nullptr) return call_->begin(context);
    return {RespondError{
        {ErrorCode::security_disabled_exception, "No authorizer is configured on this cluster."}}};
  }
  CallEffects on_coordinator(const CallContext& context, const CoordinatorAnswer& answer) override {
    return call_->on_coordinator(context, answer);
  }
  CallEffects on_deadline(const CallContext& context) override {
    return call_->on_deadline(context);
  }

 private:
  const std::unique_ptr<Call> call_;
};

std::unique_ptr<Call> refused(ProtocolError error) {
  return make_finished_call(RespondError{std::move(error)});
}

template <class AclsCall, class Request>
std::unique_ptr<Call> parse_call(const protocol::RequestFrame& frame,
                                 int (*count)(const Request&)) {
  auto request = protocol::parse_message<Request>(frame.body.bytes());
  if (!request) return refused(to_protocol(request.error()));
  if (count(*request) > items_max) {
    return refused({ErrorCode::corrupt_message,
                    fmt::format("too many items: {}, at most {}", count(*request), items_max)});
  }
  return std::make_unique<AclCall>(std::make_unique<AclsCall>(*request));
}

}  // namespace

std::unique_ptr<Call> make_acl_call(const protocol::RequestFrame& request) {
  switch (static_cast<ApiKey>(request.api_key)) {
    case ApiKey::create_acls:
      return parse_call<CreateAclsCall, wire::CreateAclsRequest>(
          request, [](const auto& acls) { return acls.acl_size(); });
    case ApiKey::drop_acls:
      return parse_call<DropAclsCall, wire::DropAclsRequest>(
          request, [](const auto& acls) { return acls.acl_filter_size(); });
    default:
      return parse_call<ListAclsCall, wire::ListAclsRequest>(request,
                                                             [](const auto&) { return 1; });
  }
}

}  // namespace millrace::gateway
