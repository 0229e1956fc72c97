// The calls of Client that change what is there already.
#include <utility>

#include "client/client.hpp"
#include "client/parsed_answer.hpp"

namespace millrace::client {

namespace wire = protocol::wire;
using protocol::ApiKey;

namespace {

template <class Request>
void add_configs(Request& request, const std::vector<protocol::ConfigChange>& changes) {
  for (const protocol::ConfigChange& change : changes) {
    auto* out = request.add_config_changes();
    out->set_config_key(change.key);
    if (change.value) out->set_config_value(*change.value);
    out->set_op_type(change.operation);
  }
}

}  // namespace

void Client::alter_database(const protocol::AlterDatabase& alteration, Callback<void> done) {
  wire::AlterDatabaseRequest request;
  request.set_database_name(alteration.name);
  request.set_ignore_if_not_exists(alteration.ignore_if_missing);
  add_configs(request, alteration.configs);
  if (alteration.comment) request.set_comment(*alteration.comment);
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::alter_database,
                protocol::serialize(request),
                done_when<wire::AlterDatabaseResponse>(std::move(done)));
}

void Client::alter_table(const protocol::AlterTable& alteration, Callback<void> done) {
  wire::AlterTableRequest request;
  request.mutable_table_path()->set_database_name(alteration.database);
  request.mutable_table_path()->set_table_name(alteration.name);
  request.set_ignore_if_not_exists(alteration.ignore_if_missing);
  add_configs(request, alteration.configs);
  for (const protocol::AddedColumn& column : alteration.added_columns) {
    auto* out = request.add_add_columns();
    out->set_column_name(column.name);
    out->set_data_type_json(column.type_json);
    if (column.comment) out->set_comment(*column.comment);
    out->set_column_position_type(column.position);
  }
  // What is asked for while it is under way may still say how the table was.
  auto forgetting = [cluster = cluster_, path = TablePath{alteration.database, alteration.name},
                     done = std::move(done)](const Outcome<void>& altered) {
    cluster->forget(path);
    done(altered);
  };
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::alter_table,
                protocol::serialize(request),
                done_when<wire::AlterTableResponse>(std::move(forgetting)));
}

}  // namespace millrace::client
