#pragma once
#include <string>

#include "actors/gateway/call.hpp"
#include "protocol/fluss.pb.h"

namespace millrace::gateway {

/// Errors: table_not_exist.
[[nodiscard]] protocol::Outcome<Catalog::TablePointer> find_table(
    const ClusterView& view, const protocol::wire::PbTablePath& path);

/// Whether the caller may know of the table, which need not be there.
[[nodiscard]] bool may_describe(const CallContext& context, const std::string& database,
                                const std::string& table);
[[nodiscard]] bool may_describe(const CallContext& context,
                                const protocol::wire::PbTablePath& path);

}  // namespace millrace::gateway
