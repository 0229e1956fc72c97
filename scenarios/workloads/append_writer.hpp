#pragma once
#include <cstdint>
#include <memory>

#include "base/random.hpp"
#include "client/appender.hpp"
#include "scenarios/checkers/history.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"

namespace millrace::scenarios {

struct AppendPlan {
  std::int64_t writer = 0;  ///< Nobody else's.
  client::TablePath table;
  std::int64_t rows_per_batch_max = 4;
  /// Between two batches; one in four follows at once, so that several are under way.
  Duration pause_max = 120ms;
};

/// One idempotent writer: appends small batches of unique values to the buckets of a table, at
/// random, and writes down what became of each row. It outlives the cluster's running.
class AppendWriter {
 public:
  AppendWriter(SimulatedClient& client, History& history, AppendPlan plan, Random random);
  AppendWriter(const AppendWriter&) = delete;
  AppendWriter& operator=(const AppendWriter&) = delete;

  void start();
  /// Appends nothing more; what is under way goes on.
  void stop() { stopping_ = true; }
  /// True when every row has its answer.
  [[nodiscard]] bool is_idle() const {
    return !opening_ && (!appender_ || appender_->pending() == 0);
  }

 private:
  void open();
  void write_on();
  void write_batch();
  void answered(std::size_t first, std::size_t count, const client::Outcome<client::Appended>& how);

  SimulatedClient& client_;
  History& history_;
  const AppendPlan plan_;
  Random random_;
  std::shared_ptr<client::Appender> appender_;
  std::int64_t next_sequence_ = 0;
  bool opening_ = false;
  bool stopping_ = false;
};

}  // namespace millrace::scenarios
