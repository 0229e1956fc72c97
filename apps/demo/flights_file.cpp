#include "apps/demo/flights_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace millrace::demo {

namespace {

constexpr std::array<std::string_view, 4> wanted = {"origin", "dest", "dep_time", "dep_delay"};

/// Errors: malformed for quotes.
Status split(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  if (line.find('"') != std::string_view::npos) return fail(Errc::malformed, "a quoted field");
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (true) {
    const std::size_t comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return {};
    line.remove_prefix(comma + 1);
  }
}

Result<std::optional<std::int64_t>> number_in(std::string_view field) {
  if (field.empty() || field == "NA") return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const char* const end = field.data() + field.size();
  const auto parsed = std::from_chars(field.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    return fail(Errc::malformed, "not a whole number: " + std::string(field));
  return std::optional(value);
}

/// Where the wanted columns stand in a line.
using Positions = std::array<std::size_t, wanted.size()>;

Result<Positions> positions_in(const std::vector<std::string_view>& header) {
  Positions positions{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto found = std::ranges::find(header, wanted[i]);
    if (found == header.end())
      return fail(Errc::malformed, "there is no column " + std::string(wanted[i]));
    positions[i] = static_cast<std::size_t>(found - header.begin());
  }
  return positions;
}

Result<Flight> flight_in(const std::vector<std::string_view>& fields, const Positions& at) {
  const auto time = number_in(fields[at[2]]);
  if (!time) return tl::unexpected(time.error());
  const auto delay = number_in(fields[at[3]]);
  if (!delay) return tl::unexpected(delay.error());
  return Flight{fields[at[0]], fields[at[1]], *time, *delay};
}

}  // namespace

Result<OriginTotals> totals_of_csv(std::istream& file) {
  OriginTotals totals;
  std::optional<Positions> positions;
  std::vector<std::string_view> fields;
  std::size_t column_count = 0;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const auto in_line = [&](const Error& error) {
      return wrap(error, fmt::format("line {}", number));
    };
    if (const auto ok = split(line, fields); !ok) return in_line(ok.error());
    if (!positions) {
      const auto found = positions_in(fields);
      if (!found) return in_line(found.error());
      positions = *found;
      column_count = fields.size();
      continue;
    }
    if (fields.size() != column_count)
      return in_line(
          {Errc::malformed, fmt::format("{} fields, not {}", fields.size(), column_count)});
    const auto flight = flight_in(fields, *positions);
    if (!flight) return in_line(flight.error());
    totals.add(*flight);
  }
  if (!positions) return fail(Errc::malformed, "there is no header line");
  return totals;
}

}  // namespace millrace::demo
