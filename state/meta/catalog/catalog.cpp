#include "state/meta/catalog/catalog.hpp"

#include <algorithm>
#include <utility>

#include "base/planted_bug.hpp"

namespace millrace {

const protocol::Schema* TableInfo::find_schema(std::int32_t wanted) const {
  if (wanted == schema_id) return &descriptor.schema;
  const auto index = static_cast<std::size_t>(wanted - 1);
  return wanted < 1 || index >= older_schemas.size() ? nullptr : &older_schemas[index];
}

void Catalog::apply(const CatalogDelta& delta) {
  std::visit([this](const auto& fact) { apply_one(fact); }, delta);
}

void Catalog::apply_one(const DatabaseCreated& fact) {
  databases_.insert_or_assign(fact.database.name, fact.database);
}

void Catalog::apply_one(const DatabaseDropped& fact) {
  databases_.erase(fact.name);
  for (auto name = names_.lower_bound({fact.name, ""});
       name != names_.end() && name->first.first == fact.name;) {
    tables_.erase(name->second);
    partitions_.erase(name->second);
    name = names_.erase(name);
  }
}

void Catalog::apply_one(const TableCreated& fact) {
  names_.insert_or_assign({fact.table.database, fact.table.name}, fact.table.id);
  tables_.insert_or_assign(fact.table.id, std::make_shared<const TableInfo>(fact.table));
  reserve_table_ids(TableId{fact.table.id.value() + 1});
}

void Catalog::apply_one(const TableDropped& fact) {
  const auto found = tables_.find(fact.table);
  if (found == tables_.end()) return;
  names_.erase({found->second->database, found->second->name});
  tables_.erase(found);
  partitions_.erase(fact.table);
}

void Catalog::apply_one(const WriterIdsReserved& fact) {
  next_writer_ = std::max(next_writer_, fact.below);
}

void Catalog::apply_one(const AclsCreated& fact) {
  auto acls = std::make_shared<protocol::AclSet>(*acls_);
  acls->insert(fact.entries.begin(), fact.entries.end());
  acls_ = std::move(acls);
}

void Catalog::apply_one(const AclsDropped& fact) {
  auto acls = std::make_shared<protocol::AclSet>(*acls_);
  for (const protocol::AclEntry& entry : fact.entries) acls->erase(entry);
  acls_ = std::move(acls);
}

void Catalog::apply_one(const PartitionCreated& fact) {
  reserve_partition_ids(PartitionId{fact.partition.id.value() + 1});
  if (tables_.contains(fact.partition.table)) {
    partitions_[fact.partition.table].add(fact.partition);
  }
}

void Catalog::apply_one(const PartitionDropped& fact) {
  if (is_planted(PlantedBug::reuse_partition_ids) &&
      next_partition_ == PartitionId{fact.partition.value() + 1}) {
    next_partition_ = fact.partition;
  }
  const auto found = partitions_.find(fact.table);
  if (found == partitions_.end()) return;
  found->second.remove(fact.partition);
  if (found->second.size() == 0) partitions_.erase(found);
}

void Catalog::apply_one(const TableAltered& fact) {
  const auto found = tables_.find(fact.table);
  if (found == tables_.end()) return;
  TableInfo table = *found->second;
  if (fact.schema_id > table.schema_id) {
    table.older_schemas.push_back(std::move(table.descriptor.schema));
  }
  table.schema_id = fact.schema_id;
  table.descriptor = fact.descriptor;
  table.modified_at = fact.modified_at;
  found->second = std::make_shared<const TableInfo>(std::move(table));
}

void Catalog::apply_one(const DatabaseAltered& fact) {
  const auto found = databases_.find(fact.database.name);
  if (found != databases_.end()) found->second = fact.database;
}

void Catalog::apply_one(const ServersTagged& fact) {
  for (const NodeId node : fact.nodes) {
    if (fact.tag) {
      server_tags_.insert_or_assign(node, *fact.tag);
    } else {
      server_tags_.erase(node);
    }
  }
}

void Catalog::apply_one(const ClusterConfigsChanged& fact) {
  for (const auto& [key, value] : fact.values) {
    if (value) {
      cluster_configs_.insert_or_assign(key, *value);
    } else {
      cluster_configs_.erase(key);
    }
  }
}

void Catalog::apply_one(const NodeStarted& fact) { node_starts_[fact.node] = fact.start; }

void Catalog::apply_one(const OfficeTaken& fact) { office_ = fact; }
namespace {

/// A change that is older than what is known is no news.
void apply_to(std::vector<BucketInfo>& buckets, const LeadershipChange& change) {
  const auto index = static_cast<std::size_t>(change.bucket.bucket.value());
  if (change.bucket.bucket.value() < 0 || index >= buckets.size()) return;
  BucketInfo& bucket = buckets[index];
  if (change.version <= bucket.version) return;
  bucket.leader = change.leader;
  bucket.epoch = change.epoch;
  bucket.version = change.version;
  bucket.in_sync = change.in_sync;
  bucket.eligible = change.eligible;
  bucket.led_since = change.led_since;
}

}  // namespace

void Catalog::apply_one(const LeadershipsChanged& fact) {
  // Sorted, so that a table or a partition is copied once however many of its buckets change.
  std::map<std::pair<TableId, PartitionId>, std::vector<const LeadershipChange*>> owners;
  for (const LeadershipChange& change : fact.changes) {
    owners[{change.bucket.table, change.bucket.partition}].push_back(&change);
  }
  for (const auto& [owner, changes] : owners) {
    const auto found = tables_.find(owner.first);
    if (found == tables_.end()) continue;
    if (owner.second == no_partition) {
      TableInfo table = *found->second;
      for (const LeadershipChange* change : changes) apply_to(table.buckets, *change);
      found->second = std::make_shared<const TableInfo>(std::move(table));
      continue;
    }
    const auto partitions = partitions_.find(owner.first);
    if (partitions == partitions_.end()) continue;
    const auto known = partitions->second.find(owner.second);
    if (!known) continue;
    PartitionInfo partition = *known;
    for (const LeadershipChange* change : changes) apply_to(partition.buckets, *change);
    partitions->second.replace(std::move(partition));
  }
}

void Catalog::for_each_bucket(
    const std::function<void(const BucketId&, const BucketInfo&)>& visit) const {
  const auto all = [&](TableId table, PartitionId partition, const std::vector<BucketInfo>& them) {
    for (std::size_t i = 0; i < them.size(); ++i) {
      visit({table, BucketIndex{static_cast<std::int32_t>(i)}, partition}, them[i]);
    }
  };
  for (const auto& [id, table] : tables_) {
    all(id, no_partition, table->buckets);
    for (const auto& partition : partitions_of(id).all())
      all(id, partition->id, partition->buckets);
  }
}

bool Catalog::has_buckets_on(NodeId node) const {
  const auto lies_there = [&](const BucketInfo& bucket) {
    return std::find(bucket.replicas.begin(), bucket.replicas.end(), node) != bucket.replicas.end();
  };
  for (const auto& [id, table] : tables_) {
    if (std::any_of(table->buckets.begin(), table->buckets.end(), lies_there)) return true;
    for (const auto& partition : partitions_of(id).all()) {
      if (std::any_of(partition->buckets.begin(), partition->buckets.end(), lies_there))
        return true;
    }
  }
  return false;
}

void Catalog::reserve_table_ids(TableId below) { next_table_ = std::max(next_table_, below); }

void Catalog::reserve_partition_ids(PartitionId below) {
  next_partition_ = std::max(next_partition_, below);
}

const DatabaseInfo* Catalog::find_database(const std::string& name) const {
  const auto found = databases_.find(name);
  return found == databases_.end() ? nullptr : &found->second;
}

Catalog::TablePointer Catalog::find_table(const std::string& database,
                                          const std::string& name) const {
  const auto found = names_.find({database, name});
  return found == names_.end() ? nullptr : find_table(found->second);
}

Catalog::TablePointer Catalog::find_table(TableId id) const {
  const auto found = tables_.find(id);
  return found == tables_.end() ? nullptr : found->second;
}

const Partitions& Catalog::partitions_of(TableId id) const {
  static const Partitions none;
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? none : found->second;
}

const BucketInfo* Catalog::find_bucket(const BucketId& id) const {
  const std::vector<BucketInfo>* buckets = nullptr;
  if (id.partition == no_partition) {
    if (const auto table = tables_.find(id.table); table != tables_.end()) {
      buckets = &table->second->buckets;
    }
  } else if (const auto partition = partitions_of(id.table).find(id.partition)) {
    buckets = &partition->buckets;
  }
  const auto index = static_cast<std::size_t>(id.bucket.value());
  if (buckets == nullptr || id.bucket.value() < 0 || index >= buckets->size()) return nullptr;
  return &(*buckets)[index];
}

std::vector<std::string> Catalog::tables_of(const std::string& database) const {
  std::vector<std::string> names;
  for (auto name = names_.lower_bound({database, ""});
       name != names_.end() && name->first.first == database; ++name) {
    names.push_back(name->first.second);
  }
  return names;
}

std::vector<CatalogDelta> Catalog::as_deltas() const {
  std::vector<CatalogDelta> deltas;
  for (const auto& [name, database] : databases_) deltas.emplace_back(DatabaseCreated{database});
  for (const auto& [id, table] : tables_) deltas.emplace_back(TableCreated{*table});
  for (const auto& [id, partitions] : partitions_) {
    for (const auto& partition : partitions.all()) {
      deltas.emplace_back(PartitionCreated{*partition});
    }
  }
  deltas.emplace_back(WriterIdsReserved{next_writer_});
  if (!acls_->empty()) deltas.emplace_back(AclsCreated{{acls_->begin(), acls_->end()}});
  for (const auto& [node, tag] : server_tags_) deltas.emplace_back(ServersTagged{{node}, tag});
  if (!cluster_configs_.empty()) {
    deltas.emplace_back(ClusterConfigsChanged{{cluster_configs_.begin(), cluster_configs_.end()}});
  }
  for (const auto& [node, start] : node_starts_) deltas.emplace_back(NodeStarted{node, start});
  if (office_) deltas.emplace_back(*office_);
  return deltas;
}

bool operator==(const Catalog& a, const Catalog& b) {
  return a.next_table_ == b.next_table_ && a.next_partition_ == b.next_partition_ &&
         a.as_deltas() == b.as_deltas();
}

}  // namespace millrace
