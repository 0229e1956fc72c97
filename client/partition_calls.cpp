// The calls of Client about partitions.
#include <utility>

#include "client/client.hpp"
#include "client/parsed_answer.hpp"

namespace millrace::client {

namespace wire = protocol::wire;
using protocol::ApiKey;

namespace {

void set_path(wire::PbTablePath& to, const TablePath& path) {
  to.set_database_name(path.database);
  to.set_table_name(path.table);
}

void set_spec(wire::PbPartitionSpec& to, const PartitionSpec& spec) {
  for (const auto& [key, value] : spec) {
    auto* entry = to.add_partition_key_values();
    entry->set_key(key);
    entry->set_value(value);
  }
}

PartitionInfo partition_of(const wire::PbPartitionInfo& from) {
  PartitionInfo info{PartitionId{from.partition_id()}, {}};
  for (const auto& entry : from.partition_spec().partition_key_values()) {
    info.spec.emplace_back(entry.key(), entry.value());
  }
  return info;
}

}  // namespace

std::string PartitionInfo::name() const {
  std::string name;
  for (const auto& [key, value] : spec) name += (name.empty() ? "" : "$") + value;
  return name;
}

void Client::list_partitions(const TablePath& path, const PartitionSpec& partial,
                             Callback<std::vector<PartitionInfo>> done) {
  wire::ListPartitionInfosRequest request;
  set_path(*request.mutable_table_path(), path);
  if (!partial.empty()) set_spec(*request.mutable_partial_partition_spec(), partial);
  auto heard = parsed<wire::ListPartitionInfosResponse>(
      [done = std::move(done)](const Outcome<wire::ListPartitionInfosResponse>& answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        std::vector<PartitionInfo> partitions;
        for (const auto& one : answer->partitions_info()) partitions.push_back(partition_of(one));
        done(std::move(partitions));
      });
  cluster_->ask(Where::any_server, Repeat::safe, ApiKey::list_partition_infos,
                protocol::serialize(request), std::move(heard));
}

void Client::create_partition(const TablePath& path, const PartitionSpec& spec,
                              bool ignore_if_exists, Callback<void> done) {
  client::create_partition(*cluster_, path, spec, ignore_if_exists, std::move(done));
}

void create_partition(Cluster& cluster, const TablePath& path, const PartitionSpec& spec,
                      bool ignore_if_exists, Callback<void> done) {
  wire::CreatePartitionRequest request;
  set_path(*request.mutable_table_path(), path);
  set_spec(*request.mutable_partition_spec(), spec);
  request.set_ignore_if_not_exists(ignore_if_exists);  // Misnamed in the protocol.
  // One that may exist already is created once, however often it is asked for.
  const Repeat repeat = ignore_if_exists ? Repeat::safe : Repeat::never;
  cluster.ask(Where::coordinator, repeat, ApiKey::create_partition, protocol::serialize(request),
              done_when<wire::CreatePartitionResponse>(std::move(done)));
}

void Client::drop_partition(const TablePath& path, const PartitionSpec& spec,
                            bool ignore_if_missing, Callback<void> done) {
  wire::DropPartitionRequest request;
  set_path(*request.mutable_table_path(), path);
  set_spec(*request.mutable_partition_spec(), spec);
  request.set_ignore_if_not_exists(ignore_if_missing);
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::drop_partition,
                protocol::serialize(request),
                done_when<wire::DropPartitionResponse>(std::move(done)));
}

void Client::describe_partition(const TablePath& path, const std::string& name,
                                Callback<TablePtr> done) {
  cluster_->partition(path, name, std::move(done));
}

}  // namespace millrace::client
