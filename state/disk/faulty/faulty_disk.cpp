#include "state/disk/faulty/faulty_disk.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace millrace {

class FaultyFile final : public File {
 public:
  FaultyFile(FaultyDisk& disk, std::unique_ptr<File> below, std::string path)
      : disk_(disk), below_(std::move(below)), room_end_(below_->size()), path_(std::move(path)) {}

  [[nodiscard]] Result<std::uint64_t> append(std::span<const Bytes> pieces) override {
    const Duration delay = disk_.append_delay_.load();
    if (delay > Duration::zero()) std::this_thread::sleep_for(delay);
    std::uint64_t size = 0;
    for (const Bytes& piece : pieces) size += piece.size();
    const std::uint64_t before = below_->size();
    const std::uint64_t growth = growth_to(before + size);
    const std::uint64_t granted = disk_.take(growth);
    if (granted == growth) {
      auto appended = below_->append(pieces);
      if (!appended) disk_.give_back(growth - growth_to(below_->size()));
      room_end_ = std::max(room_end_, below_->size());
      return appended;
    }
    std::vector<Bytes> fitting;
    std::uint64_t left = size - growth + granted;
    for (const Bytes& piece : pieces) {
      fitting.push_back(piece.first(std::min<std::uint64_t>(piece.size(), left)));
      left -= fitting.back().size();
    }
    auto appended = below_->append(fitting);
    room_end_ = std::max(room_end_, below_->size());
    if (!appended) return appended;
    return fail(Errc::overloaded, "disk full: append " + path_);
  }

  [[nodiscard]] Result<Buffer> read(std::uint64_t position, std::size_t size) override {
    return below_->read(position, size);
  }

  [[nodiscard]] Status truncate(std::uint64_t size) override {
    auto truncated = below_->truncate(size);
    if (!truncated) return truncated;
    if (room_end_ > size) disk_.give_back(room_end_ - size);
    room_end_ = size;
    return {};
  }

  [[nodiscard]] Status prepare(std::uint64_t bytes) override {
    const std::uint64_t end = below_->size() + bytes;
    const std::uint64_t growth = growth_to(end);
    const std::uint64_t granted = disk_.take(growth);
    Status prepared = fail(Errc::overloaded, "disk full: prepare " + path_);
    if (granted == growth) prepared = below_->prepare(bytes);
    if (prepared) {
      room_end_ = std::max(room_end_, end);
    } else {
      disk_.give_back(granted);
    }
    return prepared;
  }

  [[nodiscard]] Status sync() override { return below_->sync(); }
  [[nodiscard]] std::uint64_t size() const override { return below_->size(); }

 private:
  /// How many bytes more the disk holds when the file ends at `end`.
  [[nodiscard]] std::uint64_t growth_to(std::uint64_t end) const {
    return end - std::min(end, room_end_);
  }

  FaultyDisk& disk_;
  std::unique_ptr<File> below_;
  std::uint64_t room_end_;  // Never below the file's size.
  std::string path_;
};

FaultyDisk::FaultyDisk(Disk& below) : below_(below) {}

void FaultyDisk::set_free_bytes(std::optional<std::uint64_t> bytes) {
  bytes_left_.store(bytes.value_or(unlimited));
}

std::uint64_t FaultyDisk::take(std::uint64_t bytes) {
  std::uint64_t left = bytes_left_.load();
  while (left != unlimited) {
    const std::uint64_t granted = std::min(left, bytes);
    if (bytes_left_.compare_exchange_weak(left, left - granted)) return granted;
  }
  return bytes;
}

void FaultyDisk::give_back(std::uint64_t bytes) {
  std::uint64_t left = bytes_left_.load();
  while (left != unlimited) {
    // One short of the mark: space that comes back must not look like "unlimited".
    const std::uint64_t more = left + std::min(bytes, unlimited - 1 - left);
    if (bytes_left_.compare_exchange_weak(left, more)) return;
  }
}

Result<std::unique_ptr<File>> FaultyDisk::open(const std::string& path, bool create) {
  if (create && bytes_left_.load() == 0 && !below_.exists(path)) {
    return fail(Errc::overloaded, "disk full: create " + path);
  }
  auto file = below_.open(path, create);
  if (!file) return file;
  return std::make_unique<FaultyFile>(*this, std::move(*file), path);
}

bool FaultyDisk::exists(const std::string& path) { return below_.exists(path); }

Result<std::vector<std::string>> FaultyDisk::list(const std::string& folder) {
  return below_.list(folder);
}

Status FaultyDisk::make_folders(const std::string& folder) { return below_.make_folders(folder); }

Status FaultyDisk::rename(const std::string& from, const std::string& to) {
  return below_.rename(from, to);
}

Status FaultyDisk::remove(const std::string& path) { return below_.remove(path); }

Status FaultyDisk::remove_folder(const std::string& folder) { return below_.remove_folder(folder); }

Status FaultyDisk::sync_folder(const std::string& folder) { return below_.sync_folder(folder); }

Result<std::uint64_t> FaultyDisk::free_bytes() {
  auto below = below_.free_bytes();
  if (!below) return below;
  return std::min(*below, bytes_left_.load());
}

}  // namespace millrace
