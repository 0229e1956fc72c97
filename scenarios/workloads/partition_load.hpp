#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "client/appender.hpp"
#include "scenarios/checkers/history.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"

namespace millrace::scenarios {

/// A batch for one partition, as its writer knows it.
struct PartitionBatch {
  std::int64_t partition = 0;  ///< The value that names it.
  std::int64_t first = 0;      ///< Sequences, of the partition's rows alone.
  std::int64_t count = 0;
  Instant begun_at{};
  Fate fate = Fate::pending;
};

/// One partition being dropped.
struct PartitionDrop {
  std::int64_t partition = 0;
  Instant over_at = Instant::max();
  bool was_there = false;
  bool in_doubt = false;  ///< It may happen later still.
};

/// Appends to a table that is partitioned by a number, whose partitions the appender creates when
/// they are missing, while somebody else drops them at random. It outlives the cluster's running.
class PartitionLoad {
 public:
  PartitionLoad(SimulatedClient& writer, SimulatedClient& dropper, client::TablePath table,
                Random random);
  PartitionLoad(const PartitionLoad&) = delete;
  PartitionLoad& operator=(const PartitionLoad&) = delete;

  void start();
  /// Drops nothing more; rows go on.
  void stop_dropping() { drops_stopped_ = true; }
  void stop() { stopped_ = true; }
  [[nodiscard]] bool is_dropper_idle() const {
    return drops_.empty() || drops_.back().over_at != Instant::max();
  }
  [[nodiscard]] bool is_idle() const { return appender_ && appender_->pending() == 0; }

  [[nodiscard]] const std::vector<PartitionBatch>& batches() const { return batches_; }
  [[nodiscard]] const std::vector<PartitionDrop>& drops() const { return drops_; }
  /// Found wrong while it happened.
  [[nodiscard]] const std::vector<std::string>& findings() const { return findings_; }

 private:
  void open();
  void write_on();
  void drop_on();

  SimulatedClient& writer_;
  SimulatedClient& dropper_;
  const client::TablePath table_;
  Random random_;
  std::shared_ptr<client::Appender> appender_;
  std::map<std::int64_t, std::int64_t> next_;  // Sequence, by partition.
  std::vector<PartitionBatch> batches_;
  std::vector<PartitionDrop> drops_;
  std::vector<std::string> findings_;
  bool drops_stopped_ = false;
  bool stopped_ = false;
};

}  // namespace millrace::scenarios
