#pragma once
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"

namespace millrace::protocol {

/// Appends the four bytes by which Hudi picks a bucket: see KeyEncoding::hudi. A single null hashes
/// as a placeholder text, one among several as nothing. Errors: malformed (one value of several has
/// a comma, or is a placeholder). Source: Fluss 1.0 key encoder for Hudi.
[[nodiscard]] Status append_hudi_key(std::span<const DataType> types, std::span<const Cell> cells,
                                     std::vector<std::byte>& out);

}  // namespace millrace::protocol
