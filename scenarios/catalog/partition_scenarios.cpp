#include "scenarios/catalog/partition_scenarios.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "client/scanner.hpp"
#include "scenarios/workloads/partition_load.hpp"
#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {

const client::TablePath table_path{"fluss", "parts"};

template <class T, class Start>
client::Outcome<T> wait(SimulatedCluster& cluster, Start start) {
  return cluster.blocking().wait<T>([&](const client::Callback<T>& done) { start(done); });
}

using Sequences = std::vector<std::int64_t>;

/// One run: the cluster, the load on it, and what was found wrong.
class PartitionRun {
 public:
  explicit PartitionRun(std::uint64_t seed)
      : cluster_(seed), random_(cluster_.simulation().random_for("churn_partitions")) {}

  Outcome run() {
    if (!cluster_.run_until_whole(20s)) find("the cluster never came together");
    make_table();
    PartitionLoad load(cluster_.add_client(), cluster_.add_client(), table_path,
                       random_.fork("load"));
    load.start();
    for (std::uint64_t round = 0; round < 2; ++round) trouble_a_node();
    load.stop_dropping();
    if (!cluster_.run_until([&] { return load.is_dropper_idle(); }, 90s))
      find("a drop was never answered");
    cluster_.run_for(2s);
    load.stop();
    if (!cluster_.run_until([&] { return load.is_idle(); }, 90s))
      find("an append was never answered");
    for (const std::string& finding : load.findings()) find(finding);
    check_partitions(load);
    return outcome(load);
  }

 private:
  void find(std::string what) { violations_.push_back(std::move(what)); }

  void make_table() {
    auto descriptor = value_table(2, "NONE");
    descriptor.partition_keys = {"writer"};
    client::Client& client = cluster_.add_client().api();
    const auto made = wait<void>(cluster_, [&](const client::Callback<void>& done) {
      client.create_table(table_path, descriptor, false, done);
    });
    if (!made) find("create table: " + made.error().message);
  }

  void trouble_a_node() {
    cluster_.run_for(Duration(random_.between(0, Duration(1s).count())));
    cluster_.simulation().run_turns(random_.below(300));
    const NodeId node{static_cast<std::int32_t>(random_.below(3))};
    cluster_.stop(node, Ending::process_kill);
    cluster_.run_for(Duration(random_.between(0, Duration(1s).count())));
    cluster_.start(node, random_.chance(1, 2));
    if (!cluster_.run_until_whole(10s)) find("a node did not come back");
  }

  /// What each partition holds now, by the value that names it.
  void check_partitions(const PartitionLoad& load) {
    using Partitions = std::vector<client::PartitionInfo>;
    client::Client& client = cluster_.add_client().api();
    const auto listed = wait<Partitions>(cluster_, [&](const client::Callback<Partitions>& done) {
      client.list_partitions(table_path, {}, done);
    });
    if (!listed) return find("list partitions: " + listed.error().message);
    std::map<std::int64_t, Sequences> found;
    for (const client::PartitionInfo& partition : *listed) {
      found[std::stoll(partition.name())] = read_whole(client, partition.name());
    }
    for (const auto& [partition, sequences] : found) check_rows(load, partition, sequences);
    for (const PartitionBatch& batch : load.batches()) {
      if (must_be_there(load, batch) && !found.contains(batch.partition))
        find(fmt::format("partition {} is lost", batch.partition));
    }
  }

  Sequences read_whole(client::Client& client, const std::string& name) {
    const auto place =
        wait<client::TablePtr>(cluster_, [&](const client::Callback<client::TablePtr>& done) {
          client.describe_partition(table_path, name, done);
        });
    using Opened = std::shared_ptr<client::Scanner>;
    const auto scanner = wait<Opened>(cluster_, [&](const client::Callback<Opened>& done) {
      client::Scanner::open(client, table_path, {}, done);
    });
    using Offsets = std::vector<client::BucketOffset>;
    const auto ends = wait<Offsets>(cluster_, [&](const client::Callback<Offsets>& done) {
      client.list_offsets(table_path, name, {}, done);
    });
    if (!place || !scanner || !ends) {
      find("partition " + name + " cannot be read");
      return {};
    }
    Offset expected = 0;
    for (const client::BucketOffset& end : *ends) {
      if (!end.offset) find("partition " + name + ": " + end.offset.error().message);
      expected += end.offset.value_or(0);
      (*scanner)->subscribe(*place, end.bucket, client::from_earliest);
    }
    return read_rows(**scanner, name, expected);
  }

  Sequences read_rows(client::Scanner& scanner, const std::string& name, Offset expected) {
    using Batches = std::vector<client::ScannedBatch>;
    std::map<BucketIndex, Sequences> by_bucket;
    Sequences all;
    while (static_cast<Offset>(all.size()) < expected) {
      const auto polled = wait<Batches>(
          cluster_, [&](const client::Callback<Batches>& done) { scanner.poll(1s, done); });
      if (!polled || polled->empty()) {
        find("partition " + name + " cannot be read to its end");
        return all;
      }
      for (const client::ScannedBatch& batch : *polled) {
        for (const auto& value : values_in(*batch.rows)) {
          if (!value || std::to_string(value->writer) != name) {
            find("a row that does not belong into partition " + name);
            continue;
          }
          by_bucket[batch.bucket].push_back(value->sequence);
          all.push_back(value->sequence);
        }
      }
    }
    for (const auto& [bucket, sequences] : by_bucket) {
      if (!std::is_sorted(sequences.begin(), sequences.end()))
        find(fmt::format("rows of partition {} bucket {} are out of order", name, bucket.value()));
    }
    return all;
  }

  void check_rows(const PartitionLoad& load, std::int64_t partition, const Sequences& sequences) {
    const std::set<std::int64_t> distinct(sequences.begin(), sequences.end());
    if (distinct.size() != sequences.size())
      find(fmt::format("a row of partition {} is there twice", partition));
    for (const PartitionBatch& batch : load.batches()) {
      if (batch.partition != partition || !must_be_there(load, batch)) continue;
      ++checked_;
      for (std::int64_t i = batch.first; i < batch.first + batch.count; ++i) {
        if (!distinct.contains(i))
          find(fmt::format("row {} of partition {} is lost", i, partition));
      }
    }
  }

  /// Acknowledged, and begun when all drops were over.
  [[nodiscard]] static bool must_be_there(const PartitionLoad& load, const PartitionBatch& batch) {
    if (batch.fate != Fate::acknowledged) return false;
    return std::none_of(load.drops().begin(), load.drops().end(), [&](const PartitionDrop& drop) {
      return drop.partition == batch.partition && (drop.in_doubt || drop.over_at >= batch.begun_at);
    });
  }

  Outcome outcome(const PartitionLoad& load) {
    for (const std::string& reason : cluster_.unwell()) find("a node gave up: " + reason);
    Outcome outcome;
    outcome.trace_hash = cluster_.simulation().trace_hash();
    outcome.messages = cluster_.simulation().messages_handled();
    outcome.simulated = cluster_.now().time_since_epoch();
    outcome.violations = violations_;
    outcome.reached["partitions dropped"] = static_cast<std::uint64_t>(
        std::count_if(load.drops().begin(), load.drops().end(),
                      [](const PartitionDrop& drop) { return drop.was_there; }));
    outcome.reached["batches acknowledged"] = static_cast<std::uint64_t>(
        std::count_if(load.batches().begin(), load.batches().end(),
                      [](const PartitionBatch& one) { return one.fate == Fate::acknowledged; }));
    outcome.reached["batches checked"] = checked_;
    return outcome;
  }

  SimulatedCluster cluster_;
  Random random_;
  std::vector<std::string> violations_;
  std::uint64_t checked_ = 0;
};

}  // namespace

Outcome churn_partitions(std::uint64_t seed) { return PartitionRun(seed).run(); }

}  // namespace millrace::scenarios
