#include "base/check.hpp"
#include "protocol/bucketing.hpp"
#include "protocol/key_encoder.hpp"
#include "protocol/partition_value.hpp"
#include "protocol/row_codec.hpp"
#include "tests/fuzz/fuzz_schemas.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// Keys, buckets and partition names of any values: the cells come out of a row that need not be in
// order.

namespace millrace::fuzz {
namespace {

using namespace protocol;

struct KeyColumn {
  DataType row;  // With one field.
  [[nodiscard]] const DataType& type() const { return row.children[0].type; }
};

const std::vector<KeyColumn>& key_columns() {
  static const std::vector<KeyColumn> made = [] {
    std::vector<KeyColumn> columns;
    for (const auto& types : {scalar_types(), nested_types()}) {
      for (const std::string& type : types)
        columns.push_back({row_type_of(schema_of({{"k", type}}))});
    }
    return columns;
  }();
  return made;
}

constexpr KeyEncoding encodings[] = {KeyEncoding::compacted, KeyEncoding::paimon,
                                     KeyEncoding::iceberg, KeyEncoding::hudi};

void place(std::span<const DataType> types, const Cells& cells) {
  for (const KeyEncoding encoding : encodings) {
    if (!check_key_types(encoding, types)) continue;
    std::vector<std::byte> key;
    if (!append_key(encoding, types, cells, key)) continue;
    const BucketIndex bucket = bucket_of(encoding, key, 7);
    CHECK(bucket.value() >= 0);
    CHECK(bucket.value() < 7);
  }
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const KeyColumn& column = key_columns()[reader.below(key_columns().size())];
  const Buffer row = reader.rest();
  for (const RowFormat format : {RowFormat::indexed, RowFormat::compacted}) {
    Cells cells;
    if (!read_row(format, column.row, row.bytes(), cells)) continue;
    (void)partition_value_of(column.type(), cells[0]);
    const std::vector<DataType> one = {column.type()};
    place(one, cells);
    place(std::vector<DataType>{column.type(), column.type()}, Cells{cells[0], cells[0]});
  }
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  for (std::size_t i = 0; i < key_columns().size(); ++i)
    made.push_back(InputWriter().byte(i).rest(std::string("\0\x04\0\0\0abcd1234", 13)).done());
  return made;
}

}  // namespace millrace::fuzz
