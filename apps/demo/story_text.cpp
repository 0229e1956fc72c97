#include "apps/demo/story_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/config/output.hpp"
#include "base/check.hpp"

namespace millrace::demo {

namespace {

std::string indented(const std::string& text) {
  std::string out = "   ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\n' && i + 1 < text.size()) out += "   ";
  }
  return out;
}

double seconds_in(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// Numbers stand to the right of their column.
std::string right(const std::string& text, int width) { return fmt::format("{:>{}}", text, width); }

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string duration_text(Duration duration) {
  const double seconds = seconds_in(duration);
  return duration < 100ms ? fmt::format("{:.2f} ms", seconds * 1000)
                          : fmt::format("{:.2f} s", seconds);
}

std::uint64_t per_second(std::int64_t count, Duration took) {
  const double seconds = seconds_in(took);
  if (seconds <= 0 || count <= 0) return 0;
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(count) / seconds));
}

std::string origins_text(const OriginTotals& totals) {
  const auto cell = [](std::int64_t count, int width) {
    return right(grouped(static_cast<std::uint64_t>(count)), width);
  };
  std::vector<std::vector<std::string>> rows;
  for (const auto& [origin, total] : totals.origins()) {
    const auto mean = total.mean_delay_minutes();
    rows.push_back({origin, cell(total.flights, 7), cell(total.departures, 10),
                    right(mean ? fmt::format("{:.4f} min", *mean) : "none", 11),
                    cell(static_cast<std::int64_t>(total.destinations.size()), 12)});
  }
  return indented(
      text_table({"ORIGIN", "FLIGHTS", "DEPARTURES", " MEAN DELAY", "DESTINATIONS"}, rows));
}

std::string scans_text(const std::vector<ScanCost>& scans) {
  std::vector<std::vector<std::string>> rows;
  for (const ScanCost& scan : scans) {
    const auto whole = static_cast<double>(scans.back().wire_bytes);
    const double share = whole > 0 ? 100 * static_cast<double>(scan.wire_bytes) / whole : 100;
    rows.push_back({scan.name, right(std::to_string(scan.columns), 7),
                    right(grouped(static_cast<std::uint64_t>(scan.rows)), 9),
                    right(grouped(scan.wire_bytes), 17), right(fmt::format("{:.1f} %", share), 7),
                    right(duration_text(scan.took), 8),
                    right(grouped(per_second(scan.rows, scan.took)), 10)});
  }
  return indented(text_table(
      {"SCAN", "COLUMNS", "     ROWS", "BYTES ON THE WIRE", "  SHARE", "    TIME", "    ROWS/S"},
      rows));
}

std::string latencies_text(std::vector<Duration> latencies) {
  CHECK(!latencies.empty());
  std::ranges::sort(latencies);
  return fmt::format("median {}, longest {}", duration_text(latencies[latencies.size() / 2]),
                     duration_text(latencies.back()));
}

std::string paste_text(const std::string& bootstrap) {
  return fmt::format(
      R"TEXT(   pyfluss (pip install pyfluss==1.0.0; may abort while Python exits, even without a server):

import asyncio, fluss

async def main():
    config = fluss.Config({{"bootstrap.servers": "{0}"}})
    connection = await fluss.FlussConnection.create(config)
    table = await connection.get_table(fluss.TablePath("nyc", "flights"))
    scan = table.new_scan().project_by_name(["origin", "dep_delay"])
    scanner = await scan.create_record_batch_log_scanner()
    scanner.subscribe_buckets({{b: fluss.EARLIEST_OFFSET for b in range(table.get_table_info().num_buckets)}})
    print((await scanner.to_arrow()).group_by("origin").aggregate([("dep_delay", "mean")]))
    await connection.close()

asyncio.run(main())

   Java (org.apache.fluss:fluss-client:1.0.0):

Configuration configuration = new Configuration();
configuration.setString("bootstrap.servers", "{0}");
try (Connection connection = ConnectionFactory.createConnection(configuration);
     Table table = connection.getTable(TablePath.of("nyc", "flights"));
     LogScanner scanner = table.newScan().createLogScanner()) {{
  for (int bucket = 0; bucket < table.getTableInfo().getNumBuckets(); bucket++)
    scanner.subscribeFromBeginning(bucket);
  System.out.println(scanner.poll(Duration.ofSeconds(5)).count());
}}

   Flink SQL (fluss-flink 1.0.0 on the class path):

CREATE CATALOG millrace WITH ('type' = 'fluss', 'bootstrap.servers' = '{0}');
SELECT origin, dest, dep_delay FROM millrace.nyc.flights;
)TEXT",
      bootstrap);
}

}  // namespace millrace::demo
