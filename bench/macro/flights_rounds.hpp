#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/cluster/local_cluster.hpp"
#include "bench/macro/flights.hpp"

namespace millrace::bench {

/// What is varied.
struct Setting {
  int hosts = 3;
  protocol::CompressionType compression = protocol::CompressionType::zstd;
};

/// How much of it.
struct Amount {
  int warm_up_rounds = 1;
  int rounds = 7;
  int copies = 6;  ///< Of the flights in one round: processor time is counted in steps of 10 ms.
};

/// One phase of one round.
struct Measured {
  std::int64_t rows = 0;
  Duration took{};
  std::uint64_t arrow_bytes = 0;  ///< Of the columns that are written or read.
  std::uint64_t wire_bytes = 0;   ///< Of an append: without the frames around the batches.
  Duration server_processor_time{};
  Duration client_processor_time{};
};

struct Round {
  Measured append;
  Measured scan_all;
  Measured scan_narrow;
};

struct SettingResult {
  Setting setting;
  std::vector<Round> rounds;
  std::uint64_t resident_bytes = 0;  ///< Of all nodes, at the end.
};

/// Starts a cluster and takes the rounds there, each on a table of its own with three buckets:
/// appends all flights, reads them back with all columns, then with four. `is_cancelled` is asked
/// between rounds. Errors: the cluster's; rows that do not come back are one, too.
[[nodiscard]] cli::Done<SettingResult> take_rounds(const std::filesystem::path& program,
                                                   const Setting& setting, const Amount& amount,
                                                   const Flights& flights,
                                                   const std::function<bool()>& is_cancelled);

[[nodiscard]] std::string to_text(const Setting& setting);

}  // namespace millrace::bench
