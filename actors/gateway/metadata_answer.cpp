#include "actors/gateway/metadata_answer.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "actors/gateway/view_lookups.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::refuse;

// Of one GET_METADATA: how many tables and partitions it may name, and how large the answer may be.
constexpr int metadata_items_max = 100'000;
constexpr std::size_t metadata_bytes_max = std::size_t{64} << 20;

void write(wire::PbServerNode& out, const MemberInfo& member, const NodeEndpoint& at) {
  out.set_node_id(member.node.value());
  out.set_host(at.host);
  out.set_port(at.port);
  if (!member.rack.empty()) out.set_rack(member.rack);
}

/// Whether the leader is there and knows that it leads: clients that came earlier would be turned
/// away.
bool is_led(const ClusterView& view, const BucketInfo& bucket) {
  const auto leader = view.members.find(bucket.leader);
  return leader != view.members.end() && leader->second.alive &&
         leader->second.acknowledged >= bucket.led_since;
}

/// All buckets, leaderless ones too: clients hash keys by their number.
template <class Message>
void write_buckets(Message& out, const ClusterView& view, const std::vector<BucketInfo>& buckets) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const BucketInfo& bucket = buckets[i];
    auto* entry = out.add_bucket_metadata();
    entry->set_bucket_id(static_cast<std::int32_t>(i));
    entry->set_leader_epoch(bucket.epoch.value());
    if (is_led(view, bucket)) entry->set_leader_id(bucket.leader.value());
    for (const NodeId replica : bucket.replicas) entry->add_replica_id(replica.value());
    for (const NodeId replica : bucket.in_sync) entry->add_isr(replica.value());
  }
}

void write(wire::PbTableMetadata& out, const ClusterView& view, const TableInfo& table) {
  out.mutable_table_path()->set_database_name(table.database);
  out.mutable_table_path()->set_table_name(table.name);
  out.set_table_id(table.id.value());
  out.set_schema_id(table.schema_id);
  out.set_table_json(protocol::to_json(table.descriptor));
  out.set_created_time(table.created_at);
  out.set_modified_time(table.modified_at);
  write_buckets(out, view, table.buckets);
}

void write(wire::PbPartitionMetadata& out, const ClusterView& view,
           const PartitionInfo& partition) {
  out.set_table_id(partition.table.value());
  out.set_partition_name(partition_name(partition.values));
  out.set_partition_id(partition.id.value());
  out.set_bucket_count(static_cast<std::int32_t>(partition.buckets.size()));
  write_buckets(out, view, partition.buckets);
}

/// The tables that a request names and its sender may know, each once.
Outcome<std::map<TableId, Catalog::TablePointer>> named_tables(
    const CallContext& context, const wire::MetadataRequest& request) {
  std::map<TableId, Catalog::TablePointer> found;
  for (const auto& path : request.table_path()) {
    if (!may_describe(context, path)) continue;
    auto table = find_table(context.view, path);
    if (!table) return tl::unexpected<ProtocolError>(table.error());
    found.emplace((*table)->id, std::move(*table));
  }
  return found;
}

using NamedPartitions = std::map<PartitionId, Partitions::Pointer>;

/// Looks for those of `missing` that are partitions of `partitions`, whichever are fewer.
void move_known(const Partitions& partitions, std::set<PartitionId>& missing,
                NamedPartitions& found) {
  const auto take = [&](const Partitions::Pointer& partition) {
    if (partition && missing.erase(partition->id) > 0) found.emplace(partition->id, partition);
  };
  if (missing.size() < partitions.size()) {
    for (const PartitionId id : std::set(missing)) take(partitions.find(id));
  } else {
    for (const auto& partition : partitions.all()) take(partition);
  }
}

/// The partitions that a request names, by path or by id, each once; by id they are looked for in
/// the tables that it names, too.
Outcome<NamedPartitions> named_partitions(const CallContext& context,
                                          const wire::MetadataRequest& request,
                                          const std::map<TableId, Catalog::TablePointer>& tables) {
  const ClusterView& view = context.view;
  NamedPartitions found;
  for (const auto& path : request.partitions_path()) {
    const bool is_visible = may_describe(context, path.database_name(), path.table_name());
    const auto table = view.catalog.find_table(path.database_name(), path.table_name());
    Partitions::Pointer partition;
    if (table && is_visible)
      partition = view.catalog.partitions_of(table->id).find(path.partition_name());
    if (partition) {
      found.emplace(partition->id, std::move(partition));
      continue;
    }
    return refuse(ErrorCode::partition_not_exists,
                  fmt::format("Partition {} of table {}.{} does not exist.",
                              protocol::wire_text(path.partition_name()), path.database_name(),
                              path.table_name()));
  }
  std::set<PartitionId> missing;
  for (const std::int64_t id : request.partitions_id()) missing.insert(PartitionId{id});
  for (const auto& [id, table] : tables) move_known(view.catalog.partitions_of(id), missing, found);
  if (missing.empty()) return found;
  return refuse(ErrorCode::partition_not_exists,
                fmt::format("Partition {} does not exist.", missing.begin()->value()));
}

Outcome<std::vector<Buffer>> too_much_asked() {
  return refuse(ErrorCode::corrupt_message,
                fmt::format("too much metadata asked for at once: at most {} names and {} bytes",
                            metadata_items_max, metadata_bytes_max));
}

}  // namespace

Outcome<std::vector<Buffer>> answer_metadata(const CallContext& context,
                                             const wire::MetadataRequest& request) {
  if (request.table_path_size() + request.partitions_path_size() + request.partitions_id_size() >
      metadata_items_max) {
    return too_much_asked();
  }
  wire::MetadataResponse response;
  const ClusterView& view = context.view;
  for (const auto& [node, member] : view.members) {
    const NodeEndpoint* at = endpoint_of(member, context.caller.listener);
    if (!member.alive || at == nullptr) continue;
    write(*response.add_tablet_servers(), member, *at);
    if (node == view.coordinator) write(*response.mutable_coordinator_server(), member, *at);
  }
  auto tables = named_tables(context, request);
  if (!tables) return tl::unexpected<ProtocolError>(tables.error());
  auto partitions = named_partitions(context, request, *tables);
  if (!partitions) return tl::unexpected<ProtocolError>(partitions.error());
  std::size_t bytes = 0;
  for (const auto& [id, table] : *tables) {
    auto* out = response.add_table_metadata();
    write(*out, view, *table);
    if ((bytes += out->ByteSizeLong()) > metadata_bytes_max) return too_much_asked();
  }
  for (const auto& [id, partition] : *partitions) {
    auto* out = response.add_partition_metadata();
    write(*out, view, *partition);
    if ((bytes += out->ByteSizeLong()) > metadata_bytes_max) return too_much_asked();
  }
  return std::vector<Buffer>{protocol::serialize(response)};
}

}  // namespace millrace::gateway
