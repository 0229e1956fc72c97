#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "client/scanned_batch.hpp"
#include "client/schema_history.hpp"
#include "protocol/row_batch_codec.hpp"
#include "protocol/table_options.hpp"

namespace millrace::client {

/// Turns batches of a table's log, of whatever schema, into rows with the columns that a reader
/// asked for; see SchemaHistory for what they are by the schema that the table was opened with.
class RowDecoder {
 public:
  /// `columns`: positions in the table's schema, in the order wanted, each once; empty means all.
  RowDecoder(const TableInfo& table, const std::vector<std::int32_t>& columns);

  /// Columns that a server is to send, ascending. Empty: all of them.
  [[nodiscard]] const std::vector<std::int32_t>& asked_columns() const { return asked_columns_; }
  /// A projected batch has the columns of the schema opened, and the checksum of the whole batch.
  [[nodiscard]] bool server_projects() const { return !asked_columns_.empty(); }
  /// The columns of the rows.
  [[nodiscard]] const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// The id of a schema that has to be learned before this batch can be decoded.
  [[nodiscard]] std::optional<std::int32_t> missing_schema(
      const protocol::LogBatchHeader& header) const;
  [[nodiscard]] bool knows(std::int32_t schema_id) const { return history_.knows(schema_id); }
  void learn(std::int32_t schema_id, protocol::Schema schema);

  /// The rows of a batch from offset `next` on, without bucket; nothing of a batch without rows.
  /// Requires that no schema is missing. Errors: corrupt_message.
  [[nodiscard]] Outcome<std::optional<ScannedBatch>> decode(const protocol::LogBatch& batch,
                                                            Offset next) const;

 private:
  [[nodiscard]] Result<protocol::DecodedRows> rows_of(const protocol::LogBatch& batch) const;

  const protocol::LogFormat format_;
  std::vector<std::int32_t> sorted_columns_;  // Empty: no projection.
  std::vector<std::int32_t> asked_columns_;
  SchemaHistory history_;                       // Of batches that are not projected.
  std::shared_ptr<arrow::Schema> wire_schema_;  // Columns in the table's order.
  std::vector<int> reorder_;                    // From wire order to the order wanted.
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace millrace::client
