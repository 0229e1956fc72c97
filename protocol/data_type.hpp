#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error_code.hpp"

namespace millrace::protocol {

/// The kind of a column type. Source: Fluss data type roots.
enum class TypeRoot : std::uint8_t {
  boolean,
  tinyint,
  smallint,
  integer,
  bigint,
  float32,    ///< FLOAT
  float64,    ///< DOUBLE
  character,  ///< CHAR(length)
  string,
  binary,  ///< BINARY(length)
  bytes,
  decimal,
  date,           ///< Days since 1970-01-01.
  time,           ///< TIME_WITHOUT_TIME_ZONE: milliseconds of the day at every precision.
  timestamp,      ///< TIMESTAMP_WITHOUT_TIME_ZONE
  timestamp_ltz,  ///< TIMESTAMP_WITH_LOCAL_TIME_ZONE
  array,
  map,
  row,
};

/// Nesting deeper than this is refused wherever types are read.
inline constexpr int type_depth_max = 32;

struct Field;

/// A column type. Parameters that its root does not have are zero.
struct DataType {
  TypeRoot root = TypeRoot::integer;
  bool nullable = true;
  std::int32_t length = 0;      ///< CHAR, BINARY: 1..2^31-1.
  std::int32_t precision = 0;   ///< DECIMAL: 1..38; TIME and timestamps: 0..9.
  std::int32_t scale = 0;       ///< DECIMAL: 0..precision.
  std::vector<Field> children;  ///< ARRAY: the element; MAP: key, value; ROW: its fields.
};

/// A field of a ROW. The children of ARRAY and MAP use its type only.
struct Field {
  std::string name;
  DataType type;
  std::optional<std::string> description;
  std::int32_t id = -1;  ///< -1 until ids are assigned.
};

[[nodiscard]] bool operator==(const DataType& a, const DataType& b);
[[nodiscard]] bool operator==(const Field& a, const Field& b);

/// Name of a root as the protocol's JSON writes it: "INTEGER", "TIME_WITHOUT_TIME_ZONE".
[[nodiscard]] std::string_view name_of(TypeRoot root);
[[nodiscard]] std::optional<TypeRoot> find_type_root(std::string_view name);

[[nodiscard]] bool is_nested(TypeRoot root);

/// Why a type breaks the limits of the table above, or its children's do; empty when it is fine.
[[nodiscard]] std::optional<std::string> why_bad_type(const DataType& type);

/// SQL text: "DECIMAL(10, 2) NOT NULL", "ARRAY<INT>", "ROW<a INT, `b c` STRING>". Field names that
/// are not plain words are quoted, a quote in them is doubled. Descriptions and ids are left out.
[[nodiscard]] std::string to_string(const DataType& type);

/// Reads what to_string() writes, in any case and spacing, and "INTEGER". Left out parameters are
/// CHAR(1), BINARY(1), DECIMAL(10, 0), TIME(0), TIMESTAMP(6), TIMESTAMP_LTZ(6). Field ids come out
/// as -1. Errors: invalid_table_exception.
[[nodiscard]] Outcome<DataType> parse_sql_type(std::string_view text);

}  // namespace millrace::protocol
