#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/alteration.hpp"
#include "protocol/table_descriptor.hpp"
#include "scenarios/checkers/history.hpp"

namespace millrace::scenarios {

/// A table of values: writer BIGINT, sequence BIGINT, text STRING. The text follows from the other
/// two, so that a damaged row shows; its length differs from row to row.
[[nodiscard]] protocol::TableDescriptor value_table(std::int32_t buckets,
                                                    const std::string& compression);

/// What a table gets when it is altered: a column that repeats a row's sequence.
[[nodiscard]] protocol::AddedColumn added_column(std::size_t number);

/// `count` rows of a writer from `first` on, with a value in every column that was added.
[[nodiscard]] std::shared_ptr<arrow::RecordBatch> value_rows(
    const std::shared_ptr<arrow::Schema>& schema, const Value& first, std::int64_t count);

/// The values of rows that were read, with or without their texts and added columns, which are null
/// where the writer did not know of them; nothing for a row that is not as it was written.
[[nodiscard]] std::vector<std::optional<Value>> values_in(const arrow::RecordBatch& rows);

/// How many values in columns that were added are not null.
[[nodiscard]] std::uint64_t count_added_values(const arrow::RecordBatch& rows);

}  // namespace millrace::scenarios
