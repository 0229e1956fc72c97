#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/comparable_value.hpp"
#include "protocol/log_batch.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::protocol {

/// What a batch says about one of its columns.
struct ColumnStatistics {
  std::int64_t rows = 0;
  std::int64_t nulls = 0;
  /// Of the values that are not null; absent where they were not gathered.
  std::optional<ComparableValue> least = {};
  std::optional<ComparableValue> greatest = {};

  [[nodiscard]] bool is_all_null() const { return nulls == rows; }
};

/// The block between header and rows of a batch of magic 1. Everything in it is a claim of whoever
/// wrote the batch; reading it is safe whatever it holds. Source: Fluss log record batch of client
/// 1.0.0, statistics version 1.
class BatchStatistics {
 public:
  /// Of the one batch in `batch`; nothing if it has none. Errors: malformed (counts or sizes that
  /// do not fit each other).
  [[nodiscard]] static Result<std::optional<BatchStatistics>> read(const Buffer& batch);

  /// Of the column at this position in the batch's schema; nothing if there are none of it, or if
  /// they are no values of its type.
  [[nodiscard]] std::optional<ColumnStatistics> of(std::int32_t position,
                                                   const DataType& type) const;

 private:
  std::int64_t rows_ = 0;
  std::vector<std::int16_t> positions_;
  std::vector<std::int32_t> nulls_;
  Buffer least_;  // Rows of one value per position.
  Buffer greatest_;
};

}  // namespace millrace::protocol
