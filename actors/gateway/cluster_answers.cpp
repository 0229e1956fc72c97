#include "actors/gateway/cluster_answers.hpp"

#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;

// Source: Fluss GET_CLUSTER_HEALTH v0, status.
enum class Health : std::int32_t { green = 0, yellow = 1, red = 2 };

struct ReplicaCounts {
  std::int32_t buckets = 0;
  std::int32_t led = 0;
  std::int32_t replicas = 0;
  std::int32_t in_sync = 0;
};

void count(const ClusterView& view, const BucketInfo& bucket, ReplicaCounts& counts) {
  ++counts.buckets;
  counts.led += is_alive(view, bucket.leader) ? 1 : 0;
  counts.replicas += static_cast<std::int32_t>(bucket.replicas.size());
  for (const NodeId replica : bucket.in_sync) counts.in_sync += is_alive(view, replica) ? 1 : 0;
}

void add(wire::DescribeClusterConfigsResponse& response, const std::string& key,
         const std::string& value, const char* source) {
  auto* entry = response.add_configs();
  entry->set_config_key(key);
  entry->set_config_value(protocol::wire_text(value));
  entry->set_config_source(source);
}

}  // namespace

std::vector<Buffer> describe_cluster_configs(const CallContext& context) {
  wire::DescribeClusterConfigsResponse response;
  const protocol::Properties& overrides = context.view.catalog.cluster_configs();
  for (const auto& [key, value] : context.configs) {
    if (!overrides.contains(key)) add(response, key, value, "INITIAL_SERVER_CONFIG");
  }
  for (const auto& [key, value] : overrides) {
    add(response, key, value, "DYNAMIC_SERVER_CONFIG");
  }
  return {protocol::serialize(response)};
}

std::vector<Buffer> describe_remote_storage() {
  wire::GetFileSystemSecurityTokenResponse response;
  response.set_schema("file");
  response.set_token("");
  return {protocol::serialize(response)};
}

std::vector<Buffer> describe_cluster_health(const ClusterView& view) {
  ReplicaCounts counts;
  for (const auto& [id, table] : view.catalog.tables()) {
    for (const BucketInfo& bucket : table->buckets) count(view, bucket, counts);
    for (const auto& partition : view.catalog.partitions_of(id).all()) {
      for (const BucketInfo& bucket : partition->buckets) count(view, bucket, counts);
    }
  }
  Health health = Health::green;
  if (counts.in_sync < counts.replicas) health = Health::yellow;
  if (counts.led < counts.buckets) health = Health::red;
  wire::GetClusterHealthResponse response;
  response.set_num_replicas(counts.replicas);
  response.set_in_sync_replicas(counts.in_sync);
  response.set_num_leader_replicas(counts.buckets);
  response.set_active_leader_replicas(counts.led);
  response.set_status(static_cast<std::int32_t>(health));
  return {protocol::serialize(response)};
}

}  // namespace millrace::gateway
