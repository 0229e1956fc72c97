#include "state/meta/catalog/partitions.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace millrace {

std::string partition_name(const std::vector<std::string>& values) {
  std::string name;
  for (const std::string& value : values) {
    if (&value != &values.front()) name += '$';
    name += value;
  }
  return name;
}

std::size_t in_sync_min_of(std::size_t configured, std::size_t replica_count) {
  return std::max<std::size_t>(1, std::min(configured, replica_count - 1));
}

void Partitions::add(PartitionInfo partition) {
  const PartitionId id = partition.id;
  const std::string name = partition_name(partition.values);
  const auto shared = std::make_shared<const PartitionInfo>(std::move(partition));
  by_id_.insert_or_assign(id, shared);
  by_name_.insert_or_assign(name, shared);
}

void Partitions::remove(PartitionId id) {
  const Pointer partition = find(id);
  if (!partition) return;
  by_id_.erase(id);
  by_name_.erase(partition_name(partition->values));
}

void Partitions::replace(PartitionInfo partition) {
  CHECK(by_id_.find(partition.id) != nullptr);
  add(std::move(partition));
}

Partitions::Pointer Partitions::find(PartitionId id) const {
  const Pointer* found = by_id_.find(id);
  return found == nullptr ? nullptr : *found;
}

Partitions::Pointer Partitions::find(const std::string& name) const {
  const Pointer* found = by_name_.find(name);
  return found == nullptr ? nullptr : *found;
}

std::vector<Partitions::Pointer> Partitions::all() const {
  std::vector<Pointer> all;
  all.reserve(size());
  by_id_.for_each([&](PartitionId, const Pointer& partition) { all.push_back(partition); });
  return all;
}

}  // namespace millrace
