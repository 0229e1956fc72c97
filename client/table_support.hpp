#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "client/callback.hpp"
#include "client/table.hpp"

namespace millrace::client {

/// Why this client cannot read `columns` (positions) of a table; empty when it can. Kinds of tables
/// that are not built in yet are named, with invalid_table_exception.
[[nodiscard]] std::optional<ProtocolError> why_unreadable(const TableInfo& table,
                                                          std::span<const std::int32_t> columns);

/// Why this client cannot append rows to a table; empty when it can.
[[nodiscard]] std::optional<ProtocolError> why_unwritable(const TableInfo& table);

}  // namespace millrace::client
