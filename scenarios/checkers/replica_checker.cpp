#include "scenarios/checkers/replica_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "protocol/log_batch.hpp"
#include "state/log/segmented/segmented_log_store.hpp"

namespace millrace::scenarios {
namespace {

struct Copy {
  Offset start = 0;
  std::string all;
};

constexpr std::size_t bytes_at_once = std::size_t{1} << 20;

std::optional<Copy> read(SimulatedDisk& disk, BucketId bucket, Violations& found) {
  SegmentedLogStore store(disk, {});
  const auto buckets = store.list();
  if (!buckets || std::find(buckets->begin(), buckets->end(), bucket) == buckets->end()) return {};
  auto log = store.open(bucket);
  if (!log) {
    found.push_back("a replica cannot be opened: " + log.error().message);
    return {};
  }
  Copy copy;
  copy.start = (*log)->start_offset();
  Offset from = copy.start;
  while (from < (*log)->end_offset()) {
    const auto bytes = (*log)->read(from, std::numeric_limits<Offset>::max(), bytes_at_once);
    if (!bytes) {
      found.push_back("a replica cannot be read: " + bytes.error().message);
      return {};
    }
    const auto batches = protocol::split_batches(*bytes);
    if (!batches || batches->empty()) {
      found.push_back(fmt::format("bucket {}: no batches at {}", to_string(bucket), from));
      return {};
    }
    const auto last = protocol::parse_header(batches->back().bytes());
    from = last->base_offset + last->last_offset_delta + 1;
    copy.all += bytes->text();
  }
  return copy;
}

}  // namespace

Violations check_replicas_identical(SimulatedCluster& cluster, const std::set<BucketId>& buckets) {
  Violations found;
  for (const BucketId& bucket : buckets) {
    std::optional<Copy> first;
    for (std::int32_t node = 0; node < cluster.shape().nodes; ++node) {
      for (std::int32_t device = 0; device < cluster.shape().devices_per_node; ++device) {
        auto copy = read(cluster.disk(NodeId{node}, device), bucket, found);
        if (!copy) continue;
        if (!first) {
          first = std::move(copy);
          continue;
        }
        if (copy->start == first->start && copy->all == first->all) continue;
        found.push_back(
            fmt::format("replicas of bucket {} differ on node {}: {} bytes from {}, {} "
                        "bytes from {} elsewhere",
                        to_string(bucket), node, copy->all.size(), copy->start, first->all.size(),
                        first->start));
      }
    }
  }
  return found;
}

}  // namespace millrace::scenarios
