#include "protocol/predicate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::protocol {
namespace {

using Function = Predicate::Function;

constexpr std::int32_t type_leaf = 0;
constexpr std::int32_t type_compound = 1;
constexpr std::int32_t compound_and = 0;
constexpr std::int32_t compound_or = 1;

/// By number on the wire.
constexpr auto leaf_functions = std::to_array<Function>({
    Function::equal,
    Function::not_equal,
    Function::less,
    Function::less_or_equal,
    Function::greater,
    Function::greater_or_equal,
    Function::is_null,
    Function::is_not_null,
    Function::starts_with,
    Function::undecided,  // CONTAINS
    Function::undecided,  // ENDS_WITH
    Function::in,
    Function::not_in,
});

// Literal types on the wire.
constexpr std::int32_t literal_boolean = 0;
constexpr std::int32_t literal_tinyint = 1;
constexpr std::int32_t literal_smallint = 2;
constexpr std::int32_t literal_int = 3;
constexpr std::int32_t literal_bigint = 4;
constexpr std::int32_t literal_float = 5;
constexpr std::int32_t literal_double = 6;
constexpr std::int32_t literal_string = 8;
constexpr std::int32_t literal_decimal = 9;
constexpr std::int32_t literal_date = 10;
constexpr std::int32_t literal_time = 11;
constexpr std::int32_t literal_timestamp = 12;
constexpr std::int32_t literal_timestamp_ltz = 13;

/// The literal that a column of this type is compared with; -1: with none.
std::int32_t literal_type_of(TypeRoot root) {
  switch (root) {
    case TypeRoot::boolean:
      return literal_boolean;
    case TypeRoot::tinyint:
      return literal_tinyint;
    case TypeRoot::smallint:
      return literal_smallint;
    case TypeRoot::integer:
      return literal_int;
    case TypeRoot::bigint:
      return literal_bigint;
    case TypeRoot::float32:
      return literal_float;
    case TypeRoot::float64:
      return literal_double;
    case TypeRoot::string:
      return literal_string;
    case TypeRoot::decimal:
      return literal_decimal;
    case TypeRoot::date:
      return literal_date;
    case TypeRoot::time:
      return literal_time;
    case TypeRoot::timestamp:
      return literal_timestamp;
    case TypeRoot::timestamp_ltz:
      return literal_timestamp_ltz;
    default:
      return -1;
  }
}

std::optional<ComparableValue> decimal_of(const wire::PbLiteralValue& in) {
  if (in.has_decimal_value()) return comparable_decimal(in.decimal_value());
  const std::string& bytes = in.decimal_bytes();
  return comparable_decimal(Bytes(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()));
}

/// Whether the value is where its type says. Without this an absent one would be taken for zero.
bool is_given(const wire::PbLiteralValue& in) {
  switch (in.literal_type()) {
    case literal_boolean:
      return in.has_boolean_value();
    case literal_tinyint:
    case literal_smallint:
    case literal_int:
    case literal_time:
      return in.has_int_value();
    case literal_bigint:
    case literal_date:
      return in.has_bigint_value();
    case literal_float:
      return in.has_float_value();
    case literal_double:
      return in.has_double_value();
    case literal_string:
      return in.has_string_value();
    case literal_decimal:
      return in.has_decimal_value() || in.has_decimal_bytes();
    default:
      return in.has_timestamp_millis_value();
  }
}

std::optional<ComparableValue> value_of(const wire::PbLiteralValue& in) {
  if (in.is_null() || !is_given(in)) return std::nullopt;
  switch (in.literal_type()) {
    case literal_boolean:
      return comparable(std::int64_t{in.boolean_value()});
    case literal_tinyint:
    case literal_smallint:
    case literal_int:
    case literal_time:
      return comparable(std::int64_t{in.int_value()});
    case literal_bigint:
    case literal_date:
      return comparable(std::int64_t{in.bigint_value()});
    case literal_float:
      return comparable(double{in.float_value()});
    case literal_double:
      return comparable(in.double_value());
    case literal_string:
      return ComparableValue{.text = in.string_value()};
    case literal_decimal:
      return decimal_of(in);
    case literal_timestamp:
    case literal_timestamp_ltz:
      return ComparableValue{
          .high = in.timestamp_millis_value(),
          .low = static_cast<std::uint32_t>(in.timestamp_nano_of_millis_value())};
    default:
      return std::nullopt;
  }
}

std::size_t literals_wanted(Function function) {
  switch (function) {
    case Function::is_null:
    case Function::is_not_null:
      return 0;
    default:
      return 1;
  }
}

Predicate leaf_of(const wire::PbLeafPredicate& in) {
  const auto number = static_cast<std::size_t>(in.function());
  Predicate out;
  if (in.function() < 0 || number >= leaf_functions.size()) return out;
  out.column_id = in.field_id();
  for (const wire::PbLiteralValue& literal : in.literals()) {
    auto value = value_of(literal);
    if (!value) return out;
    out.literals.push_back({literal.literal_type(), std::move(*value)});
  }
  const Function function = leaf_functions[number];
  const bool is_list = function == Function::in || function == Function::not_in;
  if (is_list || out.literals.size() == literals_wanted(function)) out.function = function;
  return out;
}

Result<Predicate> predicate_of(const wire::PbPredicate& in, int depth, std::size_t& parts) {
  if (depth > predicate_depth_max || ++parts > predicate_parts_max)
    return fail(Errc::overloaded, "filter is too large");
  if (in.type() == type_leaf && in.has_leaf()) {
    parts += static_cast<std::size_t>(in.leaf().literals_size());
    if (parts > predicate_parts_max) return fail(Errc::overloaded, "filter is too large");
    return leaf_of(in.leaf());
  }
  Predicate out;
  if (in.type() != type_compound || !in.has_compound()) return out;
  const std::int32_t function = in.compound().function();
  if (function != compound_and && function != compound_or) return out;
  out.function = function == compound_and ? Function::all : Function::any;
  for (const wire::PbPredicate& child : in.compound().children()) {
    auto read = predicate_of(child, depth + 1, parts);
    if (!read) return read;
    out.children.push_back(std::move(*read));
  }
  return out;
}

bool is_floating(const Predicate::Literal& literal) {
  return literal.type == literal_float || literal.type == literal_double;
}

/// Zeros of both signs are one value here, and some readers tell them apart.
bool is_zero_of_two_signs(const Predicate::Literal& literal) {
  return is_floating(literal) && literal.value == ComparableValue{};
}

/// One comparison with the values between `least` and `greatest`.
bool may_compare(Function function, const Predicate::Literal& literal, const ComparableValue& least,
                 const ComparableValue& greatest) {
  const ComparableValue& value = literal.value;
  if (is_floating(literal) && is_nan(value)) return true;
  const bool zero = is_zero_of_two_signs(literal);
  switch (function) {
    case Function::equal:
      return least <= value && value <= greatest;
    case Function::not_equal:
      return zero || !(least == value && value == greatest);
    case Function::less:
      return least < value || (zero && least == value);
    case Function::less_or_equal:
      return least <= value;
    case Function::greater:
      return greatest > value || (zero && greatest == value);
    case Function::greater_or_equal:
      return greatest >= value;
    case Function::starts_with:
      return greatest.text >= value.text &&
             (least.text <= value.text || least.text.starts_with(value.text));
    default:
      return true;
  }
}

bool may_be_in(const Predicate& predicate, const ComparableValue& least,
               const ComparableValue& greatest) {
  return std::any_of(predicate.literals.begin(), predicate.literals.end(),
                     [&](const Predicate::Literal& literal) {
                       return may_compare(Function::equal, literal, least, greatest);
                     });
}

bool may_be_outside(const Predicate& predicate, const ComparableValue& least,
                    const ComparableValue& greatest) {
  return std::all_of(predicate.literals.begin(), predicate.literals.end(),
                     [&](const Predicate::Literal& literal) {
                       return may_compare(Function::not_equal, literal, least, greatest);
                     });
}

bool leaf_may_match(const Predicate& predicate, const ColumnStatistics& column) {
  if (predicate.function == Function::is_null) return column.nulls > 0;
  if (column.is_all_null()) return false;  // Nothing else holds for a null.
  if (predicate.function == Function::is_not_null) return true;
  if (!column.least || !column.greatest) return true;
  if (predicate.function == Function::in)
    return may_be_in(predicate, *column.least, *column.greatest);
  if (predicate.function == Function::not_in)
    return may_be_outside(predicate, *column.least, *column.greatest);
  return may_compare(predicate.function, predicate.literals.front(), *column.least,
                     *column.greatest);
}

bool leaf_may_match(const Predicate& predicate, const BatchStatistics& statistics,
                    const Schema& schema) {
  if (predicate.function == Function::undecided) return true;
  const auto column =
      std::find_if(schema.columns.begin(), schema.columns.end(),
                   [&](const Column& one) { return one.id == predicate.column_id; });
  if (column == schema.columns.end()) return true;
  const std::int32_t literal_type = literal_type_of(column->type.root);
  for (const Predicate::Literal& literal : predicate.literals) {
    if (literal.type != literal_type) return true;
  }
  const auto position = static_cast<std::int32_t>(column - schema.columns.begin());
  const auto found = statistics.of(position, column->type);
  return !found || leaf_may_match(predicate, *found);
}

}  // namespace

Result<Predicate> parse_predicate(Bytes message) {
  const auto parsed = parse_message<wire::PbPredicate>(message);
  if (!parsed) return tl::unexpected(parsed.error());
  std::size_t parts = 0;
  return predicate_of(*parsed, 0, parts);
}

bool may_match(const Predicate& predicate, const BatchStatistics& statistics,
               const Schema& schema) {
  const auto child_may = [&](const Predicate& child) {
    return may_match(child, statistics, schema);
  };
  const auto& children = predicate.children;
  if (predicate.function == Function::all)
    return std::all_of(children.begin(), children.end(), child_may);
  if (predicate.function == Function::any)
    return children.empty() || std::any_of(children.begin(), children.end(), child_may);
  return leaf_may_match(predicate, statistics, schema);
}

}  // namespace millrace::protocol
