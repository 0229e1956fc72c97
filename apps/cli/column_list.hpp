#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "client/table.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::cli {

/// "id BIGINT NOT NULL, price DECIMAL(10, 2), `odd name` STRING": names, then SQL types. A name in
/// back quotes may hold anything but a back quote. Field ids are assigned. Errors: malformed.
[[nodiscard]] Result<protocol::Schema> parse_columns(std::string_view text);

/// "a, b,c": names with commas between, without the blanks around them.
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

/// "database.table". Errors: malformed.
[[nodiscard]] Result<client::TablePath> parse_table_path(std::string_view text);

}  // namespace millrace::cli
