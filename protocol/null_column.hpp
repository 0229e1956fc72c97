#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/arrow_message.hpp"
#include "protocol/data_type.hpp"

namespace millrace::protocol {

/// What the values of all such columns of a message may take before they are compressed.
inline constexpr std::size_t null_columns_bytes_max = std::size_t{64} << 20;

/// What a message has of one column.
struct NullColumn {
  std::vector<FieldNode> nodes;
  std::vector<Buffer> buffers;  ///< As they travel with the message's codec.
};

/// A column of `rows` nulls, every buffer written out, so that no reader meets a special case. It
/// takes its uncompressed bytes out of `room`. Errors: overloaded (more than there is room for).
[[nodiscard]] Result<NullColumn> null_column(const DataType& type, std::int64_t rows,
                                             CompressionType codec, std::size_t& room);

}  // namespace millrace::protocol
