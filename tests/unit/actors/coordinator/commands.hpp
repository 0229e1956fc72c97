#pragma once
#include <string>
#include <utility>

#include "protocol/table_descriptor.hpp"

namespace millrace::coordinator {

/// (id INT, carrier STRING), one bucket.
inline protocol::TableDescriptor log_table() {
  protocol::TableDescriptor table;
  for (const auto& [name, type] : {std::pair{"id", "INT"}, std::pair{"carrier", "STRING"}}) {
    protocol::Column column;
    column.name = name;
    column.type = *protocol::parse_sql_type(type);
    table.schema.columns.push_back(std::move(column));
  }
  protocol::assign_field_ids(table.schema);
  table.bucket_count = 1;
  table.bucket_keys.emplace();
  return table;
}

}  // namespace millrace::coordinator
