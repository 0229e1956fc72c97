#include "apps/cli/column_list.hpp"
#include "base/check.hpp"
#include "protocol/acl.hpp"
#include "protocol/names.hpp"
#include "protocol/table_descriptor.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// Column types and what else the command line reads of tables: column lists, paths, principals.

namespace millrace::fuzz {
namespace {

using namespace protocol;

void check_type(std::string_view text) {
  const auto type = parse_sql_type(text);
  if (!type) return;
  CHECK(!why_bad_type(*type).has_value());
  const auto again = parse_sql_type(to_string(*type));
  CHECK(again.has_value());
  CHECK(*again == *type);
}

void check_principal(std::string_view text) {
  const auto principal = parse_principal(text);
  if (!principal) return;
  CHECK(parse_principal(to_string(*principal)) == principal);
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t kind = reader.below(4);
  const Buffer rest = reader.rest();
  const std::string_view text = rest.text();
  if (kind == 0) return check_type(text);
  if (kind == 1) {
    if (const auto schema = cli::parse_columns(text)) CHECK(!to_json(*schema).empty());
  } else if (kind == 2) {
    (void)cli::parse_table_path(text);
    (void)cli::split_list(text);
    (void)why_bad_name(text);
  } else {
    check_principal(text);
    (void)operation_named(text);
    (void)resource_type_named(text);
  }
}

std::vector<Buffer> seeds() {
  const auto seed = [](std::size_t kind, std::string_view text) {
    return InputWriter().byte(kind).rest(text).done();
  };
  return {
      seed(0, "MAP<TIMESTAMP(6) NOT NULL, ROW<a DECIMAL(25, 5), `b ``c` BYTES, d ARRAY<CHAR(9)>>>"),
      seed(0, "TIMESTAMP_LTZ(7) not null"),
      seed(1, "id BIGINT NOT NULL, price DECIMAL(10, 2), `odd name` STRING"),
      seed(2, "nyc.flights, __x"), seed(3, "User:bob")};
}

}  // namespace millrace::fuzz
