#pragma once
#include <map>
#include <memory>
#include <string>

#include "client/scanner.hpp"
#include "scenarios/checkers/history.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"

namespace millrace::scenarios {

/// Reads all buckets of a table from the beginning, follows what is appended, and writes down every
/// row. It outlives the cluster's running.
class LogReader {
 public:
  /// With `projected`, only the columns that tell a row's value, in another order.
  LogReader(SimulatedClient& client, History& history, client::TablePath table, std::string name,
            bool projected);
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  void start();
  /// From now on nothing is written down.
  void stop() { stopping_ = true; }

  /// The offset of the next row; zero before anything was read.
  [[nodiscard]] Offset position(BucketIndex bucket) const;
  /// Says of everything read so far that it was the final read.
  void mark_final();

 private:
  void open();
  void begin(std::shared_ptr<client::Scanner> scanner);
  void poll();
  void take(const client::ScannedBatch& batch);

  SimulatedClient& client_;
  History& history_;
  const client::TablePath table_;
  const std::string name_;
  const bool projected_;
  std::shared_ptr<client::Scanner> scanner_;
  std::map<BucketIndex, std::size_t> reads_;  // Positions in the history.
  bool stopping_ = false;
};

}  // namespace millrace::scenarios
