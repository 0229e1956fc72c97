#include "base/planted_bug.hpp"
#include "state/disk/port/disk.hpp"
#include "state/disk/port/path.hpp"

namespace millrace {
namespace {

Status write_aside(Disk& disk, const std::string& aside, Bytes content) {
  auto file = disk.open(aside, true);
  if (!file) return tl::unexpected(file.error());
  // What an interrupted attempt left behind must not stay in front of the content.
  if ((*file)->size() > 0) {
    if (auto emptied = (*file)->truncate(0); !emptied) return emptied;
  }
  const Bytes pieces[] = {content};
  if (auto appended = (*file)->append(pieces); !appended) {
    return tl::unexpected(appended.error());
  }
  return (*file)->sync();
}

}  // namespace

Status replace_file(Disk& disk, const std::string& path, Bytes content) {
  const std::string aside = path + ".new";
  if (auto written = write_aside(disk, aside, content); !written) {
    // Gives the space back. The first error is the one to report.
    (void)disk.remove(aside);
    return wrap(written.error(), "replace " + path);
  }
  if (auto renamed = disk.rename(aside, path); !renamed) {
    return wrap(renamed.error(), "replace " + path);
  }
  if (is_planted(PlantedBug::forget_folder_sync_after_replace)) return {};
  if (auto synced = disk.sync_folder(folder_of(path)); !synced) {
    return wrap(synced.error(), "replace " + path);
  }
  return {};
}

Result<Buffer> read_file(Disk& disk, const std::string& path, std::size_t size_max) {
  auto file = disk.open(path, false);
  if (!file) return tl::unexpected(file.error());
  const std::uint64_t size = (*file)->size();
  if (size > size_max) {
    return fail(Errc::overloaded,
                "file larger than " + std::to_string(size_max) + " bytes: " + path);
  }
  return (*file)->read(0, static_cast<std::size_t>(size));
}

}  // namespace millrace
