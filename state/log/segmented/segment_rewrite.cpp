#include "state/log/segmented/segment_rewrite.hpp"

namespace millrace {
namespace {

constexpr std::size_t copy_bytes = 1 << 20;

std::string mark_path(const std::string& folder) { return folder + "/suspect"; }

Status copy_to(Disk& disk, const std::string& from, const std::string& to) {
  auto source = disk.open(from, false);
  if (!source) return tl::unexpected(source.error());
  auto target = disk.open(to, true);
  if (!target) return tl::unexpected(target.error());
  if (auto emptied = (*target)->truncate(0); !emptied) return emptied;
  for (std::uint64_t position = 0; position < (*source)->size(); position += copy_bytes) {
    auto bytes = (*source)->read(position, copy_bytes);
    if (!bytes) return tl::unexpected(bytes.error());
    const Bytes pieces[] = {bytes->bytes()};
    if (auto appended = (*target)->append(pieces); !appended) {
      return tl::unexpected(appended.error());
    }
  }
  return (*target)->sync();
}

}  // namespace

std::string recovery_point_path(const std::string& folder) { return folder + "/recovery-point"; }

void mark_suspect(Disk& disk, const std::string& folder) {
  (void)replace_file(disk, mark_path(folder), {});
}

bool is_suspect(Disk& disk, const std::string& folder) { return disk.exists(mark_path(folder)); }

Status rewrite_suspect(Disk& disk, const SegmentPlace& place) {
  const std::string path = segment_path(place, ".log");
  const std::string aside = segment_path(place, ".rewritten");
  if (auto copied = copy_to(disk, path, aside); !copied) {
    (void)disk.remove(aside);
    return wrap(copied.error(), "rewrite " + path);
  }
  if (auto renamed = disk.rename(aside, path); !renamed) return renamed;
  if (auto synced = disk.sync_folder(place.folder); !synced) return synced;
  if (auto removed = disk.remove(mark_path(place.folder)); !removed) return removed;
  return disk.sync_folder(place.folder);
}

}  // namespace millrace
