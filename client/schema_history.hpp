#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>

#include "client/cluster.hpp"

namespace millrace::client {

/// The schemas that a table has had, as far as its batches named them, and the one that a reader
/// opened it with. Rows of any of them become rows of that one: by column id, null where a row is
/// older than a column, and without what is younger than the reader.
class SchemaHistory {
 public:
  SchemaHistory(std::int32_t opened_id, protocol::Schema opened);

  [[nodiscard]] std::int32_t opened_id() const { return opened_id_; }
  [[nodiscard]] bool knows(std::int32_t id) const { return schemas_.contains(id); }
  void learn(std::int32_t id, protocol::Schema schema);

  /// Requires knows().
  [[nodiscard]] const protocol::Schema& schema(std::int32_t id) const;
  /// What whole batches of a schema hold. Requires knows().
  [[nodiscard]] const std::shared_ptr<arrow::Schema>& wire_schema(std::int32_t id) const;
  /// Rows of a schema as those of the opened one. Requires knows(). Errors: overloaded.
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> adapt(
      std::int32_t id, const std::shared_ptr<arrow::RecordBatch>& rows) const;

 private:
  struct Known {
    protocol::Schema schema;
    std::shared_ptr<arrow::Schema> wire;
  };

  std::int32_t opened_id_;
  std::map<std::int32_t, Known> schemas_;
};

/// Source: Fluss GET_TABLE_SCHEMA v0. Errors: schema_not_exist, table_not_exist.
void ask_schema(Cluster& cluster, const TablePath& path, std::int32_t id,
                Callback<protocol::Schema> done);

}  // namespace millrace::client
