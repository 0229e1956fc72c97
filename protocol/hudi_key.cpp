#include "protocol/hudi_key.hpp"

#include "base/endian.hpp"
#include "protocol/java_text.hpp"

namespace millrace::protocol {
namespace {

constexpr std::string_view null_placeholder = "__null__";
constexpr std::string_view empty_placeholder = "__empty__";
constexpr std::uint32_t hash_factor = 31;

std::string text_of_cell(const DataType& type, const Cell& cell) {
  switch (type.root) {
    case TypeRoot::boolean:
      return std::get<std::int64_t>(cell) != 0 ? "true" : "false";
    case TypeRoot::float32:
      return java_text(std::get<float>(cell));
    case TypeRoot::float64:
      return java_text(std::get<double>(cell));
    case TypeRoot::character:
    case TypeRoot::string:
      return std::string(text_of(std::get<Bytes>(cell)));
    case TypeRoot::decimal:
      return java_text(std::get<arrow::BasicDecimal128>(cell), type.scale);
    case TypeRoot::timestamp:
      return java_text(std::get<Timestamp>(cell));
    default:
      return std::to_string(std::get<std::int64_t>(cell));
  }
}

}  // namespace

Status append_hudi_key(std::span<const DataType> types, std::span<const Cell> cells,
                       std::vector<std::byte>& out) {
  const bool several = cells.size() > 1;
  std::uint32_t hash = 1;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    hash *= hash_factor;
    if (is_null(cells[i])) {
      if (!several) hash += java_hash(null_placeholder);
      continue;
    }
    const std::string text = text_of_cell(types[i], cells[i]);
    if (several && (text.find(',') != std::string::npos || text == null_placeholder ||
                    text == empty_placeholder))
      return fail(Errc::malformed, "value that Hudi cannot tell apart in a key of several columns");
    hash += java_hash(text);
  }
  append_be(out, hash);
  return {};
}

}  // namespace millrace::protocol
