// The way from cells to Arrow.
#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>

#include "protocol/arrow_cells.hpp"
#include "protocol/arrow_status.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/binary_array.hpp"
#include "protocol/row_codec.hpp"
#include "protocol/time_units.hpp"

namespace millrace::protocol {
namespace {

/// Appends `value` to a builder that is a `Builder`.
template <class Builder, class Value>
Status put(arrow::ArrayBuilder& builder, Value value) {
  return from_status(static_cast<Builder&>(builder).Append(value));
}

template <class Builder>
Status put_number(arrow::ArrayBuilder& builder, const Cell& cell) {
  using Number = typename Builder::value_type;
  return put<Builder>(builder, static_cast<Number>(std::get<std::int64_t>(cell)));
}

template <class Builder>
Status put_bytes(arrow::ArrayBuilder& builder, const Cell& cell) {
  return put<Builder>(builder, text_of(std::get<Bytes>(cell)));
}

/// A BINARY may come without the zeros at its end.
Status put_fixed_binary(const DataType& type, Bytes bytes, arrow::ArrayBuilder& builder) {
  const auto length = static_cast<std::size_t>(type.length);
  if (bytes.size() > length)
    return fail(Errc::malformed, fmt::format("value is longer than its column: {} of {} bytes",
                                             bytes.size(), length));
  std::string filled(text_of(bytes));
  filled.resize(length);
  return put<arrow::FixedSizeBinaryBuilder>(builder, std::string_view(filled));
}

Status put_time(const Cell& cell, arrow::ArrayBuilder& builder) {
  const auto unit = static_cast<const arrow::TimeType&>(*builder.type()).unit();
  auto value = from_time_of_day(std::get<std::int64_t>(cell), unit);
  if (!value) return tl::unexpected(value.error());
  if (builder.type()->id() == arrow::Type::TIME64)
    return put<arrow::Time64Builder>(builder, *value);
  return put<arrow::Time32Builder>(builder, static_cast<std::int32_t>(*value));
}

Status put_moment(const Cell& cell, arrow::ArrayBuilder& builder) {
  const auto unit = static_cast<const arrow::TimestampType&>(*builder.type()).unit();
  auto value = from_moment(std::get<Timestamp>(cell), unit);
  if (!value) return tl::unexpected(value.error());
  return put<arrow::TimestampBuilder>(builder, *value);
}

}  // namespace

Status CellSink::append(const DataType& type, const Cell& cell, arrow::ArrayBuilder& builder) {
  if (auto counted = count(type, cell); !counted) return counted;
  return is_null(cell) ? append_null(type, builder) : append_value(type, cell, builder);
}

Status CellSink::append_value(const DataType& type, const Cell& cell,
                              arrow::ArrayBuilder& builder) {
  switch (type.root) {
    case TypeRoot::boolean:
      return put<arrow::BooleanBuilder>(builder, std::get<std::int64_t>(cell) != 0);
    case TypeRoot::tinyint:
      return put_number<arrow::Int8Builder>(builder, cell);
    case TypeRoot::smallint:
      return put_number<arrow::Int16Builder>(builder, cell);
    case TypeRoot::integer:
      return put_number<arrow::Int32Builder>(builder, cell);
    case TypeRoot::bigint:
      return put_number<arrow::Int64Builder>(builder, cell);
    case TypeRoot::date:
      return put_number<arrow::Date32Builder>(builder, cell);
    case TypeRoot::float32:
      return put<arrow::FloatBuilder>(builder, std::get<float>(cell));
    case TypeRoot::float64:
      return put<arrow::DoubleBuilder>(builder, std::get<double>(cell));
    case TypeRoot::character:
    case TypeRoot::string:
      return put_bytes<arrow::StringBuilder>(builder, cell);
    case TypeRoot::bytes:
      return put_bytes<arrow::BinaryBuilder>(builder, cell);
    case TypeRoot::binary:
      return put_fixed_binary(type, std::get<Bytes>(cell), builder);
    case TypeRoot::decimal:
      return put<arrow::Decimal128Builder>(
          builder, arrow::Decimal128(std::get<arrow::BasicDecimal128>(cell)));
    case TypeRoot::time:
      return put_time(cell, builder);
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return put_moment(cell, builder);
    case TypeRoot::array:
      return append_array(type, std::get<Bytes>(cell), builder);
    case TypeRoot::map:
      return append_map(type, std::get<Bytes>(cell), builder);
    case TypeRoot::row:
      return append_struct(type, std::get<Bytes>(cell), builder);
  }
  return {};
}

Status CellSink::append_null(const DataType& type, arrow::ArrayBuilder& builder) {
  if (type.root != TypeRoot::row) return from_status(builder.AppendNull());
  // Arrow would fill up the fields itself, uncounted.
  auto& fields = static_cast<arrow::StructBuilder&>(builder);
  for (std::size_t i = 0; i < type.children.size(); ++i) {
    auto appended =
        append(type.children[i].type, Cell{}, *fields.field_builder(static_cast<int>(i)));
    if (!appended) return appended;
  }
  return from_status(fields.Append(false));
}

/// Gives the number of elements.
Result<std::size_t> CellSink::append_elements(const DataType& element, Bytes bytes, bool nullable,
                                              arrow::ArrayBuilder& builder) {
  auto array = ArrayView::open(element, bytes);
  if (!array) return tl::unexpected(array.error());
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto cell = array->at(i);
    if (!cell) return tl::unexpected(cell.error());
    if (is_null(*cell) && !nullable)
      return fail(Errc::malformed, "array has a null where there must be none");
    if (auto appended = append(element, *cell, builder); !appended)
      return tl::unexpected(appended.error());
  }
  return array->size();
}

Status CellSink::append_array(const DataType& type, Bytes bytes, arrow::ArrayBuilder& builder) {
  auto& list = static_cast<arrow::ListBuilder&>(builder);
  if (auto started = from_status(list.Append()); !started) return started;
  const DataType& element = type.children[0].type;
  const auto size = append_elements(element, bytes, element.nullable, *list.value_builder());
  return size ? Status() : tl::unexpected(size.error());
}

Status CellSink::append_map(const DataType& type, Bytes bytes, arrow::ArrayBuilder& builder) {
  auto parts = split_map(bytes);
  if (!parts) return tl::unexpected(parts.error());
  auto& map = static_cast<arrow::MapBuilder&>(builder);
  if (auto started = from_status(map.Append()); !started) return started;
  auto keys = append_elements(type.children[0].type, parts->keys, false, *map.key_builder());
  if (!keys) return tl::unexpected(keys.error());
  const DataType& value = type.children[1].type;
  auto values = append_elements(value, parts->values, value.nullable, *map.item_builder());
  if (!values) return tl::unexpected(values.error());
  if (*keys != *values)
    return fail(Errc::malformed, fmt::format("map has {} keys but {} values", *keys, *values));
  return {};
}

Status CellSink::append_struct(const DataType& type, Bytes bytes, arrow::ArrayBuilder& builder) {
  Cells cells;
  if (auto read = read_row(format_, type, bytes, cells); !read) return read;
  auto& fields = static_cast<arrow::StructBuilder&>(builder);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    auto appended =
        append(type.children[i].type, cells[i], *fields.field_builder(static_cast<int>(i)));
    if (!appended) return appended;
  }
  return from_status(fields.Append(true));
}

Status CellSink::count(const DataType& type, const Cell& cell) {
  constexpr std::size_t size_max = static_cast<std::size_t>(decompressed_size_max);
  std::size_t size = sizeof(std::int64_t);
  if (type.root == TypeRoot::binary) {
    size += static_cast<std::size_t>(type.length);  // A null takes as much.
  } else if (const auto* bytes = std::get_if<Bytes>(&cell)) {
    size += bytes->size();
  }
  size_ += size;
  if (size_ > size_max)
    return fail(Errc::overloaded,
                fmt::format("log batch decodes to more than {} bytes", decompressed_size_max));
  return {};
}

}  // namespace millrace::protocol
