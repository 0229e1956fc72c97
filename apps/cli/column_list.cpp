#include "apps/cli/column_list.hpp"

#include <algorithm>

#include <set>
#include <string>

namespace millrace::cli {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Where the first column of `text` ends: at a comma outside brackets and back quotes.
std::size_t end_of_column(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '`') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(' || text[i] == '<') ++depth;
    if (text[i] == ')' || text[i] == '>') --depth;
    if (text[i] == ',' && depth == 0) return i;
  }
  return text.size();
}

Result<protocol::Column> parse_column(std::string_view text) {
  text = trimmed(text);
  const bool quoted = text.starts_with('`');
  const std::size_t end = quoted ? text.find('`', 1) : text.find_first_of(blanks);
  if (end == std::string_view::npos)
    return fail(Errc::malformed, "a column is NAME TYPE: " + std::string(text));
  protocol::Column column;
  column.name = text.substr(quoted ? 1 : 0, end - (quoted ? 1 : 0));
  if (column.name.empty()) return fail(Errc::malformed, "a column needs a name");
  const std::string_view type = trimmed(text.substr(end + (quoted ? 1 : 0)));
  auto parsed = protocol::parse_sql_type(type);
  if (!parsed)
    return fail(Errc::malformed, "column " + column.name + ": " + parsed.error().message);
  column.type = std::move(*parsed);
  return column;
}

}  // namespace

Result<protocol::Schema> parse_columns(std::string_view text) {
  protocol::Schema schema;
  std::set<std::string> names;
  while (true) {
    const std::size_t end = end_of_column(text);
    auto column = parse_column(text.substr(0, end));
    if (!column) return tl::unexpected(column.error());
    if (!names.insert(column->name).second)
      return fail(Errc::malformed, "column " + column->name + " is there twice");
    schema.columns.push_back(std::move(*column));
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  protocol::assign_field_ids(schema);
  return schema;
}

Result<client::TablePath> parse_table_path(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size() ||
      text.find('.', dot + 1) != std::string_view::npos)
    return fail(Errc::malformed, "a table is named DATABASE.TABLE: " + std::string(text));
  return client::TablePath{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    out.emplace_back(name.substr(0, name.find_last_not_of(' ') + 1));
  }
  return out;
}

}  // namespace millrace::cli
