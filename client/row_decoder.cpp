#include "client/row_decoder.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "protocol/arrow_schema.hpp"

namespace millrace::client {
namespace {

std::vector<std::int32_t> sorted(std::vector<std::int32_t> columns) {
  std::sort(columns.begin(), columns.end());
  return columns;
}

Result<protocol::DecodedRows> decode_arrow(const Buffer& batch,
                                           const std::shared_ptr<arrow::Schema>& schema) {
  auto rows = protocol::decode_batch(batch, schema);
  if (!rows) return tl::unexpected(rows.error());
  auto changes = protocol::change_types_of(batch);
  if (!changes) return tl::unexpected(changes.error());
  return protocol::DecodedRows{std::move(*rows), std::move(*changes)};
}

}  // namespace

RowDecoder::RowDecoder(const TableInfo& table, const std::vector<std::int32_t>& columns)
    : format_(protocol::log_format_of(table.descriptor)),
      sorted_columns_(sorted(columns)),
      history_(table.schema_id, table.descriptor.schema) {
  const protocol::Schema& whole = table.descriptor.schema;
  if (format_ == protocol::LogFormat::arrow) asked_columns_ = sorted_columns_;
  wire_schema_ = sorted_columns_.empty() ? protocol::to_arrow(whole)
                                         : protocol::to_arrow(whole, sorted_columns_);
  schema_ = columns.empty() ? wire_schema_ : protocol::to_arrow(whole, columns);
  for (const std::int32_t column : columns) {
    const auto at = std::lower_bound(sorted_columns_.begin(), sorted_columns_.end(), column);
    reorder_.push_back(static_cast<int>(at - sorted_columns_.begin()));
  }
}

std::optional<std::int32_t> RowDecoder::missing_schema(
    const protocol::LogBatchHeader& header) const {
  if (server_projects() || header.record_count == 0 || knows(header.schema_id)) return {};
  return header.schema_id;
}

void RowDecoder::learn(std::int32_t schema_id, protocol::Schema schema) {
  history_.learn(schema_id, std::move(schema));
}

/// The columns asked for, in the table's order.
Result<protocol::DecodedRows> RowDecoder::rows_of(const protocol::LogBatch& batch) const {
  if (server_projects()) return decode_arrow(batch.bytes, wire_schema_);
  const std::int32_t id = batch.header.schema_id;
  const bool is_arrow = format_ == protocol::LogFormat::arrow;
  const auto row_format = [this] { return protocol::row_format_of(format_); };
  if (!is_arrow && id == history_.opened_id()) {
    return protocol::decode_row_batch(batch.bytes, history_.schema(id), row_format(),
                                      sorted_columns_);
  }
  auto decoded = is_arrow
                     ? decode_arrow(batch.bytes, history_.wire_schema(id))
                     : protocol::decode_row_batch(batch.bytes, history_.schema(id), row_format());
  if (!decoded) return decoded;
  auto rows = history_.adapt(id, decoded->rows);
  if (!rows) return tl::unexpected(rows.error());
  decoded->rows = std::move(*rows);
  if (sorted_columns_.empty()) return decoded;
  auto selected = decoded->rows->SelectColumns({sorted_columns_.begin(), sorted_columns_.end()});
  if (!selected.ok()) return fail(Errc::malformed, selected.status().message());
  decoded->rows = selected.MoveValueUnsafe();
  return decoded;
}

Outcome<std::optional<ScannedBatch>> RowDecoder::decode(const protocol::LogBatch& batch,
                                                        Offset next) const {
  const protocol::LogBatchHeader& header = batch.header;
  const auto bad = [](const std::string& why) { return refuse(ErrorCode::corrupt_message, why); };
  if (header.record_count == 0) return std::nullopt;
  auto decoded = rows_of(batch);
  if (!decoded) return bad(decoded.error().message);
  ScannedBatch out{.bucket = {},
                   .base_offset = header.base_offset,
                   .commit_timestamp = header.commit_timestamp,
                   .rows = std::move(decoded->rows),
                   .changes = std::move(decoded->changes)};
  if (!reorder_.empty()) {
    auto reordered = out.rows->SelectColumns(reorder_);
    if (!reordered.ok()) return bad(reordered.status().message());
    out.rows = reordered.MoveValueUnsafe();
  }
  if (next > header.base_offset) {
    const Offset skip = next - header.base_offset;
    out.rows = out.rows->Slice(skip);
    out.base_offset = next;
    if (!out.changes.empty()) out.changes.erase(out.changes.begin(), out.changes.begin() + skip);
  }
  return out;
}

}  // namespace millrace::client
