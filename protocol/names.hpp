#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace millrace::protocol {

/// Why `name` cannot be a database, table or partition value; empty when it can: 1 to 200 of
/// [A-Za-z0-9_-], neither "." nor "..".
[[nodiscard]] std::optional<std::string> why_bad_name(std::string_view name);

/// Names that start with "__" belong to the system and are refused on creation.
[[nodiscard]] bool is_reserved_name(std::string_view name);

/// Column names that the system adds to rows itself.
[[nodiscard]] bool is_reserved_column(std::string_view name);

}  // namespace millrace::protocol
