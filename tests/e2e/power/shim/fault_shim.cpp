// Loaded in front of a node (LD_PRELOAD), it makes the files of its logs fail, and notes what was
// synced, so that a test can take back whatever was not, as a loss of power would.
//
// FAULT_SHIM_FAULTS names a file with any of the words write-eio, write-enospc, sync-eio, read-eio;
// FAULT_SHIM_SYNCED one that gets a line "SIZE PATH" for each sync: SIZE leaves out the zeros that
// were written behind the end to make room. Only files below a folder "log" are meant. Each call
// looks at the files anew: slow, and simple.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// Empty unless it is a log's file.
std::string log_path(int descriptor) {
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  char path[4096];
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  if (size <= 0) return {};
  const std::string found(path, static_cast<std::size_t>(size));
  return found.find("/log/") == std::string::npos ? std::string() : found;
}

bool is_asked_for(const char* fault) {
  const char* const name = ::getenv("FAULT_SHIM_FAULTS");
  FILE* const file = name == nullptr ? nullptr : ::fopen(name, "re");
  if (file == nullptr) return false;
  char text[256] = {};
  const std::size_t size = ::fread(text, 1, sizeof text - 1, file);
  (void)::fclose(file);
  return std::string(text, size).find(fault) != std::string::npos;
}

bool fails(int descriptor, const char* fault, int error) {
  if (log_path(descriptor).empty() || !is_asked_for(fault)) return false;
  errno = error;
  return true;
}

/// Where the contents of files end that were written by this process.
std::mutex ends_mutex;
std::map<std::string, off_t>& ends() {
  static auto* const all = new std::map<std::string, off_t>;  // Threads may outlive main().
  return *all;
}

bool is_zeros(const iovec* pieces, int count) {
  for (int i = 0; i < count; ++i) {
    const auto* const bytes = static_cast<const char*>(pieces[i].iov_base);
    if (std::any_of(bytes, bytes + pieces[i].iov_len, [](char byte) { return byte != 0; })) {
      return false;
    }
  }
  return true;
}

void note_written(int descriptor, const iovec* pieces, int count, off_t end) {
  const std::string path = log_path(descriptor);
  if (path.empty() || is_zeros(pieces, count)) return;
  const std::lock_guard lock(ends_mutex);
  off_t& known = ends()[path];
  known = std::max(known, end);
}

void note_cut(int descriptor, off_t size) {
  const std::string path = log_path(descriptor);
  const std::lock_guard lock(ends_mutex);
  const auto known = ends().find(path);
  if (known != ends().end()) known->second = std::min(known->second, size);
}

off_t content_end(const std::string& path, off_t size) {
  const std::lock_guard lock(ends_mutex);
  const auto known = ends().find(path);
  return known == ends().end() ? size : known->second;
}

void note_synced(int descriptor) {
  const char* const name = ::getenv("FAULT_SHIM_SYNCED");
  const std::string path = log_path(descriptor);
  struct stat status {};
  if (name == nullptr || path.empty() || ::fstat(descriptor, &status) != 0) return;
  const std::string line = std::to_string(content_end(path, status.st_size)) + " " + path + "\n";
  const int notes = ::open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (notes < 0 || ::write(notes, line.data(), line.size()) < 0) ::abort();
  ::close(notes);
}

int synced(int descriptor, const char* call) {
  if (fails(descriptor, "sync-eio", EIO)) return -1;
  const int done = next<int (*)(int)>(call)(descriptor);
  if (done == 0) note_synced(descriptor);
  return done;
}

}  // namespace

extern "C" {

ssize_t pwritev(int descriptor, const iovec* pieces, int count, off_t position) {
  if (fails(descriptor, "write-eio", EIO)) return -1;
  if (fails(descriptor, "write-enospc", ENOSPC)) return -1;
  const ssize_t written = next<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev")(
      descriptor, pieces, count, position);
  if (written > 0) note_written(descriptor, pieces, count, position + written);
  return written;
}

int ftruncate(int descriptor, off_t size) {
  const int done = next<int (*)(int, off_t)>("ftruncate")(descriptor, size);
  if (done == 0) note_cut(descriptor, size);
  return done;
}

ssize_t pread(int descriptor, void* bytes, size_t size, off_t position) {
  if (fails(descriptor, "read-eio", EIO)) return -1;
  return next<ssize_t (*)(int, void*, size_t, off_t)>("pread")(descriptor, bytes, size, position);
}

int fdatasync(int descriptor) { return synced(descriptor, "fdatasync"); }
int fsync(int descriptor) { return synced(descriptor, "fsync"); }
}
