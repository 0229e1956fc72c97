#include "bench/macro/flights_report.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/config/output.hpp"
#include "bench/record/spread.hpp"

namespace millrace::bench {

namespace {

struct Phase {
  std::string_view name;
  Measured Round::*measured;
};
constexpr std::array<Phase, 3> phases = {{{"append", &Round::append},
                                          {"scan 19 columns", &Round::scan_all},
                                          {"scan 4 columns", &Round::scan_narrow}}};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// A figure of each round of one phase.
template <class Figure>
Spread over_rounds(const SettingResult& result, const Phase& phase, Figure figure) {
  std::vector<double> values;
  for (const Round& round : result.rounds) values.push_back(figure(round.*phase.measured));
  return spread_of(std::move(values));
}

double rows_per_second(const Measured& measured) {
  return static_cast<double>(measured.rows) / seconds(measured.took);
}
double arrow_megabytes_per_second(const Measured& measured) {
  return static_cast<double>(measured.arrow_bytes) / 1e6 / seconds(measured.took);
}
double wire_bytes_per_row(const Measured& measured) {
  return static_cast<double>(measured.wire_bytes) / static_cast<double>(measured.rows);
}
double server_seconds_per_million(const Measured& measured) {
  return seconds(measured.server_processor_time) / static_cast<double>(measured.rows) * 1e6;
}
double client_seconds_per_million(const Measured& measured) {
  return seconds(measured.client_processor_time) / static_cast<double>(measured.rows) * 1e6;
}

std::string spread_text(const Spread& spread, double unit, int digits) {
  return fmt::format("{:.{}f} ({:.{}f}..{:.{}f})", spread.median / unit, digits, spread.low / unit,
                     digits, spread.high / unit, digits);
}

nlohmann::ordered_json json_of(const Spread& spread) {
  return {{"median", spread.median}, {"low", spread.low}, {"high", spread.high}};
}

nlohmann::ordered_json json_of(const SettingResult& result, const Phase& phase) {
  nlohmann::ordered_json out;
  out["rows_per_second"] = json_of(over_rounds(result, phase, rows_per_second));
  out["arrow_megabytes_per_second"] =
      json_of(over_rounds(result, phase, arrow_megabytes_per_second));
  out["wire_bytes_per_row"] = json_of(over_rounds(result, phase, wire_bytes_per_row));
  out["server_cpu_seconds_per_million_rows"] =
      json_of(over_rounds(result, phase, server_seconds_per_million));
  out["client_cpu_seconds_per_million_rows"] =
      json_of(over_rounds(result, phase, client_seconds_per_million));
  for (const Round& round : result.rounds) {
    const Measured& measured = round.*phase.measured;
    out["rounds"].push_back({{"rows", measured.rows},
                             {"seconds", seconds(measured.took)},
                             {"arrow_bytes", measured.arrow_bytes},
                             {"wire_bytes", measured.wire_bytes},
                             {"server_cpu_seconds", seconds(measured.server_processor_time)},
                             {"client_cpu_seconds", seconds(measured.client_processor_time)}});
  }
  return out;
}

}  // namespace

std::string result_table(const std::vector<SettingResult>& results) {
  std::vector<std::vector<std::string>> rows;
  for (const SettingResult& result : results) {
    for (const Phase& phase : phases) {
      rows.push_back({to_text(result.setting), std::string(phase.name),
                      spread_text(over_rounds(result, phase, rows_per_second), 1e6, 2),
                      spread_text(over_rounds(result, phase, arrow_megabytes_per_second), 1, 0),
                      fmt::format("{:.1f}", over_rounds(result, phase, wire_bytes_per_row).median),
                      spread_text(over_rounds(result, phase, server_seconds_per_million), 1, 3),
                      spread_text(over_rounds(result, phase, client_seconds_per_million), 1, 3)});
    }
  }
  return text_table({"CLUSTER", "PHASE", "M ROWS/S", "ARROW MB/S", "WIRE B/ROW",
                     "SERVER CPU S/M ROWS", "CLIENT CPU S/M ROWS"},
                    rows);
}

nlohmann::ordered_json to_json(const SettingResult& result) {
  nlohmann::ordered_json out = {{"cluster", to_text(result.setting)},
                                {"hosts", result.setting.hosts},
                                {"resident_bytes", result.resident_bytes}};
  for (const Phase& phase : phases) out["phases"][phase.name] = json_of(result, phase);
  return out;
}

}  // namespace millrace::bench
