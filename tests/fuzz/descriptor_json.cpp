#include "base/check.hpp"
#include "protocol/bucketing.hpp"
#include "protocol/partition_time.hpp"
#include "protocol/table_descriptor.hpp"
#include "protocol/table_options.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/golden/all_types.hpp"

// The protocol's JSON documents, and the rules that a new table must pass. What was read, written
// and read again is the same.

namespace millrace::fuzz {
namespace {

using namespace protocol;

template <class Document>
void check_again(const Document& document,
                 const std::function<Outcome<Document>(std::string_view)>& parse) {
  const std::string text = to_json(document);
  const auto again = parse(text);
  CHECK(again.has_value());
  CHECK(*again == document);
}

void check_table(std::string_view json) {
  const auto table = parse_table_json(json);
  if (!table) return;
  check_again<TableDescriptor>(*table, parse_table_json);
  if (check_descriptor(*table) || check_options(*table)) return;
  (void)auto_partition_of(*table, "UTC");
  (void)unbuilt_feature(*table);
  (void)log_format_of(*table);
  (void)compression_of(*table);
  (void)log_ttl_of(*table);
  (void)replication_factor_of(*table);
  (void)RowPlacement::make(*table, 3);
}

TableDescriptor some_table() {
  TableDescriptor table;
  table.schema = schema_of({{"id", "INT NOT NULL"}, {"day", "STRING"}, {"r", "ROW<x INT>"}});
  table.schema.primary_key = {"id"};
  table.comment = "c";
  table.partition_keys = {"day"};
  table.bucket_keys = std::vector<std::string>{"id"};
  table.bucket_count = 3;
  table.properties = {{"table.auto-partition.enabled", "true"},
                      {"table.auto-partition.time-unit", "DAY"},
                      {"table.auto-partition.time-zone", "Asia/Shanghai"},
                      {"table.log.format", "indexed"},
                      {"table.log.ttl", "7d"}};
  table.custom_properties = {{"a", "b"}};
  return table;
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t kind = reader.below(4);
  const Buffer rest = reader.rest();
  const std::string_view json = rest.text();
  if (kind == 0) return check_table(json);
  if (kind == 1) {
    if (const auto schema = parse_schema_json(json))
      check_again<Schema>(*schema, parse_schema_json);
  } else if (kind == 2) {
    if (const auto type = parse_data_type_json(json))
      check_again<DataType>(*type, parse_data_type_json);
  } else if (const auto database = parse_database_json(json)) {
    check_again<DatabaseDescriptor>(*database, parse_database_json);
  }
}

std::vector<Buffer> seeds() {
  TableDescriptor log_table = some_table();
  log_table.schema = schema_of(all_types);
  log_table.partition_keys.clear();
  log_table.bucket_keys.emplace();
  const auto seed = [](std::size_t kind, const std::string& json) {
    return InputWriter().byte(kind).rest(json).done();
  };
  return {seed(0, to_json(some_table())), seed(0, to_json(log_table)),
          seed(1, to_json(some_table().schema)),
          seed(2, to_json(schema_of({{"n", "MAP<INT, ROW<a DECIMAL(9, 2)>>"}}).columns[0].type)),
          seed(3, to_json(DatabaseDescriptor{"comment", {{"k", "v"}}}))};
}

}  // namespace millrace::fuzz
