#include "apps/demo/origin_totals.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

namespace millrace::demo {

namespace {

template <class Array>
Result<const Array*> column_of(const arrow::RecordBatch& rows, const std::string& name,
                               arrow::Type::type type) {
  const int position = rows.schema()->GetFieldIndex(name);
  if (position < 0) return fail(Errc::malformed, "rows without the column " + name);
  const auto& column = *rows.column_data(position);
  if (column.type->id() != type)
    return fail(Errc::malformed,
                fmt::format("column {} has type {}", name, column.type->ToString()));
  // The batch holds the array that it made for this column.
  return static_cast<const Array*>(rows.column(position).get());
}

std::optional<std::int64_t> value_at(const arrow::Int64Array& column, std::int64_t row) {
  if (column.IsNull(row)) return std::nullopt;
  return column.Value(row);
}

std::string described(std::string_view name, std::string_view origin, const OriginTotal& total) {
  return fmt::format(
      "{} has {} flights from {}, {} departures, {} delays of {} minutes together, {} destinations",
      name, total.flights, origin, total.departures, total.delays, total.minutes_of_delay,
      total.destinations.size());
}

}  // namespace

std::optional<double> OriginTotal::mean_delay_minutes() const {
  if (delays == 0) return std::nullopt;
  return static_cast<double>(minutes_of_delay) / static_cast<double>(delays);
}

void OriginTotals::add(const Flight& flight) {
  auto found = origins_.find(flight.origin);
  if (found == origins_.end()) found = origins_.try_emplace(std::string(flight.origin)).first;
  OriginTotal& total = found->second;
  ++total.flights;
  if (flight.departure_time) ++total.departures;
  if (flight.delay_minutes) {
    ++total.delays;
    total.minutes_of_delay += *flight.delay_minutes;
  }
  if (!total.destinations.contains(flight.destination))
    total.destinations.emplace(flight.destination);
}

Status OriginTotals::add(const arrow::RecordBatch& rows) {
  const auto origins = column_of<arrow::StringArray>(rows, "origin", arrow::Type::STRING);
  const auto destinations = column_of<arrow::StringArray>(rows, "dest", arrow::Type::STRING);
  const auto times = column_of<arrow::Int64Array>(rows, "dep_time", arrow::Type::INT64);
  const auto delays = column_of<arrow::Int64Array>(rows, "dep_delay", arrow::Type::INT64);
  for (const auto* text : {&origins, &destinations}) {
    if (!*text) return tl::unexpected(text->error());
  }
  for (const auto* number : {&times, &delays}) {
    if (!*number) return tl::unexpected(number->error());
  }
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    add({.origin = (*origins)->GetView(row),
         .destination = (*destinations)->GetView(row),
         .departure_time = value_at(**times, row),
         .delay_minutes = value_at(**delays, row)});
  }
  return {};
}

std::int64_t OriginTotals::flights() const {
  std::int64_t sum = 0;
  for (const auto& [origin, total] : origins_) sum += total.flights;
  return sum;
}

std::optional<std::string> difference(std::string_view one, const OriginTotals& left,
                                      std::string_view other, const OriginTotals& right) {
  const auto total_in = [](const OriginTotals& totals, const std::string& origin) {
    const auto found = totals.origins().find(origin);
    return found == totals.origins().end() ? OriginTotal() : found->second;
  };
  auto all = left.origins();
  all.insert(right.origins().begin(), right.origins().end());
  for (const auto& [origin, unused] : all) {
    const OriginTotal in_left = total_in(left, origin);
    const OriginTotal in_right = total_in(right, origin);
    if (in_left == in_right) continue;
    return described(one, origin, in_left) + "; " + described(other, origin, in_right);
  }
  return std::nullopt;
}

}  // namespace millrace::demo
