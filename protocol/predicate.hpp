#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/batch_statistics.hpp"
#include "protocol/comparable_value.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::protocol {

/// What a reader wants of rows, as far as statistics can tell whether a batch has any such row.
/// Source: Fluss PbPredicate of client 1.0.0.
struct Predicate {
  enum class Function : std::uint8_t {
    all,  ///< Of the children; and any of them.
    any,
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    is_null,
    is_not_null,
    starts_with,
    in,
    not_in,
    undecided,  ///< Says nothing about statistics: an unknown function, a null literal.
  };
  struct Literal {
    std::int32_t type = 0;  ///< As on the wire.
    ComparableValue value;
  };

  Function function = Function::undecided;
  std::int32_t column_id = -1;
  std::vector<Literal> literals;
  std::vector<Predicate> children;
};

/// Nested no deeper than this, and no more of them in one filter.
inline constexpr int predicate_depth_max = 32;
inline constexpr std::size_t predicate_parts_max = 10'000;

/// Reads a PbPredicate. What is in it but means nothing here is undecided. Errors: malformed,
/// overloaded (too deep or too large).
[[nodiscard]] Result<Predicate> parse_predicate(Bytes message);

/// False if no row of a batch of `schema` can be wanted; true in every doubt.
[[nodiscard]] bool may_match(const Predicate& predicate, const BatchStatistics& statistics,
                             const Schema& schema);

}  // namespace millrace::protocol
