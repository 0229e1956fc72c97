#pragma once
#include <optional>

#include "client/callback.hpp"
#include "client/table.hpp"

namespace millrace::client {

/// Why this client cannot append rows to a table; empty when it can. Kinds of tables that are not
/// built in yet are named, with invalid_table_exception.
[[nodiscard]] std::optional<ProtocolError> why_unwritable(const TableInfo& table);

}  // namespace millrace::client
