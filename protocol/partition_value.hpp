#pragma once
#include <string>

#include "base/result.hpp"
#include "protocol/cell.hpp"

namespace millrace::protocol {

/// The part of a partition's name that a value of one of its key columns makes. A name is its parts
/// in the order of the keys, with '$' between them; whether it is a legal one is for
/// why_bad_name(). Errors: malformed (null, a type that no partition key has). Source: Fluss
/// partition names.
[[nodiscard]] Result<std::string> partition_value_of(const DataType& type, const Cell& cell);

}  // namespace millrace::protocol
