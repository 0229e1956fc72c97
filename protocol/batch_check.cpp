#include "protocol/batch_check.hpp"

#include "protocol/row_batch.hpp"
#include "protocol/row_codec.hpp"

namespace millrace::protocol {

BatchCheck::BatchCheck(LogFormat format, const Schema& schema) : shape_(BatchLayout(schema)) {
  if (format != LogFormat::arrow) shape_ = Rows{row_format_of(format), row_type_of(schema)};
}

Status BatchCheck::check(const Buffer& batch) const {
  if (const auto* layout = std::get_if<BatchLayout>(&shape_)) return check_batch(batch, *layout);
  const auto& rows = std::get<Rows>(shape_);
  return check_row_batch(batch, rows.format, rows.type);
}

}  // namespace millrace::protocol
