#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "protocol/arrow_cells.hpp"
#include "protocol/bucketing.hpp"
#include "protocol/key_encoder.hpp"
#include "protocol/partition_value.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

struct KeyColumn {
  std::string name;
  std::string type;
  std::string values;  // Of both rows, as JSON.
};

const std::vector<KeyColumn> key_columns = {
    {"i", "INT", "[1, -42]"},
    {"l", "BIGINT", "[1, 1234567890123]"},
    {"s", "STRING", R"(["a", "hello, world"])"},
    {"t", "TINYINT", "[1, -1]"},
    {"sm", "SMALLINT", "[1, -300]"},
    {"b", "BOOLEAN", "[true, false]"},
    {"dc", "DECIMAL(10, 2)", R"(["1.00", "-12345.67"])"},
    {"dl", "DECIMAL(25, 5)", R"(["1.00000", "-12345678901234567890.12345"])"},
    {"d", "DATE", "[1, 19000]"},
    {"tm", "TIME(3)", "[1, 45296789]"},
    {"ts3", "TIMESTAMP(3)", "[1, 1700000000123]"},
    {"ts6", "TIMESTAMP(6)", "[1001, 1700000000123456]"},
    {"ltz6", "TIMESTAMP_LTZ(6)", "[1001, 1700000000123456]"},
    {"by", "BYTES", R"(["\u0001", "0123456789"])"},
    {"f", "FLOAT", "[1.0, -1.5]"},
    {"db", "DOUBLE", "[1.0, -2.25]"},
    {"ch", "CHAR(5)", R"(["abcde", "zzzzz"])"},
};

/// The columns that `names` lists, with commas between.
class Keys {
 public:
  explicit Keys(const std::string& names) {
    for (std::size_t at = 0; at < names.size();) {
      const std::size_t comma = std::min(names.find(',', at), names.size());
      add(names.substr(at, comma - at));
      at = comma + 1;
    }
  }

  [[nodiscard]] const std::vector<DataType>& types() const { return types_; }
  [[nodiscard]] Cells cells(int row) {
    Cells cells;
    for (std::size_t i = 0; i < types_.size(); ++i)
      cells.push_back(source_.cell(types_[i], *values_[i], row).value());
    return cells;
  }

 private:
  void add(const std::string& name) {
    if (name == "bin") {  // Bytes that are no text cannot be written as JSON.
      types_.push_back(parse_sql_type("BINARY(4)").value());
      arrow::FixedSizeBinaryBuilder builder(to_arrow(types_.back()));
      EXPECT_TRUE(builder.Append("\x01\x02\x03\x04").ok());
      EXPECT_TRUE(builder.Append("\xff\xfe\xfd\xfc").ok());
      values_.push_back(builder.Finish().ValueOrDie());
      return;
    }
    for (const KeyColumn& column : key_columns) {
      if (column.name != name) continue;
      types_.push_back(parse_sql_type(column.type).value());
      values_.push_back(
          arrow::json::ArrayFromJSONString(to_arrow(types_.back()), column.values).ValueOrDie());
      return;
    }
    ADD_FAILURE() << "no such column: " << name;
  }

  std::vector<DataType> types_;
  arrow::ArrayVector values_;
  CellSource source_{RowFormat::compacted};
};

nlohmann::json vectors(const std::string& file) {
  return nlohmann::json::parse(golden_file(file).text());
}

void expect_key(const nlohmann::json& vector, KeyEncoding encoding, const std::string& key,
                const std::string& buckets) {
  SCOPED_TRACE(key);
  Keys keys(vector.at("keys").get<std::string>());
  const auto possible = check_key_types(encoding, keys.types());
  const auto theirs = vector.at(key).get<std::string>();
  EXPECT_EQ(possible.has_value(), theirs != "UNSUPPORTED");
  if (!possible || theirs == "UNSUPPORTED") return;
  std::vector<std::byte> ours;
  ASSERT_TRUE(append_key(encoding, keys.types(), keys.cells(vector.at("row").get<int>()), ours));
  EXPECT_EQ(hex(Buffer::copy_of(ours)), theirs);
  for (const int count : {3, 16}) {
    EXPECT_EQ(bucket_of(encoding, ours, count).value(),
              vector.at(buckets + "_bucket_" + std::to_string(count)).get<int>());
  }
  if (!vector.contains(buckets + "_hash")) return;
  EXPECT_EQ(fluss_hash(ours), vector.at(buckets + "_hash").get<std::int32_t>());
}

TEST(KeyGolden, KeysAndBucketsOfEveryLakeAreThoseOfFluss) {
  const nlohmann::json all = vectors("keys_buckets.json");
  EXPECT_EQ(all.size(), 40U);
  for (const auto& vector : all) {
    SCOPED_TRACE(vector.at("keys").get<std::string>() + " row " +
                 std::to_string(vector.at("row").get<int>()));
    expect_key(vector, KeyEncoding::compacted, "compacted", "fluss");
    expect_key(vector, KeyEncoding::paimon, "paimon", "paimon");
    expect_key(vector, KeyEncoding::iceberg, "iceberg", "iceberg");
  }
}

/// A cell that prints as the text which Fluss hashed.
Cell hudi_cell(const DataType& type, const nlohmann::json& text) {
  if (text.is_null()) return {};
  switch (type.root) {
    case TypeRoot::string:
      return bytes_of(text.get_ref<const std::string&>());
    case TypeRoot::boolean:
      return std::int64_t{text == "true" ? 1 : 0};
    case TypeRoot::decimal:
      return arrow::BasicDecimal128(std::int64_t{-1234567});
    case TypeRoot::timestamp:
      return Timestamp{1700000000123, 456000};
    case TypeRoot::float32:
      return std::stof(text.get<std::string>());
    default:
      return std::int64_t{std::stoll(text.get<std::string>())};
  }
}

TEST(KeyGolden, KeysAndBucketsOfHudi) {
  const nlohmann::json all = vectors("hudi_keys_1.0.0.json");
  EXPECT_EQ(all.size(), 11U);
  for (const auto& vector : all) {
    SCOPED_TRACE(vector.dump());
    const Keys keys(vector.at("keys").get<std::string>());
    ASSERT_TRUE(check_key_types(KeyEncoding::hudi, keys.types()));
    Cells cells;
    for (std::size_t i = 0; i < keys.types().size(); ++i)
      cells.push_back(hudi_cell(keys.types()[i], vector.at("strings").at(i)));
    std::vector<std::byte> key;
    ASSERT_TRUE(append_key(KeyEncoding::hudi, keys.types(), cells, key));
    EXPECT_EQ(hex(Buffer::copy_of(key)), vector.at("key").get<std::string>());
    EXPECT_EQ(bucket_of(KeyEncoding::hudi, key, 3).value(), vector.at("bucket_3").get<int>());
    EXPECT_EQ(bucket_of(KeyEncoding::hudi, key, 16).value(), vector.at("bucket_16").get<int>());
  }
}

/// "1700000000123ms+456000ns"
Timestamp moment_in(const std::string& text) {
  const std::size_t plus = text.find('+');
  return {std::stoll(text), plus == std::string::npos ? 0 : std::stoi(text.substr(plus + 1))};
}

Cell partition_cell(TypeRoot root, const std::string& text) {
  static const Buffer bytes = Buffer::from(std::string("\x0a\x1b\x00\xff", 4));
  switch (root) {
    case TypeRoot::string:
      return bytes_of(text);
    case TypeRoot::bytes:
      return bytes.bytes();
    case TypeRoot::boolean:
      return std::int64_t{text == "true" ? 1 : 0};
    case TypeRoot::float32:
      return std::stof(text);
    case TypeRoot::float64:
      return std::stod(text);
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return moment_in(text);
    default:
      return std::int64_t{std::stoll(text)};
  }
}

TEST(KeyGolden, PartitionValuesAreThoseOfFluss) {
  const nlohmann::json all = vectors("partition_values.json");
  EXPECT_EQ(all.size(), 17U);
  for (const auto& vector : all) {
    SCOPED_TRACE(vector.dump());
    const DataType type = parse_sql_type(vector.at("type").get<std::string>()).value();
    const auto text = vector.at("value").get<std::string>();
    EXPECT_EQ(partition_value_of(type, partition_cell(type.root, text)).value(),
              vector.at("partition_value").get<std::string>());
  }
}

}  // namespace
}  // namespace millrace::protocol
