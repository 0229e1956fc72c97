#include "protocol/comparable_value.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace millrace::protocol {
namespace {

constexpr std::int64_t above_all = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t decimal_bytes_max = 16;

}  // namespace

ComparableValue comparable(std::int64_t value) { return {.high = value}; }

ComparableValue comparable(double value) {
  if (std::isnan(value)) return {.high = above_all};
  if (value == 0) return {};
  const auto bits = std::bit_cast<std::int64_t>(value);
  // Negative numbers order by their bits the other way round.
  return {.high = bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits};
}

bool is_nan(const ComparableValue& value) { return value.high == above_all; }

std::optional<ComparableValue> comparable_decimal(Bytes unscaled) {
  if (unscaled.empty() || unscaled.size() > decimal_bytes_max) return std::nullopt;
  const bool negative = (std::to_integer<unsigned>(unscaled.front()) & 0x80U) != 0;
  std::uint64_t high = negative ? ~std::uint64_t{0} : 0;
  std::uint64_t low = high;
  for (const std::byte byte : unscaled) {
    high = high << 8 | low >> 56;
    low = low << 8 | std::to_integer<std::uint64_t>(byte);
  }
  return ComparableValue{.high = static_cast<std::int64_t>(high), .low = low};
}

ComparableValue comparable_decimal(std::int64_t unscaled) {
  return {.high = unscaled < 0 ? -1 : 0, .low = static_cast<std::uint64_t>(unscaled)};
}

}  // namespace millrace::protocol
