#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "client/scanner.hpp"
#include "scenarios/checkers/history.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"

namespace millrace::scenarios {

struct ReadPlan {
  client::TablePath table;
  std::string name = {};
  bool projected = false;  ///< Only the columns that tell a row's value, in another order.
  Duration lag_max{};      ///< Between two polls: a reader that lags may find its rows deleted.
  std::optional<BucketIndex> only = {};  ///< Nothing: all buckets.
};

/// Reads all buckets of a table from where they start, follows what is appended, and writes down
/// every row. When its next row was deleted it starts anew. Of a history that knows of damage, one
/// that reads a single bucket passes over what it is told is damaged; another one ends there. It
/// outlives the cluster's running.
class LogReader {
 public:
  LogReader(SimulatedClient& client, History& history, ReadPlan plan, Random random);
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  void start();
  /// From now on nothing is written down.
  void stop() { stopping_ = true; }

  /// The offset of the next row; zero before anything was read.
  [[nodiscard]] Offset position(BucketIndex bucket) const;
  /// Whether it was told that the bucket cannot be read at all.
  [[nodiscard]] bool ended() const { return ended_; }
  /// Values of columns that were added to the table, so far.
  [[nodiscard]] std::uint64_t added_values() const { return added_values_; }
  /// Says of everything read so far that it was the final read.
  void mark_final();

 private:
  void open();
  void find_start(const std::shared_ptr<client::Scanner>& scanner);
  void begin(std::shared_ptr<client::Scanner> scanner,
             const std::vector<client::BucketOffset>& starts, Instant asked_at);
  void poll();
  void polled(const client::Outcome<std::vector<client::ScannedBatch>>& outcome);
  void open_again();
  /// Whether the reader goes on in spite of an error.
  [[nodiscard]] bool bears(const client::ProtocolError& error);
  [[nodiscard]] bool pass_over(const std::string& message);
  void take(const client::ScannedBatch& batch);

  SimulatedClient& client_;
  History& history_;
  const ReadPlan plan_;
  Random random_;
  std::shared_ptr<client::Scanner> scanner_;
  std::map<BucketIndex, std::size_t> reads_;  // Positions in the history.
  std::uint64_t added_values_ = 0;
  bool stopping_ = false;
  bool ended_ = false;
};

}  // namespace millrace::scenarios
