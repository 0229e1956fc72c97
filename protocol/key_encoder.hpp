#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"

// Keys as bytes. What encodes a key is not a property of the key: it is the lake that reads the
// table, because Fluss's buckets are that lake's buckets. Source: Fluss key encoders.

namespace millrace::protocol {

enum class KeyEncoding : std::uint8_t {
  compacted,  ///< Tables that no lake reads, or Lance: fields as in a compacted row, one by one.
  paimon,     ///< A row as Paimon keeps it in memory.
  iceberg,    ///< One value, as Iceberg hashes it.
  hudi,       ///< Not the key but its hash: text forms, hashed as Java hashes a list of strings.
};

/// Whether values of `types` can be a key. Errors: malformed, with the type.
[[nodiscard]] Status check_key_types(KeyEncoding encoding, std::span<const DataType> types);

/// Appends the key that `cells` are. Requires types that passed check_key_types() and one fitting
/// cell each. Errors: malformed (a null where the encoding has none; a text that Hudi reserves).
[[nodiscard]] Status append_key(KeyEncoding encoding, std::span<const DataType> types,
                                std::span<const Cell> cells, std::vector<std::byte>& out);

}  // namespace millrace::protocol
