#include "state/log/segmented/segmented_log_store.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "state/disk/port/path.hpp"
#include "state/log/segmented/segment_rewrite.hpp"

namespace millrace {
namespace {

const std::string root = "log";

std::string folder_for(BucketId bucket) { return root + "/" + to_string(bucket); }

/// The id that a folder is named after; nothing for a name that we would not write.
template <class IdType>
std::optional<IdType> id_of(const std::string& name) {
  typename IdType::rep value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  if (value < 0 || std::to_string(value) != name) return {};
  return IdType(value);
}

}  // namespace

Result<std::unique_ptr<TableLog>> SegmentedLogStore::open(BucketId bucket) {
  const std::uint64_t failed_before = disk_.failed_syncs();
  auto log = SegmentedLog::open(disk_, folder_for(bucket), options_);
  // Whoever opens it next would see what the kernel still shows, and find nothing to complain of.
  if (disk_.failed_syncs() != failed_before) mark_suspect(disk_, folder_for(bucket));
  if (!log) return tl::unexpected(log.error());
  return std::unique_ptr<TableLog>(std::move(*log));
}

Result<std::unique_ptr<TableLog>> SegmentedLogStore::restart(BucketId bucket, Offset start) {
  if (auto removed = remove(bucket); !removed) return tl::unexpected<Error>(removed.error());
  const std::string folder = folder_for(bucket);
  if (auto made = disk_.make_folders(folder); !made) return tl::unexpected<Error>(made.error());
  const auto noted = replace_file(disk_, log_start_path(folder), encode(LogStart{start, -1, {}}));
  if (!noted) return tl::unexpected<Error>(noted.error());
  return open(bucket);
}

Status SegmentedLogStore::remove(BucketId bucket) {
  const std::string folder = folder_for(bucket);
  if (!disk_.exists(folder)) return {};
  // What is known of the log goes first: without it, what a crash leaves of the rest is not damage.
  for (const std::string& path :
       {recovery_point_path(folder), log_start_path(folder), recent_path(folder)}) {
    if (auto removed = disk_.remove(path); !removed) return removed;
  }
  if (auto synced = disk_.sync_folder(folder); !synced) return synced;
  if (auto removed = disk_.remove_folder(folder); !removed) return removed;
  const std::string above = folder_of(folder);
  if (bucket.partition == no_partition) return disk_.sync_folder(above);
  // Partitions come and go by the thousand: the last bucket takes the partition's folder with it.
  auto left = disk_.list(above);
  if (!left) return tl::unexpected(left.error());
  if (!left->empty()) return disk_.sync_folder(above);
  if (auto removed = disk_.remove_folder(above); !removed) return removed;
  return disk_.sync_folder(folder_of(above));
}

Status SegmentedLogStore::sync_all() {
  auto synced = disk_.sync_all();
  if (synced) return {};
  auto all = list();
  if (!all) return tl::unexpected(all.error());
  for (const BucketId& bucket : *all) mark_suspect(disk_, folder_for(bucket));
  return synced;
}

Result<std::vector<BucketId>> SegmentedLogStore::list() {
  auto tables = disk_.list(root);
  if (!tables) return tl::unexpected(tables.error());
  std::vector<BucketId> found;
  for (const std::string& name : *tables) {
    const auto table = id_of<TableId>(name);
    if (!table) continue;
    if (auto listed = list_table(*table, found); !listed) return tl::unexpected(listed.error());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Status SegmentedLogStore::list_table(TableId table, std::vector<BucketId>& found) {
  auto names = disk_.list(root + "/" + to_string(table));
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (const auto bucket = id_of<BucketIndex>(name)) found.push_back({table, *bucket});
    if (!name.starts_with('p')) continue;
    const auto partition = id_of<PartitionId>(name.substr(1));
    if (!partition) continue;
    auto buckets = disk_.list(root + "/" + to_string(table) + "/" + name);
    if (!buckets) return tl::unexpected(buckets.error());
    for (const std::string& bucket_name : *buckets) {
      const auto bucket = id_of<BucketIndex>(bucket_name);
      if (bucket) found.push_back({table, *bucket, *partition});
    }
  }
  return {};
}

}  // namespace millrace
