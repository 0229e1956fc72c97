// A full device, seen by a program that appends to several buckets in one request and by the usual
// writers beside it.
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "client/parsed_answer.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/produce_request.hpp"
#include "scenarios/append/append_load.hpp"
#include "scenarios/append/append_scenarios.hpp"
#include "scenarios/draw.hpp"
#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;

constexpr std::int64_t probe_writer = 100;
constexpr std::int64_t rows_per_probe = 2;
constexpr Duration synced_within = 1s + 250ms;

/// Appends to all buckets of a table in one request, without an identity and without a retry. Each
/// row is a batch: together they are in the log or none of them is.
class ProduceProbe {
 public:
  ProduceProbe(SimulatedCluster& cluster, History& history, client::TablePath path)
      : cluster_(cluster),
        history_(history),
        client_(cluster.add_client()),
        path_(std::move(path)) {}

  /// The code of each bucket, by index; nothing if the request failed as a whole.
  std::vector<ErrorCode> append() {
    const auto table = cluster_.blocking().wait<client::TablePtr>(
        [&](const client::Callback<client::TablePtr>& done) {
          client_.api().describe_table(path_, done);
        });
    if (!table) return complain(table.error().message);
    const std::size_t first = history_.attempts.size();
    const protocol::ProduceRequest request = build(**table);
    const auto answer = cluster_.blocking().wait<wire::ProduceLogResponse>(
        [&](const client::Callback<wire::ProduceLogResponse>& done) {
          client_.api().cluster()->ask_node(*(*table)->buckets.front().leader,
                                            protocol::ApiKey::produce_log,
                                            protocol::encode_produce_request(request), 10s,
                                            client::parsed<wire::ProduceLogResponse>(done));
        });
    if (!answer) return complain(answer.error().message);
    std::vector<ErrorCode> codes((*table)->buckets.size(), ErrorCode::unknown_server_error);
    for (const auto& entry : answer->buckets_resp()) {
      const auto index = static_cast<std::size_t>(entry.bucket_id());
      const auto error = client::error_in_entry(entry);
      codes.at(index) = error ? error->code : ErrorCode::none;
      for (std::size_t i = 0; i < rows_per_probe; ++i) {
        Attempt& attempt = history_.attempts[first + index * rows_per_probe + i];
        attempt.answered_at = cluster_.now();
        attempt.fate = error ? Fate::refused : Fate::acknowledged;
        if (!error) attempt.offset = entry.base_offset() + static_cast<Offset>(i);
      }
    }
    return codes;
  }

  /// Of one row, so far.
  [[nodiscard]] std::size_t batch_bytes_max() const { return batch_bytes_max_; }

 private:
  std::vector<ErrorCode> complain(const std::string& why) {
    history_.findings.push_back("probe: " + why);
    return {};
  }

  protocol::ProduceRequest build(const client::TableInfo& table) {
    protocol::ProduceRequest request;
    request.acks = -1;
    request.table_id = table.id.value();
    request.timeout_ms = 5000;
    const auto schema = protocol::to_arrow(table.descriptor.schema);
    for (const client::BucketInfo& info : table.buckets) {
      for (std::int64_t i = 0; i < rows_per_probe; ++i) {
        Attempt attempt;
        attempt.value = {probe_writer, next_sequence_ + i};
        attempt.bucket = {table.id, info.bucket};
        history_.attempts.push_back(attempt);
      }
      std::string batches;
      for (std::int64_t i = 0; i < rows_per_probe; ++i) {
        const auto row = value_rows(schema, {probe_writer, next_sequence_++}, 1);
        const Buffer batch = protocol::encode_batch(*row, {}).value();
        batch_bytes_max_ = std::max(batch_bytes_max_, batch.size());
        batches += batch.text();
      }
      request.buckets.push_back({std::nullopt, info.bucket.value(), Buffer::from(batches)});
    }
    return request;
  }

  SimulatedCluster& cluster_;
  History& history_;
  SimulatedClient& client_;
  const client::TablePath path_;
  std::int64_t next_sequence_ = 0;
  std::size_t batch_bytes_max_ = 0;
};

/// Power goes while the disk is full.
void lose_power(SimulatedCluster& cluster, AppendLoad& load, Random& random) {
  HostCrash crash{cluster.now(), {}, load.buckets_of(NodeId{0}), synced_within};
  load.stop_readers();
  cluster.stop(NodeId{0}, Ending::power_loss);
  load.history().crashes.push_back(std::move(crash));
  cluster.run_for(draw(random, 50ms, 1s));
  load.history().crashes.back().back_at = cluster.now();
  cluster.start(NodeId{0});
  load.add_readers();
  if (!cluster.run_until_whole(10s)) load.history().findings.push_back("the node never came back");
}

}  // namespace

Outcome fill_disk(std::uint64_t seed) {
  ClusterShape shape;
  shape.nodes = 1;
  SimulatedCluster cluster(seed, shape);
  Random random = cluster.simulation().random_for("fill_disk");
  AppendLoad load(cluster, random.fork("load"));
  load.start();
  History& history = load.history();
  ProduceProbe probe(cluster, history, load.tables().front());
  const auto expect = [&](std::int32_t full_device, const char* when) {
    const std::vector<ErrorCode> codes = probe.append();
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const bool is_full = static_cast<std::int32_t>(i % 2) == full_device;
      const ErrorCode wanted = is_full ? ErrorCode::storage_exception : ErrorCode::none;
      if (codes[i] == wanted) continue;
      history.findings.push_back(
          fmt::format("bucket {} answers {} {}", i, protocol::name_of(codes[i]), when));
    }
  };
  constexpr std::int32_t none = -1;
  std::uint64_t refusals = 0;
  for (std::uint64_t round = 0; round < 2; ++round) {
    cluster.run_for(draw(random, 0ms, 500ms));
    expect(none, "with room on the disk");
    const auto device = static_cast<std::int32_t>(random.below(2));
    SimulatedDisk& disk = cluster.disk(NodeId{0}, device);
    // Table 0's bucket i lies on device i % 2. Something fits yet, but not for long.
    disk.set_free_bytes(random.below(600));
    cluster.run_for(draw(random, 500ms, 3s));
    // Smaller batches than the one that did not fit may still have filled what was left.
    disk.set_free_bytes(0);
    expect(device, "on a full disk");
    ++refusals;
    cluster.run_for(500ms);
    disk.set_free_bytes(std::nullopt);
    expect(none, "when there is room again");
  }
  const bool loses_power = random.chance(1, 2);
  if (loses_power) {
    load.stop_writers();
    cluster.run_for(synced_within);  // What is refused now is all that a crash can bring back.
    const auto device = static_cast<std::int32_t>(random.below(2));
    SimulatedDisk& disk = cluster.disk(NodeId{0}, device);
    disk.set_free_bytes(probe.batch_bytes_max());
    expect(device, "with room for a part");
    lose_power(cluster, load, random);
    disk.set_free_bytes(std::nullopt);
    cluster.run_for(1s);  // A log that could not be opened is tried again.
    expect(none, "when power and room are back");
  }
  load.finish();
  Outcome outcome = load.outcome();
  for (const std::string& why : history.given_up)
    outcome.violations.push_back("a writer gave rows up: " + why);
  outcome.reached["refusals"] = refusals;
  outcome.reached["power lost"] = loses_power ? 1 : 0;
  return outcome;
}

}  // namespace millrace::scenarios
