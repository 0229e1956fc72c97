// The way from Arrow to cells. The way back is in cell_sink.cpp.
#include "protocol/arrow_cells.hpp"

#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "protocol/binary_array.hpp"
#include "protocol/log_batch.hpp"
#include "protocol/row_codec.hpp"
#include "protocol/time_units.hpp"

namespace millrace::protocol {
namespace {

/// The value at `index` of an array that is an `Array`.
template <class Array>
auto at(const arrow::Array& array, std::int64_t index) {
  return static_cast<const Array&>(array).GetView(index);
}

Cell bytes_cell(std::string_view text) { return bytes_of(text); }

Result<Cell> time_cell(const arrow::Array& array, std::int64_t index) {
  const auto unit = static_cast<const arrow::TimeType&>(*array.type()).unit();
  const std::int64_t value = array.type_id() == arrow::Type::TIME32
                                 ? at<arrow::Time32Array>(array, index)
                                 : at<arrow::Time64Array>(array, index);
  auto millis = time_of_day(value, unit);
  if (!millis) return tl::unexpected(millis.error());
  return *millis;
}

Result<Cell> moment_cell(const arrow::Array& array, std::int64_t index) {
  const auto unit = static_cast<const arrow::TimestampType&>(*array.type()).unit();
  auto moment = to_moment(at<arrow::TimestampArray>(array, index), unit);
  if (!moment) return tl::unexpected(moment.error());
  return *moment;
}

Cell decimal_cell(const arrow::Array& array, std::int64_t index) {
  return arrow::BasicDecimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(index));
}

/// Numbers that are the same on both sides.
Cell number_cell(TypeRoot root, const arrow::Array& array, std::int64_t index) {
  switch (root) {
    case TypeRoot::boolean:
      return std::int64_t{at<arrow::BooleanArray>(array, index) ? 1 : 0};
    case TypeRoot::tinyint:
      return std::int64_t{at<arrow::Int8Array>(array, index)};
    case TypeRoot::smallint:
      return std::int64_t{at<arrow::Int16Array>(array, index)};
    case TypeRoot::integer:
      return std::int64_t{at<arrow::Int32Array>(array, index)};
    case TypeRoot::date:
      return std::int64_t{at<arrow::Date32Array>(array, index)};
    case TypeRoot::float32:
      return at<arrow::FloatArray>(array, index);
    case TypeRoot::float64:
      return at<arrow::DoubleArray>(array, index);
    default:
      return at<arrow::Int64Array>(array, index);
  }
}

}  // namespace

Result<Cell> CellSource::cell(const DataType& type, const arrow::Array& array, std::int64_t index) {
  if (!array.IsNull(index)) return value(type, array, index);
  if (!type.nullable) return fail(Errc::malformed, "null where the type is NOT NULL");
  return Cell{};
}

Result<Cell> CellSource::value(const DataType& type, const arrow::Array& array,
                               std::int64_t index) {
  switch (type.root) {
    case TypeRoot::character:
    case TypeRoot::string:
      return bytes_cell(at<arrow::StringArray>(array, index));
    case TypeRoot::binary:
      return bytes_cell(at<arrow::FixedSizeBinaryArray>(array, index));
    case TypeRoot::bytes:
      return bytes_cell(at<arrow::BinaryArray>(array, index));
    case TypeRoot::decimal:
      return decimal_cell(array, index);
    case TypeRoot::time:
      return time_cell(array, index);
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return moment_cell(array, index);
    case TypeRoot::array:
    case TypeRoot::map:
    case TypeRoot::row: {
      std::vector<std::byte> bytes;
      if (auto appended = append_nested(type, array, index, bytes); !appended)
        return tl::unexpected(appended.error());
      if (bytes.size() > log_batch_size_max)
        return fail(Errc::overloaded, "nested value is larger than a log batch");
      return Bytes(nested_.emplace_back(std::move(bytes)));
    }
    default:
      return number_cell(type.root, array, index);
  }
}

Status CellSource::append_nested(const DataType& type, const arrow::Array& array,
                                 std::int64_t index, std::vector<std::byte>& out) {
  if (type.root == TypeRoot::row) {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    Cells cells;
    for (std::size_t i = 0; i < type.children.size(); ++i) {
      auto taken = cell(type.children[i].type, *fields.field(static_cast<int>(i)), index);
      if (!taken) return tl::unexpected(taken.error());
      cells.push_back(*taken);
    }
    return append_row(format_, type, cells, out);
  }
  // A map is a list of its entries.
  const auto& list = static_cast<const arrow::ListArray&>(array);
  const std::int64_t first = list.value_offset(index);
  const std::int64_t count = list.value_length(index);
  if (type.root == TypeRoot::array)
    return append_elements(type.children[0].type, *list.values(), first, count, out);
  const auto& map = static_cast<const arrow::MapArray&>(array);
  std::vector<std::byte> keys;
  std::vector<std::byte> values;
  if (auto keyed = append_elements(type.children[0].type, *map.keys(), first, count, keys); !keyed)
    return keyed;
  if (auto valued = append_elements(type.children[1].type, *map.items(), first, count, values);
      !valued)
    return valued;
  append_map({keys, values}, out);
  return {};
}

Status CellSource::append_elements(const DataType& element, const arrow::Array& values,
                                   std::int64_t first, std::int64_t count,
                                   std::vector<std::byte>& out) {
  Cells cells;
  cells.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = first; i < first + count; ++i) {
    auto taken = cell(element, values, i);
    if (!taken) return tl::unexpected(taken.error());
    cells.push_back(*taken);
  }
  append_array(element, cells, out);
  return {};
}

}  // namespace millrace::protocol
