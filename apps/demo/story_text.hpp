#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "apps/demo/origin_totals.hpp"
#include "base/time.hpp"

namespace millrace::demo {

/// "336,776".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "2.15 s", below a tenth of a second "1.30 ms".
[[nodiscard]] std::string duration_text(Duration duration);

/// Rounded; 0 when no time has passed.
[[nodiscard]] std::uint64_t per_second(std::int64_t count, Duration took);

/// The table of origins, indented.
[[nodiscard]] std::string origins_text(const OriginTotals& totals);

/// What a scan took, measured.
struct ScanCost {
  std::string name;
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::uint64_t wire_bytes = 0;  ///< Fetch answers as they came, frames included.
  Duration took = {};
};

/// The scans side by side, each with its bytes as a share of the last one's; indented.
[[nodiscard]] std::string scans_text(const std::vector<ScanCost>& scans);

/// "median 1.30 ms, longest 2.10 ms". Requires at least one latency.
[[nodiscard]] std::string latencies_text(std::vector<Duration> latencies);

/// Lines to paste for each kind of client.
[[nodiscard]] std::string paste_text(const std::string& bootstrap);

}  // namespace millrace::demo
