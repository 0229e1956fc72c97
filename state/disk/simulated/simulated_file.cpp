#include "state/disk/simulated/simulated_file.hpp"

#include <algorithm>
#include <vector>

namespace millrace {

SimulatedFile::SimulatedFile(SimulatedDisk& disk, SimulatedNames::Content content, std::string path)
    : disk_(disk),
      content_(std::move(content)),
      generation_(disk.generation_),
      size_(content_->visible().size()),
      path_(std::move(path)) {}

Status SimulatedFile::admit(std::optional<FaultLength> SimulatedDisk::*fault) {
  if (generation_ != disk_.generation_) {
    return fail(Errc::unavailable, "file was opened before the crash: " + path_);
  }
  if (auto admitted = disk_.admit(&(disk_.*fault)); !admitted) {
    return wrap(admitted.error(), path_);
  }
  return {};
}

std::uint64_t SimulatedFile::growth_to(std::uint64_t end) const {
  return end - std::min<std::uint64_t>(end, content_->visible().size());
}

Result<std::uint64_t> SimulatedFile::append(std::span<const Bytes> pieces) {
  const std::uint64_t start = size();
  std::vector<std::byte> all;
  for (const Bytes& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  const auto append_part = [&](std::uint64_t part) {
    content_->write(size_, Bytes(all).first(part));
    size_ += part;
  };
  if (auto admitted = admit(&SimulatedDisk::write_fault_); !admitted) {
    // The failing call may have written a part, unless the handle is dead.
    if (generation_ == disk_.generation_) append_part(disk_.random_.below(all.size() + 1));
    return tl::unexpected(admitted.error());
  }
  const std::uint64_t growth = growth_to(size_ + all.size());
  const std::uint64_t lacking = growth - std::min(growth, disk_.room());
  append_part(all.size() - lacking);
  if (lacking > 0) return disk_.is_full("append " + path_);
  return start;
}

Result<Buffer> SimulatedFile::read(std::uint64_t position, std::size_t size) {
  if (auto admitted = admit(&SimulatedDisk::read_fault_); !admitted) {
    return tl::unexpected(admitted.error());
  }
  const Bytes there(content_->visible());
  const Bytes all = there.first(std::min<std::size_t>(there.size(), size_));
  if (position >= all.size()) return Buffer();
  return Buffer::copy_of(all.subspan(position, std::min<std::size_t>(size, all.size() - position)));
}

Status SimulatedFile::truncate(std::uint64_t size) {
  if (auto admitted = admit(&SimulatedDisk::write_fault_); !admitted) return admitted;
  if (growth_to(size) > disk_.room()) {
    return disk_.is_full("truncate " + path_);
  }
  content_->truncate(size);
  size_ = size;
  return {};
}

Status SimulatedFile::prepare(std::uint64_t bytes) {
  if (auto admitted = admit(&SimulatedDisk::write_fault_); !admitted) return admitted;
  const std::uint64_t growth = growth_to(size_ + bytes);
  if (growth > disk_.room()) return fail(Errc::overloaded, "disk full: prepare " + path_);
  content_->write(content_->visible().size(), std::vector<std::byte>(growth));
  return {};
}

Status SimulatedFile::sync() {
  if (auto admitted = admit(&SimulatedDisk::sync_fault_); !admitted) {
    // Whatever the reason, nobody may trust these pages any more.
    if (generation_ == disk_.generation_ && !disk_.has_stopped())
      content_->drop_unsynced(disk_.random_);
    return admitted;
  }
  content_->sync();
  return {};
}

}  // namespace millrace
