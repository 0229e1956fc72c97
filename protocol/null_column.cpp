#include "protocol/null_column.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/check.hpp"
#include "protocol/buffer_compression.hpp"

namespace millrace::protocol {
namespace {

constexpr std::int64_t offset_size = 4;
// TIME up to milliseconds travels as 32 bits.
constexpr std::int32_t short_time_precision_max = 3;

/// Bytes of one value of a type of fixed width; BOOLEAN has bits.
std::int64_t width_of(const DataType& type) {
  switch (type.root) {
    case TypeRoot::tinyint:
      return 1;
    case TypeRoot::smallint:
      return 2;
    case TypeRoot::integer:
    case TypeRoot::float32:
    case TypeRoot::date:
      return 4;
    case TypeRoot::time:
      return type.precision <= short_time_precision_max ? 4 : 8;
    case TypeRoot::decimal:
      return 16;
    case TypeRoot::binary:
      return type.length;
    default:
      return 8;
  }
}

std::int64_t bytes_of_bits(std::int64_t bits) { return (bits + 7) / 8; }

class Writer {
 public:
  Writer(BufferCompressor compressor, std::size_t& room)
      : compressor_(std::move(compressor)), room_(room) {}

  Status add(const DataType& type, std::int64_t rows) {
    column_.nodes.push_back({rows, rows});
    if (auto added = add_zeros(bytes_of_bits(rows)); !added) return added;
    switch (type.root) {
      case TypeRoot::boolean:
        return add_zeros(bytes_of_bits(rows));
      case TypeRoot::character:
      case TypeRoot::string:
      case TypeRoot::bytes:
        if (auto added = add_zeros((rows + 1) * offset_size); !added) return added;
        return add_zeros(0);
      case TypeRoot::array:
        if (auto added = add_zeros((rows + 1) * offset_size); !added) return added;
        return add_children(type, 0);
      case TypeRoot::map:
        if (auto added = add_zeros((rows + 1) * offset_size); !added) return added;
        column_.nodes.push_back({0, 0});
        if (auto added = add_zeros(0); !added) return added;
        return add_children(type, 0);
      case TypeRoot::row:
        return add_children(type, rows);
      default:
        return add_zeros(rows * width_of(type));
    }
  }

  [[nodiscard]] NullColumn finish() && { return std::move(column_); }

 private:
  Status add_children(const DataType& type, std::int64_t rows) {
    for (const Field& child : type.children) {
      if (auto added = add(child.type, rows); !added) return added;
    }
    return {};
  }

  Status add_zeros(std::int64_t size) {
    CHECK(size >= 0);
    if (static_cast<std::uint64_t>(size) > room_)
      return fail(Errc::overloaded, fmt::format("columns of nulls are too large: over {} bytes",
                                                null_columns_bytes_max));
    room_ -= static_cast<std::size_t>(size);
    std::vector<std::byte> travelling;
    if (size > 0) {
      const std::vector<std::byte> zeros(static_cast<std::size_t>(size));
      if (auto appended = compressor_.append(zeros, travelling); !appended) return appended;
    }
    column_.buffers.push_back(Buffer::from(std::move(travelling)));
    return {};
  }

  BufferCompressor compressor_;
  NullColumn column_;
  std::size_t& room_;
};

}  // namespace

Result<NullColumn> null_column(const DataType& type, std::int64_t rows, CompressionType codec,
                               std::size_t& room) {
  Compression compression;
  compression.type = codec;
  auto compressor = BufferCompressor::make(compression);
  if (!compressor) return tl::unexpected(compressor.error());
  Writer writer(std::move(*compressor), room);
  if (auto added = writer.add(type, rows); !added) return tl::unexpected(added.error());
  return std::move(writer).finish();
}

}  // namespace millrace::protocol
