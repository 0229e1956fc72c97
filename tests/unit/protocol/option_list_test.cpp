// docs/options.md lists every table option as the code knows it, and the code does what it says.
#include "protocol/data_type.hpp"
#include "protocol/table_options.hpp"
#include "tests/unit/document_section.hpp"

namespace millrace::protocol {
namespace {

std::string type_of(const TableOption& option) {
  switch (option.kind) {
    case OptionKind::text:
      return "text";
    case OptionKind::boolean:
      return "boolean";
    case OptionKind::int32:
    case OptionKind::int64:
      return "integer";
    case OptionKind::duration:
      return "duration";
    case OptionKind::choice:
      break;
  }
  std::string choices(option.choices);
  for (std::size_t at = 0; (at = choices.find('|', at)) != std::string::npos; at += 2) {
    choices.replace(at, 1, ", ");
  }
  return choices;
}

std::string_view name_of(OptionStanding standing) {
  if (standing == OptionStanding::built) return "built";
  return standing == OptionStanding::refused ? "refused" : "without effect";
}

/// Everything that asks for the option's effect.
std::vector<std::string> samples_of(const TableOption& option) {
  switch (option.kind) {
    case OptionKind::boolean:
      return {"true"};
    case OptionKind::duration:
      return {"1d"};
    case OptionKind::text:
      return {"id"};
    case OptionKind::choice:
      break;
    default:
      return {"1"};
  }
  std::vector<std::string> choices;
  std::stringstream all{std::string(option.choices)};
  for (std::string choice; std::getline(all, choice, '|');) choices.push_back(choice);
  return choices;
}

TableDescriptor log_table() {
  TableDescriptor table;
  Column column;
  column.name = "id";
  column.type = parse_sql_type("BIGINT").value();
  table.schema.columns = {column};
  table.partition_keys = {"id"};  // Or nothing could be automatic about its partitions.
  return table;
}

TEST(OptionList, IsTheOneInTheDocuments) {
  std::string rows = "| option | values | default | here | |\n|---|---|---|---|---|\n";
  for (const TableOption& option : table_options()) {
    rows += "| " + std::string(option.key) + " | " + type_of(option) + " | " +
            std::string(option.default_text) + " | " + std::string(name_of(option.standing)) +
            " | " + std::string(option.note) + " |\n";
  }
  test::expect_section("options.md", "table options", rows);
}

TEST(OptionList, EveryOptionIsTakenAsItsStandingSays) {
  for (const TableOption& option : table_options()) {
    SCOPED_TRACE(option.key);
    for (const std::string& sample : samples_of(option)) {
      TableDescriptor table = log_table();
      table.properties[std::string(option.key)] = sample;
      const bool is_refused =
          check_options(table).has_value() || unbuilt_feature(table).has_value();
      EXPECT_EQ(is_refused, option.standing == OptionStanding::refused) << sample;
    }
  }
}

}  // namespace
}  // namespace millrace::protocol
