#include "state/disk/posix/posix_file.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <vector>

#include "state/disk/posix/posix_error.hpp"

namespace millrace {
namespace {

constexpr std::array<std::byte, std::size_t{64} << 10> zeros = {};

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

PosixFile::PosixFile(int descriptor, std::uint64_t size, std::string path,
                     std::shared_ptr<FailedSyncs> failed_syncs)
    : descriptor_(descriptor),
      size_(size),
      room_end_(size),
      path_(std::move(path)),
      failed_syncs_(std::move(failed_syncs)) {}

PosixFile::~PosixFile() { ::close(descriptor_); }

Result<std::uint64_t> PosixFile::append(std::span<const Bytes> pieces) {
  const std::uint64_t start = size_;
  auto written = write(pieces, size_, "append");
  room_end_ = std::max(room_end_, size_);
  if (!written) return tl::unexpected(written.error());
  return start;
}

Status PosixFile::write(std::span<const Bytes> pieces, std::uint64_t& position,
                        std::string_view doing) {
  std::vector<iovec> vectors = vectors_of(pieces);
  std::size_t first = 0;
  while (first < vectors.size()) {
    const std::size_t count = std::min<std::size_t>(vectors.size() - first, IOV_MAX);
    const ssize_t written = ::pwritev(descriptor_, &vectors[first], static_cast<int>(count),
                                      static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_posix(errno, doing, path_);
    if (written == 0) return fail_posix(EIO, doing, path_);
    position += static_cast<std::uint64_t>(written);
    first = advance(vectors, first, static_cast<std::size_t>(written));
  }
  return {};
}

Status PosixFile::prepare(std::uint64_t bytes) {
  // Written, not only allocated: the first write to a block that is merely allocated changes
  // metadata, which the next sync would wait for.
  const std::uint64_t end = size_ + bytes;
  const std::uint64_t before = room_end_;
  std::vector<Bytes> pieces;
  for (std::uint64_t at = before; at < end; at += zeros.size()) {
    pieces.push_back(Bytes(zeros).first(std::min<std::uint64_t>(zeros.size(), end - at)));
  }
  auto written = write(pieces, room_end_, "prepare");
  // A disk that is nearly full is not filled by it.
  if (!written && ::ftruncate(descriptor_, static_cast<off_t>(before)) == 0) room_end_ = before;
  return written;
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
  size_ = room_end_ = size;
  return {};
}

Status PosixFile::sync() {
  if (sync_failed_) return fail(Errc::unavailable, "disk failed: earlier sync " + path_);
  // Not repeated after EINTR: whether the pages are still dirty is unknown then.
  if (::fdatasync(descriptor_) == 0) return {};
  sync_failed_ = true;
  failed_syncs_->fetch_add(1);
  return fail_posix(errno, "sync", path_);
}

}  // namespace millrace
