#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "protocol/table_options.hpp"
#include "scenarios/checkers/history.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"
#include "scenarios/run.hpp"
#include "scenarios/workloads/append_writer.hpp"
#include "scenarios/workloads/log_reader.hpp"

namespace millrace::scenarios {

struct LoadOptions {
  /// Rows are deleted after so long, and readers lag behind.
  std::optional<std::chrono::milliseconds> time_to_live = {};
  protocol::Durability durability = protocol::Durability::memory;
  std::int32_t replicas = 1;  ///< Of each bucket.
};

/// Workload W1: idempotent writers on two tables of several buckets, readers that follow them, and
/// at the end one that reads all of it again.
class AppendLoad {
 public:
  AppendLoad(SimulatedCluster& cluster, Random random, const LoadOptions& options = {});

  /// Makes the tables and lets writers and readers go. Runs the simulation meanwhile.
  void start();
  /// One more writer, which knows the table as it is now.
  void add_writer(const client::TablePath& table);
  /// New readers from the beginning. Those that read so far go on.
  void add_readers();
  /// Those that read so far stop.
  void stop_readers();
  /// Asks where the logs start, for the checkers; tables that do not answer soon are passed over.
  /// Returns the sum of what was told.
  Offset note_starts();
  /// No more appends; waits until every row has its answer.
  void stop_writers();
  /// The same, and then reads everything anew.
  void finish();

  [[nodiscard]] History& history() { return history_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const std::vector<client::TablePath>& tables() const { return tables_; }
  /// Rows acknowledged so far.
  [[nodiscard]] std::size_t count_acknowledged() const;
  /// Acknowledged rows that the final read does not have.
  [[nodiscard]] std::size_t count_lost() const;
  /// Values of added columns that readers have seen.
  [[nodiscard]] std::uint64_t count_added_values() const;
  /// The buckets of which rows were acknowledged that were asked for since then.
  [[nodiscard]] std::set<BucketId> acknowledged_since(Instant since) const;
  /// All buckets of its tables, as any node knows them.
  [[nodiscard]] std::set<BucketId> buckets();
  /// The buckets that a node leads.
  [[nodiscard]] std::set<BucketId> buckets_of(NodeId node);
  /// The checkers' verdict, and how far the run came.
  [[nodiscard]] Outcome outcome();

 private:
  void make_writer(const client::TablePath& table);
  void read_to_end(const client::TablePath& table);
  void read_to_end(SimulatedClient& client, ReadPlan plan,
                   const std::vector<client::BucketOffset>& ends);
  void find(const std::string& what) { history_.findings.push_back(what); }

  SimulatedCluster& cluster_;
  Random random_;
  const LoadOptions options_;
  History history_;
  std::vector<client::TablePath> tables_;
  std::vector<std::unique_ptr<AppendWriter>> writers_;
  std::vector<std::unique_ptr<LogReader>> readers_;
};

}  // namespace millrace::scenarios
