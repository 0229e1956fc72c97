#include "client/schema_history.hpp"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "client/parsed_answer.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

namespace {

/// Where the column with this id is; -1 if it is not there.
int position_of(const protocol::Schema& schema, std::int32_t id) {
  const auto found = std::find_if(schema.columns.begin(), schema.columns.end(),
                                  [&](const protocol::Column& column) { return column.id == id; });
  return found == schema.columns.end() ? -1 : static_cast<int>(found - schema.columns.begin());
}

}  // namespace

SchemaHistory::SchemaHistory(std::int32_t opened_id, protocol::Schema opened)
    : opened_id_(opened_id) {
  learn(opened_id, std::move(opened));
}

void SchemaHistory::learn(std::int32_t id, protocol::Schema schema) {
  auto wire = protocol::to_arrow(schema);
  schemas_.insert_or_assign(id, Known{std::move(schema), std::move(wire)});
}

const protocol::Schema& SchemaHistory::schema(std::int32_t id) const {
  CHECK(knows(id));
  return schemas_.at(id).schema;
}

const std::shared_ptr<arrow::Schema>& SchemaHistory::wire_schema(std::int32_t id) const {
  CHECK(knows(id));
  return schemas_.at(id).wire;
}

Result<std::shared_ptr<arrow::RecordBatch>> SchemaHistory::adapt(
    std::int32_t id, const std::shared_ptr<arrow::RecordBatch>& rows) const {
  CHECK(knows(id));
  if (id == opened_id_) return rows;
  const protocol::Schema& source = schemas_.at(id).schema;
  const Known& opened = schemas_.at(opened_id_);
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (std::size_t i = 0; i < opened.schema.columns.size(); ++i) {
    const int position = position_of(source, opened.schema.columns[i].id);
    if (position >= 0) {
      columns.push_back(rows->column(position));
      continue;
    }
    auto nulls =
        arrow::MakeArrayOfNull(opened.wire->field(static_cast<int>(i))->type(), rows->num_rows());
    if (!nulls.ok()) return fail(Errc::overloaded, "arrow: " + nulls.status().message());
    columns.push_back(nulls.MoveValueUnsafe());
  }
  return arrow::RecordBatch::Make(opened.wire, rows->num_rows(), std::move(columns));
}

void ask_schema(Cluster& cluster, const TablePath& path, std::int32_t id,
                Callback<protocol::Schema> done) {
  wire::GetTableSchemaRequest request;
  request.mutable_table_path()->set_database_name(path.database);
  request.mutable_table_path()->set_table_name(path.table);
  request.set_schema_id(id);
  auto heard = parsed<wire::GetTableSchemaResponse>(
      [done = std::move(done)](Outcome<wire::GetTableSchemaResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        done(protocol::parse_schema_json(answer->schema_json()));
      });
  cluster.ask(Where::any_server, Repeat::safe, protocol::ApiKey::get_table_schema,
              protocol::serialize(request), std::move(heard));
}

}  // namespace millrace::client
