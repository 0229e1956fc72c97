#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::protocol {

/// The Arrow type that values of a column type travel as. Both kinds of timestamps travel without a
/// zone. Source: Fluss type to Arrow type mapping.
[[nodiscard]] std::shared_ptr<arrow::DataType> to_arrow(const DataType& type);

/// The Arrow schema of whole batches of `schema`.
[[nodiscard]] std::shared_ptr<arrow::Schema> to_arrow(const Schema& schema);

/// The Arrow schema of batches projected to `fields`. Requires positions in `schema`.
[[nodiscard]] std::shared_ptr<arrow::Schema> to_arrow(const Schema& schema,
                                                      std::span<const std::int32_t> fields);

/// Whether to_arrow() of some column type gives exactly `type`, names of children aside.
[[nodiscard]] bool is_wire_type(const arrow::DataType& type);

/// The schema of a log table that can hold rows of `schema`. What has no equal gets the narrowest
/// type that holds every value (uint16 becomes INT, a dictionary its values, null STRING): cast the
/// rows to to_arrow() of the result before they are written. Errors: malformed, with the column.
[[nodiscard]] Result<Schema> from_arrow(const arrow::Schema& schema);

}  // namespace millrace::protocol
