#include "protocol/names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace millrace::protocol {
namespace {

constexpr std::size_t name_size_max = 200;

constexpr auto reserved_columns = std::to_array<std::string_view>(
    {"__offset", "__timestamp", "__bucket", "_change_type", "_log_offset", "_commit_timestamp"});

bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

std::optional<std::string> why_bad_name(std::string_view name) {
  if (name.empty()) return "name is empty";
  if (name == "." || name == "..") return "name must not be . or ..";
  if (name.size() > name_size_max) {
    return "name is too long: " + std::to_string(name.size()) + " characters, at most " +
           std::to_string(name_size_max);
  }
  const auto bad = std::find_if_not(name.begin(), name.end(), is_allowed);
  if (bad == name.end()) return std::nullopt;
  return "name may only have letters, digits, _ and -: bad character at position " +
         std::to_string(bad - name.begin());
}

bool is_reserved_name(std::string_view name) { return name.starts_with("__"); }

bool is_reserved_column(std::string_view name) {
  return std::find(reserved_columns.begin(), reserved_columns.end(), name) !=
         reserved_columns.end();
}

}  // namespace millrace::protocol
