#include "protocol/java_text.hpp"

#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace millrace::protocol {
namespace {

// Between these, the decimal point stands where it belongs; beyond them an exponent says so.
constexpr int plain_exponent_min = -3;
constexpr int plain_exponent_max = 6;

constexpr std::int64_t millis_per_second = 1000;
constexpr std::int64_t seconds_per_day = std::int64_t{24} * 60 * 60;
constexpr unsigned nanos_per_milli = 1'000'000;
constexpr char32_t replacement = 0xfffd;

/// Digits and exponent as Java puts them together. Requires digits.
std::string assembled(const std::string& digits, int exponent) {
  if (exponent < plain_exponent_min || exponent > plain_exponent_max) {
    const std::string fraction = digits.size() > 1 ? digits.substr(1) : "0";
    return digits.substr(0, 1) + "." + fraction + "E" + std::to_string(exponent);
  }
  if (exponent < 0)
    return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() > whole) return digits.substr(0, whole) + "." + digits.substr(whole);
  return digits + std::string(whole - digits.size(), '0') + ".0";
}

struct Digits {
  std::string digits;
  int exponent = 0;  // Of the first digit.
};

/// Takes "1.2345e+02" apart.
Digits digits_in(std::string_view text) {
  const std::size_t mark = text.find('e');
  Digits out;
  for (const char letter : text.substr(0, mark)) {
    if (letter != '.') out.digits += letter;
  }
  out.exponent = std::stoi(std::string(text.substr(mark + 1)));
  return out;
}

/// The fewest digits that give `value` back, but two before one if two come closer.
template <class Float>
Digits shortest_digits(Float value) {
  std::array<char, 64> buffer{};
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  const auto shortest = std::to_chars(first, last, value, std::chars_format::scientific);
  Digits found = digits_in({first, shortest.ptr});
  if (found.digits.size() > 1) return found;
  const auto of_two = std::to_chars(first, last, value, std::chars_format::scientific, 1);
  found = digits_in({first, of_two.ptr});
  if (found.digits.back() == '0') found.digits.pop_back();
  return found;
}

template <class Float>
std::string text_of_float(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  const std::string sign = std::signbit(value) ? "-" : "";
  if (value == 0) return sign + "0.0";
  const Digits found = shortest_digits(std::abs(value));
  return sign + assembled(found.digits, found.exponent);
}

/// The character at the front of `text`, and how many bytes it takes.
std::pair<char32_t, std::size_t> front_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {replacement, 1};
  char32_t letter = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {replacement, 1};
    letter = (letter << 6) | (byte(i) & 0x3fU);
  }
  return {letter, size};
}

}  // namespace

std::string java_text(float value) { return text_of_float(value); }
std::string java_text(double value) { return text_of_float(value); }

std::string java_text(const arrow::BasicDecimal128& unscaled, std::int32_t scale) {
  std::string digits = arrow::Decimal128(arrow::BasicDecimal128::Abs(unscaled)).ToIntegerString();
  if (scale > 0) {
    const auto fraction = static_cast<std::size_t>(scale);
    if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
    digits.insert(digits.size() - fraction, 1, '.');
  }
  return unscaled.high_bits() < 0 ? "-" + digits : digits;
}

std::string java_text(const Timestamp& moment) {
  const CivilTime time = civil_time_of(moment);
  std::string text = fmt::format("{}{:04}-{:02}-{:02}T{:02}:{:02}",
                                 time.year > 9999 ? "+" : (time.year < 0 ? "-" : ""),
                                 std::abs(time.year), time.month, time.day, time.hour, time.minute);
  if (time.second == 0 && time.nano == 0) return text;
  text += fmt::format(":{:02}", time.second);
  if (time.nano == 0) return text;
  if (time.nano % nanos_per_milli == 0)
    return text + fmt::format(".{:03}", time.nano / nanos_per_milli);
  if (time.nano % 1000 == 0) return text + fmt::format(".{:06}", time.nano / 1000);
  return text + fmt::format(".{:09}", time.nano);
}

std::uint32_t java_hash(std::string_view utf8) {
  std::uint32_t hash = 0;
  const auto add = [&](char32_t unit) { hash = 31 * hash + static_cast<std::uint32_t>(unit); };
  while (!utf8.empty()) {
    const auto [letter, size] = front_of(utf8);
    utf8.remove_prefix(size);
    if (letter < 0x10000) {
      add(letter);
    } else {
      add(0xd800 + ((letter - 0x10000) >> 10));
      add(0xdc00 + ((letter - 0x10000) & 0x3ff));
    }
  }
  return hash;
}

// Days are counted from 0000-03-01, so that a leap day is the last of its year; 400 years, an era,
// repeat.
CivilTime civil_date_of(std::int64_t days) {
  constexpr std::int64_t era_days = 146'097;
  constexpr std::int64_t epoch_shift = 719'468;  // 0000-03-01 to 1970-01-01.
  const std::int64_t shifted = days + epoch_shift;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - (era_days - 1)) / era_days;
  const std::int64_t day_of_era = shifted - era * era_days;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / (era_days - 1)) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilTime date;
  date.day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  date.month =
      static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

CivilTime civil_time_of(const Timestamp& moment) {
  std::int64_t seconds = moment.millis / millis_per_second;
  std::int64_t millis = moment.millis % millis_per_second;
  if (millis < 0) {
    millis += millis_per_second;
    --seconds;
  }
  std::int64_t days = seconds / seconds_per_day;
  std::int64_t rest = seconds % seconds_per_day;
  if (rest < 0) {
    rest += seconds_per_day;
    --days;
  }
  CivilTime time = civil_date_of(days);
  time.hour = static_cast<unsigned>(rest / 3600);
  time.minute = static_cast<unsigned>(rest / 60 % 60);
  time.second = static_cast<unsigned>(rest % 60);
  time.nano = static_cast<unsigned>(millis) * nanos_per_milli + static_cast<unsigned>(moment.nanos);
  return time;
}

}  // namespace millrace::protocol
