#include "state/disk/posix/posix_file.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <vector>

#include "state/disk/posix/posix_error.hpp"

namespace millrace {
namespace {

/// Drops the first `written` bytes of vectors[first...] and returns the new first.
std::size_t advance(std::vector<iovec>& vectors, std::size_t first, std::size_t written) {
  while (first < vectors.size() && written >= vectors[first].iov_len) {
    written -= vectors[first].iov_len;
    ++first;
  }
  if (written > 0) {
    vectors[first].iov_base = static_cast<char*>(vectors[first].iov_base) + written;
    vectors[first].iov_len -= written;
  }
  return first;
}

std::vector<iovec> vectors_of(std::span<const Bytes> pieces) {
  std::vector<iovec> vectors;
  vectors.reserve(pieces.size());
  for (const Bytes& piece : pieces) {
    // pwritev only reads, but its struct serves preadv as well.
    if (!piece.empty()) vectors.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
  }
  return vectors;
}

}  // namespace

PosixFile::PosixFile(int descriptor, std::uint64_t size, std::string path)
    : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

PosixFile::~PosixFile() { ::close(descriptor_); }

Result<std::uint64_t> PosixFile::append(std::span<const Bytes> pieces) {
  const std::uint64_t start = size_;
  std::vector<iovec> vectors = vectors_of(pieces);
  std::size_t first = 0;
  while (first < vectors.size()) {
    const std::size_t count = std::min<std::size_t>(vectors.size() - first, IOV_MAX);
    const ssize_t written =
        ::pwritev(descriptor_, &vectors[first], static_cast<int>(count), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_posix(errno, "append", path_);
    if (written == 0) return fail_posix(EIO, "append", path_);
    size_ += static_cast<std::uint64_t>(written);
    first = advance(vectors, first, static_cast<std::size_t>(written));
  }
  return start;
}

Result<Buffer> PosixFile::read(std::uint64_t position, std::size_t size) {
  if (position >= size_) return Buffer();
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, size_ - position));
  auto bytes = std::make_shared_for_overwrite<std::byte[]>(size);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(descriptor_, bytes.get() + filled, size - filled,
                                static_cast<off_t>(position + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_posix(errno, "read", path_);
    if (got == 0) return fail(Errc::corrupt, "file shrank while open: " + path_);
    filled += static_cast<std::size_t>(got);
  }
  const Bytes view(bytes.get(), size);
  return Buffer(std::move(bytes), view);
}

Status PosixFile::truncate(std::uint64_t size) {
  while (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) return fail_posix(errno, "truncate", path_);
  }
  size_ = size;
  return {};
}

Status PosixFile::sync() {
  if (sync_failed_) return fail(Errc::unavailable, "disk failed: earlier sync " + path_);
  // Not repeated after EINTR: whether the pages are still dirty is unknown then.
  if (::fdatasync(descriptor_) == 0) return {};
  sync_failed_ = true;
  return fail_posix(errno, "sync", path_);
}

}  // namespace millrace
