#pragma once
#include <memory>
#include <optional>
#include <span>

#include "actors/gateway/authenticator.hpp"
#include "actors/gateway/call.hpp"
#include "protocol/api.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// Where a request says what it is about.
enum class About : std::uint8_t {
  nothing,        ///< Everybody may ask.
  by_item,        ///< The call looks at each thing by itself: it filters, or denies one bucket.
  cluster,        //
  database,       ///< database_name = 1
  table,          ///< table_path = 1
  any_table,      ///< table_path = 1, repeated: one that is allowed is enough.
  table_id,       ///< table_id = 1
  table_id_in_2,  ///< table_id = 2
};

/// What a caller needs for an API.
struct AccessRule {
  protocol::ApiKey api;
  protocol::Operation operation;
  About about;
};

/// The rules, in key order. An API that is served and has none is for those who pass everything.
/// Source: Fluss 0.9.1 and 1.0.
[[nodiscard]] std::span<const AccessRule> access_rules();

/// Why the caller may not ask for this, as far as that can be said of the whole request.
[[nodiscard]] std::optional<protocol::ProtocolError> why_denied(
    const CallContext& context, const protocol::RequestFrame& request);

/// The same of one table, for the calls that answer each bucket by itself. Nothing of a table that
/// the view does not know.
[[nodiscard]] std::optional<protocol::ProtocolError> why_denied(const CallContext& context,
                                                                TableId table,
                                                                protocol::Operation operation);
[[nodiscard]] std::optional<protocol::ProtocolError> why_denied(const CallContext& context,
                                                                protocol::Operation operation,
                                                                const protocol::Resource& resource);

/// The call for a request, or one that says why it is not let in: the one way from a connection to
/// make_call().
[[nodiscard]] std::unique_ptr<Call> make_admitted_call(Authenticator& authenticator,
                                                       const CallContext& context,
                                                       const protocol::RequestFrame& request);

}  // namespace millrace::gateway
