#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/cell.hpp"
#include "protocol/key_encoder.hpp"
#include "protocol/table_descriptor.hpp"

// Which bucket a row of a table with bucket keys belongs to. Clients decide that, each for itself,
// so all must come to the same answer. A table that a lake reads follows the lake's way, whether or
// not it is being tiered. Source: Fluss bucketing functions.

namespace millrace::protocol {

/// The 32-bit hash of Fluss and Paimon keys, seed 42. Unlike in standard Murmur3, each byte behind
/// the last whole word takes a round of its own.
[[nodiscard]] std::int32_t fluss_hash(Bytes key);

/// The bucket of an encoded key. Requires buckets_count > 0 and a key that its encoder wrote.
[[nodiscard]] BucketIndex bucket_of(KeyEncoding encoding, Bytes key, std::int32_t buckets_count);

/// Places the rows of one table.
class RowPlacement {
 public:
  /// Nothing for a table without bucket keys: its rows may lie anywhere. Errors: malformed (a
  /// bucket key that is no column, or of a type that the lake cannot hash).
  [[nodiscard]] static Result<std::optional<RowPlacement>> make(const TableDescriptor& table,
                                                                std::int32_t buckets_count);

  /// Positions of the bucket key columns, in the order of the key.
  [[nodiscard]] const std::vector<std::size_t>& columns() const { return columns_; }
  /// Their types. Values that are null are for bucket_of() to judge.
  [[nodiscard]] const std::vector<DataType>& types() const { return types_; }

  /// The bucket of a row with these values in columns(). Errors: malformed (a value that cannot be
  /// part of a key, such as null).
  [[nodiscard]] Result<BucketIndex> bucket_of(std::span<const Cell> cells);

 private:
  RowPlacement(KeyEncoding encoding, std::int32_t buckets_count)
      : encoding_(encoding), buckets_count_(buckets_count) {}

  KeyEncoding encoding_;
  std::int32_t buckets_count_;
  std::vector<std::size_t> columns_;
  std::vector<DataType> types_;
  std::vector<std::byte> key_;  // For reuse from row to row.
};

}  // namespace millrace::protocol
