#include "state/disk/posix/posix_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "state/disk/port/path.hpp"
#include "state/disk/posix/posix_error.hpp"
#include "state/disk/posix/posix_file.hpp"

namespace millrace {
namespace {

Status sync_host_folder(const std::string& on_host, const std::string& path) {
  const int descriptor = ::open(on_host.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail_posix(errno, "open folder", path);
  const int failed = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0) return fail_posix(failed, "sync folder", path);
  return {};
}

}  // namespace

PosixDisk::PosixDisk(std::string root) : root_(std::move(root)) {}

std::string PosixDisk::on_host(const std::string& path) const {
  return path.empty() ? root_ : root_ + "/" + path;
}

Result<std::unique_ptr<File>> PosixDisk::open(const std::string& path, bool create) {
  if (auto checked = check_path(path); !checked) return tl::unexpected(checked.error());
  const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
  const int descriptor = ::open(on_host(path).c_str(), flags, 0640);
  if (descriptor < 0) return fail_posix(errno, "open", path);
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) {
    const int failed = errno;
    ::close(descriptor);
    return fail_posix(failed, "open", path);
  }
  return std::make_unique<PosixFile>(descriptor, static_cast<std::uint64_t>(status.st_size), path,
                                     failed_syncs_);
}

bool PosixDisk::exists(const std::string& path) {
  struct stat status = {};
  return check_path(path).has_value() && ::stat(on_host(path).c_str(), &status) == 0;
}

Result<std::vector<std::string>> PosixDisk::list(const std::string& folder) {
  if (auto checked = check_path(folder); !checked) return tl::unexpected(checked.error());
  std::vector<std::string> names;
  DIR* stream = ::opendir(on_host(folder).c_str());
  if (stream == nullptr) {
    if (errno == ENOENT) return names;
    return fail_posix(errno, "list", folder);
  }
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name(entry->d_name);
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  const int failed = errno;
  ::closedir(stream);
  if (failed != 0) return fail_posix(failed, "list", folder);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixDisk::make_folders(const std::string& folder) {
  if (auto checked = check_path(folder); !checked) return checked;
  std::error_code error;
  std::filesystem::create_directories(root_, error);
  if (error) return fail_posix(error.value(), "make folder", root_);
  std::string made;
  std::string_view rest = folder;
  while (!rest.empty()) {
    const std::string above = made;
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    made += (made.empty() ? "" : "/") + std::string(rest.substr(0, slash));
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (::mkdir(on_host(made).c_str(), 0750) == 0) {
      if (auto synced = sync_folder(above); !synced) return synced;
    } else if (errno != EEXIST) {
      return fail_posix(errno, "make folder", made);
    }
  }
  return {};
}

Status PosixDisk::rename(const std::string& from, const std::string& to) {
  if (auto checked = check_path(from); !checked) return checked;
  if (auto checked = check_path(to); !checked) return checked;
  if (std::rename(on_host(from).c_str(), on_host(to).c_str()) == 0) return {};
  return fail_posix(errno, "rename", from);
}

Status PosixDisk::remove(const std::string& path) {
  if (auto checked = check_path(path); !checked) return checked;
  if (::unlink(on_host(path).c_str()) == 0 || errno == ENOENT) return {};
  return fail_posix(errno, "remove", path);
}

Status PosixDisk::remove_folder(const std::string& folder) {
  if (auto checked = check_path(folder); !checked) return checked;
  if (folder.empty()) return fail(Errc::malformed, "the data directory itself is never removed");
  std::error_code error;
  std::filesystem::remove_all(on_host(folder), error);
  if (error) return fail_posix(error.value(), "remove folder", folder);
  return {};
}

Status PosixDisk::sync_folder(const std::string& folder) {
  if (auto checked = check_path(folder); !checked) return checked;
  return synced(sync_host_folder(on_host(folder), folder));
}

Status PosixDisk::sync_all() {
  const int descriptor = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail_posix(errno, "open folder", root_);
  const int failed = ::syncfs(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0) return synced(fail_posix(failed, "sync all of", root_));
  return {};
}

Status PosixDisk::synced(Status outcome) const {
  if (!outcome) failed_syncs_->fetch_add(1);
  return outcome;
}

Result<std::uint64_t> PosixDisk::free_bytes() {
  struct statvfs status = {};
  if (::statvfs(root_.c_str(), &status) != 0) return fail_posix(errno, "measure", root_);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace millrace
