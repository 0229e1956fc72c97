#include "protocol/partition_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "protocol/names.hpp"
#include "protocol/table_options.hpp"

namespace millrace::protocol {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::months;
using std::chrono::years;

/// The fields of a unit, in order. Indexed by TimeUnit.
constexpr std::array<std::string_view, 5> fields_of = {"y", "yQ", "yM", "yMd", "yMdH"};

constexpr std::size_t width_of(char field) {
  if (field == 'y') return 4;
  return field == 'Q' ? 1 : 2;
}

/// More units than this before or after a time of this age leave the years of four digits.
constexpr std::int32_t units_max(TimeUnit unit) {
  constexpr std::int32_t years_max = 1900;
  constexpr std::array<std::int32_t, 5> per_year = {1, 4, 12, 365, 365 * 24};
  return years_max * per_year[static_cast<std::size_t>(unit)];
}

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What a pattern is made of.
struct Piece {
  char c = 0;
  bool is_field = false;
};

/// Takes the next piece off a stored pattern: a literal stands after a quote.
Piece next_piece(std::string_view& pattern) {
  const bool is_field = pattern.front() != '\'';
  if (!is_field) pattern.remove_prefix(1);
  const char c = pattern.front();
  pattern.remove_prefix(1);
  return {c, is_field};
}

std::string padded(int value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

struct Fields {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
};

Fields fields_at(TimeZone::LocalTime at) {
  const auto day = floor<days>(at);
  const std::chrono::year_month_day date{day};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(floor<hours>(at - day).count())};
}

int value_of(const Fields& fields, char field) {
  switch (field) {
    case 'y':
      return fields.year;
    case 'Q':
      return (fields.month - 1) / 3 + 1;
    case 'M':
      return fields.month;
    case 'd':
      return fields.day;
    default:
      return fields.hour;
  }
}

/// Reads the digits of a field into `fields`; false if they are none.
bool read_field(std::string_view digits, char field, Fields& fields) {
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  switch (field) {
    case 'y':
      fields.year = value;
      return true;
    case 'Q':
      fields.month = 3 * value - 2;
      return value >= 1 && value <= 4;
    case 'M':
      fields.month = value;
      return true;
    case 'd':
      fields.day = value;
      return true;
    default:
      fields.hour = value;
      return value < 24;
  }
}

}  // namespace

TimeFormat TimeFormat::of(TimeUnit unit) {
  return {unit, std::string(fields_of.at(static_cast<std::size_t>(unit)))};
}

Result<TimeFormat> TimeFormat::parse(TimeUnit unit, std::string_view pattern) {
  const auto bad = [&](const std::string& why) {
    return fail(Errc::malformed, why + ": " + wire_text(pattern));
  };
  std::string_view fields = fields_of.at(static_cast<std::size_t>(unit));
  std::string parsed;
  bool quoted = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\'') {
      quoted = !quoted;
      if (i > 0 && pattern[i - 1] == '\'') return bad("a quote cannot be in a value");
      continue;
    }
    if (quoted || !is_letter(c)) {
      if (c == '[' || c == ']') return bad("optional sections are not allowed");
      parsed += {'\'', c};
      continue;
    }
    if (fields.empty() || fields.front() != c) return bad("not the fields of the time unit");
    const std::size_t width = pattern.find_first_not_of(c, i);
    if (std::min(width, pattern.size()) - i != width_of(c)) return bad("a field of wrong width");
    i += width_of(c) - 1;
    parsed += c;
    fields.remove_prefix(1);
  }
  if (quoted) return bad("a quote without its end");
  if (!fields.empty()) return bad("not all fields of the time unit");
  TimeFormat format(unit, std::move(parsed));
  if (auto why = why_bad_name(format.text({}))) return bad(*why);
  if (is_reserved_name(format.text({}))) return bad("'__' is reserved");
  return format;
}

std::string TimeFormat::text(TimeZone::LocalTime at) const {
  const Fields fields = fields_at(at);
  std::string text;
  for (std::string_view rest = pattern_; !rest.empty();) {
    const Piece piece = next_piece(rest);
    text += piece.is_field ? padded(value_of(fields, piece.c), width_of(piece.c))
                           : std::string(1, piece.c);
  }
  return text;
}

bool TimeFormat::matches(std::string_view text) const {
  Fields fields{1, 1, 1, 0};
  for (std::string_view rest = pattern_; !rest.empty();) {
    const Piece piece = next_piece(rest);
    const std::size_t width = piece.is_field ? width_of(piece.c) : 1;
    if (text.size() < width) return false;
    const std::string_view part = text.substr(0, width);
    if (piece.is_field ? !read_field(part, piece.c, fields) : part.front() != piece.c) return false;
    text.remove_prefix(width);
  }
  const std::chrono::year_month_day date{std::chrono::year{fields.year},
                                         std::chrono::month{static_cast<unsigned>(fields.month)},
                                         std::chrono::day{static_cast<unsigned>(fields.day)}};
  return text.empty() && date.ok();
}

std::string partition_time(const TimeFormat& format, const TimeZone& zone, EpochMillis now,
                           std::int32_t offset) {
  if (format.unit() == TimeUnit::hour) {
    constexpr EpochMillis hour_millis = 3'600'000;
    return format.text(zone.local(now + offset * hour_millis));
  }
  const auto today = floor<days>(zone.local(now));
  if (format.unit() == TimeUnit::day) return format.text(today + days{offset});
  // The first of the month, so that every month has the day.
  const std::chrono::year_month_day date{today};
  std::chrono::year_month_day first{date.year(), date.month(), std::chrono::day{1}};
  if (format.unit() == TimeUnit::year) first += years{offset};
  if (format.unit() == TimeUnit::quarter) first += months{3 * offset};
  if (format.unit() == TimeUnit::month) first += months{offset};
  return format.text(std::chrono::local_days{first});
}

namespace {

using Found = Outcome<std::optional<AutoPartition>>;

Found broken(std::string message) {
  return refuse(ErrorCode::invalid_table_exception, std::move(message));
}

/// Which of the partition keys is the time.
Outcome<std::size_t> key_of(const TableDescriptor& table, const AutoPartitionOptions& options) {
  const std::vector<std::string>& keys = table.partition_keys;
  if (!options.key) {
    if (keys.size() == 1) return 0;
    return refuse(ErrorCode::invalid_table_exception,
                  "table.auto-partition.key is needed where there are several partition keys");
  }
  const auto found = std::find(keys.begin(), keys.end(), *options.key);
  if (found == keys.end()) {
    return refuse(ErrorCode::invalid_table_exception,
                  "table.auto-partition.key is not a partition key: " + wire_text(*options.key));
  }
  return static_cast<std::size_t>(found - keys.begin());
}

bool is_date(const TableDescriptor& table, const std::string& name) {
  return std::any_of(table.schema.columns.begin(), table.schema.columns.end(),
                     [&](const Column& column) {
                       return column.name == name && column.type.root == TypeRoot::date;
                     });
}

}  // namespace

Found auto_partition_of(const TableDescriptor& table, const std::string& default_zone) {
  const AutoPartitionOptions options = auto_partition_options_of(table);
  if (table.partition_keys.empty()) return std::nullopt;
  if (!options.enabled && !options.time_format) return std::nullopt;
  const auto key = key_of(table, options);
  if (!key) return tl::unexpected<ProtocolError>(key.error());
  const auto unit = static_cast<TimeUnit>(options.time_unit);
  TimeFormat format = TimeFormat::of(unit);
  if (options.time_format) {
    auto parsed = TimeFormat::parse(unit, *options.time_format);
    if (!parsed) return broken("table.auto-partition.time-format: " + parsed.error().message);
    format = std::move(*parsed);
  }
  if (is_date(table, table.partition_keys[*key]) &&
      format != *TimeFormat::parse(TimeUnit::day, "yyyy-MM-dd")) {
    return broken("a DATE column as automatic partition key needs unit DAY and format yyyy-MM-dd");
  }
  if (table.partition_keys.size() > 1 && options.enabled && options.precreate.value_or(0) > 0) {
    return broken("table.auto-partition.num-precreate must be 0 with several partition keys");
  }
  auto zone = TimeZone::find(options.time_zone.value_or(default_zone));
  if (!zone) {
    return refuse(ErrorCode::invalid_config_exception,
                  "table.auto-partition.time-zone: " + wire_text(zone.error().message));
  }
  AutoPartition found{options.enabled, *key, std::move(format), std::move(*zone)};
  found.precreate =
      table.partition_keys.size() > 1 ? 0 : options.precreate.value_or(found.precreate);
  found.retention = options.retention.value_or(found.retention);
  found.precreate = std::min(found.precreate, units_max(unit));
  found.retention = std::min(found.retention, units_max(unit));
  return found;
}

}  // namespace millrace::protocol
