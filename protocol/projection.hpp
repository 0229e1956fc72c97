#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/arrow_message.hpp"
#include "protocol/table_descriptor.hpp"

// Column pruning on the server. A batch keeps its compressed buffers column by column, so a scan of
// few columns is served by a new header and new Arrow metadata in front of slices of the stored
// batch: nothing is decompressed, and nothing of the body is copied. Source: Fluss FETCH_LOG v0,
// projection push-down.

namespace millrace::protocol {

/// Which nodes and buffers of a message belong to one top-level column, children included.
struct ColumnExtent {
  std::size_t first_node = 0;
  std::size_t node_count = 0;
  std::size_t first_buffer = 0;
  std::size_t buffer_count = 0;
};

/// How a message of a given schema is laid out. Names play no part.
class BatchLayout {
 public:
  explicit BatchLayout(const Schema& schema);

  [[nodiscard]] const std::vector<ColumnExtent>& columns() const { return columns_; }

  /// Whether a message can be of this schema: as many nodes and buffers, and every column as long
  /// as the batch. Errors: malformed.
  [[nodiscard]] Status check(const MessageMetadata& metadata) const;

 private:
  std::vector<ColumnExtent> columns_;
  std::size_t node_count_ = 0;
  std::size_t buffer_count_ = 0;
};

/// Whether the one batch in `batch` can be stored in a table of this layout: its header, its change
/// types and the metadata of its message are in order. Neither checksum nor values are looked at.
/// Errors: malformed.
[[nodiscard]] Status check_batch(const Buffer& batch, const BatchLayout& layout);

/// A set of a table's columns, for batches of one of its schemas.
class ProjectionPlan {
 public:
  /// For batches of `schema`, an older one of the table or `newest` itself: a schema only ever gets
  /// further columns at its end. Errors: malformed unless `fields` are positions in `newest`,
  /// ascending, unique and at least one.
  [[nodiscard]] static Result<ProjectionPlan> make(const Schema& schema, const Schema& newest,
                                                   std::span<const std::int32_t> fields);
  /// For a table that has one schema only.
  [[nodiscard]] static Result<ProjectionPlan> make(const Schema& schema,
                                                   std::span<const std::int32_t> fields) {
    return make(schema, schema, fields);
  }

  [[nodiscard]] const BatchLayout& layout() const { return layout_; }
  /// Those that the batches have.
  [[nodiscard]] const std::vector<std::int32_t>& fields() const { return fields_; }
  /// Types of those behind them, which the batches do not have.
  [[nodiscard]] const std::vector<DataType>& absent() const { return absent_; }

 private:
  explicit ProjectionPlan(BatchLayout layout) : layout_(std::move(layout)) {}

  BatchLayout layout_;
  std::vector<std::int32_t> fields_;
  std::vector<DataType> absent_;
};

/// The one batch in `batch` with the columns of `plan` only: a new front, then slices of the body,
/// then nulls for the columns that it does not have. Fluss fails the fetch over these; clients read
/// every projected batch as one of the schema that they projected, so nulls are what fits.
/// Statistics are left out. A batch without rows comes back as it is. Everything in the header but
/// the length stays, so the checksum is stale by design: clients know not to check it. Errors:
/// malformed, overloaded (nulls that would take too much room).
[[nodiscard]] Result<std::vector<Buffer>> project(const Buffer& batch, const ProjectionPlan& plan);

}  // namespace millrace::protocol
