#include "protocol/arrow_schema.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"

namespace millrace::protocol {
namespace {

arrow::TimeUnit::type unit_of(std::int32_t precision) {
  if (precision == 0) return arrow::TimeUnit::SECOND;
  if (precision <= 3) return arrow::TimeUnit::MILLI;
  if (precision <= 6) return arrow::TimeUnit::MICRO;
  return arrow::TimeUnit::NANO;
}

std::int32_t precision_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 0;
    case arrow::TimeUnit::MILLI:
      return 3;
    case arrow::TimeUnit::MICRO:
      return 6;
    case arrow::TimeUnit::NANO:
      return 9;
  }
  return 9;
}

std::shared_ptr<arrow::DataType> time_of(std::int32_t precision) {
  return precision <= 3 ? arrow::time32(unit_of(precision)) : arrow::time64(unit_of(precision));
}

std::shared_ptr<arrow::Field> to_field(const std::string& name, const DataType& type) {
  return arrow::field(name, to_arrow(type), type.nullable);
}

std::shared_ptr<arrow::DataType> nested_of(const DataType& type) {
  if (type.root == TypeRoot::array) {
    CHECK(type.children.size() == 1);
    return arrow::list(to_field("element", type.children[0].type));
  }
  if (type.root == TypeRoot::map) {
    CHECK(type.children.size() == 2);
    return std::make_shared<arrow::MapType>(
        arrow::field("key", to_arrow(type.children[0].type), /*nullable=*/false),
        to_field("value", type.children[1].type));
  }
  arrow::FieldVector fields;
  for (const Field& child : type.children) fields.push_back(to_field(child.name, child.type));
  return arrow::struct_(fields);
}

Result<DataType> from_type(const arrow::DataType& type, int depth);

DataType plain(TypeRoot root) {
  DataType type;
  type.root = root;
  return type;
}

DataType with_precision(TypeRoot root, std::int32_t precision) {
  DataType type = plain(root);
  type.precision = precision;
  return type;
}

Result<Field> from_field(const arrow::Field& field, int depth) {
  auto type = from_type(*field.type(), depth);
  if (!type) return wrap(type.error(), field.name());
  type->nullable = field.nullable();
  Field result;
  result.name = field.name();
  result.type = std::move(*type);
  return result;
}

Result<DataType> from_nested(TypeRoot root, const arrow::FieldVector& children, int depth) {
  DataType type = plain(root);
  for (const auto& child : children) {
    auto field = from_field(*child, depth + 1);
    if (!field) return tl::unexpected(field.error());
    type.children.push_back(std::move(*field));
  }
  return type;
}

Result<DataType> from_decimal(const arrow::DecimalType& source) {
  DataType type = with_precision(TypeRoot::decimal, source.precision());
  type.scale = source.scale();
  if (type.precision > 38 || type.scale < 0 || type.scale > type.precision)
    return fail(Errc::malformed,
                fmt::format("no column type holds decimals of this size: {}", source.ToString()));
  return type;
}

Result<DataType> from_fixed_binary(const arrow::FixedSizeBinaryType& source) {
  DataType type = plain(TypeRoot::binary);
  type.length = source.byte_width();
  if (type.length < 1) return fail(Errc::malformed, "binary of no width");
  return type;
}

Result<DataType> from_type(const arrow::DataType& type, int depth) {
  if (depth > type_depth_max)
    return fail(Errc::malformed, fmt::format("types are nested deeper than {}", type_depth_max));
  switch (type.id()) {
    case arrow::Type::BOOL:
      return plain(TypeRoot::boolean);
    case arrow::Type::INT8:
      return plain(TypeRoot::tinyint);
    case arrow::Type::INT16:
    case arrow::Type::UINT8:
      return plain(TypeRoot::smallint);
    case arrow::Type::INT32:
    case arrow::Type::UINT16:
      return plain(TypeRoot::integer);
    case arrow::Type::INT64:
    case arrow::Type::UINT32:
      return plain(TypeRoot::bigint);
    case arrow::Type::UINT64:
      return with_precision(TypeRoot::decimal, 20);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return plain(TypeRoot::float32);
    case arrow::Type::DOUBLE:
      return plain(TypeRoot::float64);
    case arrow::Type::NA:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return plain(TypeRoot::string);
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
      return plain(TypeRoot::bytes);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return plain(TypeRoot::date);
    case arrow::Type::FIXED_SIZE_BINARY:
      return from_fixed_binary(static_cast<const arrow::FixedSizeBinaryType&>(type));
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return from_decimal(static_cast<const arrow::DecimalType&>(type));
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return with_precision(TypeRoot::time,
                            precision_of(static_cast<const arrow::TimeType&>(type).unit()));
    case arrow::Type::TIMESTAMP: {
      const auto& source = static_cast<const arrow::TimestampType&>(type);
      return with_precision(
          source.timezone().empty() ? TypeRoot::timestamp : TypeRoot::timestamp_ltz,
          precision_of(source.unit()));
    }
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return from_nested(TypeRoot::array, type.fields(), depth);
    case arrow::Type::MAP:
      return from_nested(TypeRoot::map, type.field(0)->type()->fields(), depth);
    case arrow::Type::STRUCT:
      return from_nested(TypeRoot::row, type.fields(), depth);
    case arrow::Type::DICTIONARY:
      return from_type(*static_cast<const arrow::DictionaryType&>(type).value_type(), depth);
    default:
      return fail(Errc::malformed, fmt::format("no column type for arrow's {}", type.name()));
  }
}

}  // namespace

std::shared_ptr<arrow::DataType> to_arrow(const DataType& type) {
  switch (type.root) {
    case TypeRoot::boolean:
      return arrow::boolean();
    case TypeRoot::tinyint:
      return arrow::int8();
    case TypeRoot::smallint:
      return arrow::int16();
    case TypeRoot::integer:
      return arrow::int32();
    case TypeRoot::bigint:
      return arrow::int64();
    case TypeRoot::float32:
      return arrow::float32();
    case TypeRoot::float64:
      return arrow::float64();
    case TypeRoot::character:
    case TypeRoot::string:
      return arrow::utf8();
    case TypeRoot::binary:
      return arrow::fixed_size_binary(type.length);
    case TypeRoot::bytes:
      return arrow::binary();
    case TypeRoot::decimal:
      return arrow::decimal128(type.precision, type.scale);
    case TypeRoot::date:
      return arrow::date32();
    case TypeRoot::time:
      return time_of(type.precision);
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return arrow::timestamp(unit_of(type.precision));
    case TypeRoot::array:
    case TypeRoot::map:
    case TypeRoot::row:
      return nested_of(type);
  }
  CHECK(false);
}

std::shared_ptr<arrow::Schema> to_arrow(const Schema& schema) {
  arrow::FieldVector fields;
  for (const Column& column : schema.columns) fields.push_back(to_field(column.name, column.type));
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> to_arrow(const Schema& schema,
                                        std::span<const std::int32_t> positions) {
  arrow::FieldVector fields;
  for (const std::int32_t position : positions) {
    CHECK(position >= 0);
    CHECK(static_cast<std::size_t>(position) < schema.columns.size());
    const Column& column = schema.columns[static_cast<std::size_t>(position)];
    fields.push_back(to_field(column.name, column.type));
  }
  return arrow::schema(std::move(fields));
}

bool is_wire_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::DATE32:
    case arrow::Type::FIXED_SIZE_BINARY:
    case arrow::Type::DECIMAL128:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
      return true;
    case arrow::Type::LIST:
    case arrow::Type::MAP:
    case arrow::Type::STRUCT:
      return std::ranges::all_of(type.fields(),
                                 [](const auto& field) { return is_wire_type(*field->type()); });
    default:
      return false;
  }
}

Result<Schema> from_arrow(const arrow::Schema& source) {
  Schema schema;
  for (const auto& arrow_field : source.fields()) {
    auto field = from_field(*arrow_field, 1);
    if (!field) return wrap(field.error(), "read the columns");
    Column column;
    column.name = std::move(field->name);
    column.type = std::move(field->type);
    schema.columns.push_back(std::move(column));
  }
  assign_field_ids(schema);
  return schema;
}

}  // namespace millrace::protocol
