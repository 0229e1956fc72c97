#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/table_descriptor.hpp"
#include "scenarios/checkers/history.hpp"

namespace millrace::scenarios {

/// A table of values: writer BIGINT, sequence BIGINT, text STRING. The text follows from the other
/// two, so that a damaged row shows; its length differs from row to row.
[[nodiscard]] protocol::TableDescriptor value_table(std::int32_t buckets,
                                                    const std::string& compression);

/// `count` rows of a writer from `first` on.
[[nodiscard]] std::shared_ptr<arrow::RecordBatch> value_rows(
    const std::shared_ptr<arrow::Schema>& schema, const Value& first, std::int64_t count);

/// The values of rows that were read, with or without their texts; nothing for a row that is not as
/// it was written.
[[nodiscard]] std::vector<std::optional<Value>> values_in(const arrow::RecordBatch& rows);

}  // namespace millrace::scenarios
