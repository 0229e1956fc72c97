#include "state/disk/simulated/simulated_disk.hpp"

#include <utility>

#include "base/check.hpp"
#include "state/disk/port/path.hpp"
#include "state/disk/simulated/simulated_file.hpp"

namespace millrace {

SimulatedDisk::SimulatedDisk(Random random) : random_(random) {}

Status SimulatedDisk::admit(std::optional<FaultLength>* fault) {
  if (has_stopped()) return fail(Errc::unavailable, "disk failed: no power");
  if (calls_left_) --*calls_left_;
  if (fault == nullptr || !fault->has_value()) return {};
  if (*fault == FaultLength::once) fault->reset();
  if (fault == &read_fault_) ++counts_.failed_reads;
  if (fault == &write_fault_) ++counts_.failed_writes;
  if (fault == &sync_fault_) ++counts_.failed_syncs;
  return fail(Errc::unavailable, "disk failed: injected");
}

Status SimulatedDisk::admit_name(const std::string& path) {
  if (auto checked = check_path(path); !checked) return checked;
  if (auto admitted = admit(&write_fault_); !admitted) return wrap(admitted.error(), path);
  return {};
}

std::uint64_t SimulatedDisk::room() const {
  if (!capacity_bytes_) return UINT64_MAX;
  const std::uint64_t used = names_.bytes_used();
  return used >= *capacity_bytes_ ? 0 : *capacity_bytes_ - used;
}

Result<std::unique_ptr<File>> SimulatedDisk::open(const std::string& path, bool create) {
  if (auto checked = check_path(path); !checked) return tl::unexpected(checked.error());
  SimulatedNames::Content content = names_.find(path);
  const bool creates = content == nullptr && create;
  if (auto admitted = admit(creates ? &write_fault_ : &read_fault_); !admitted) {
    return wrap(admitted.error(), path);
  }
  if (content == nullptr) {
    if (!create) return fail(Errc::malformed, "does not exist: " + path);
    if (!names_.has_folder(folder_of(path))) {
      return fail(Errc::malformed, "does not exist: the folder of " + path);
    }
    if (names_.has_folder(path)) return fail(Errc::malformed, "not a file name: " + path);
    if (room() == 0) return is_full("create " + path);
    content = names_.create(path);
    name_changed();
  }
  return std::make_unique<SimulatedFile>(*this, std::move(content), path);
}

bool SimulatedDisk::exists(const std::string& path) {
  return names_.find(path) != nullptr || names_.has_folder(path);
}

Result<std::vector<std::string>> SimulatedDisk::list(const std::string& folder) {
  if (auto checked = check_path(folder); !checked) return tl::unexpected(checked.error());
  if (auto admitted = admit(&read_fault_); !admitted) return wrap(admitted.error(), folder);
  return names_.list(folder);
}

Status SimulatedDisk::make_folders(const std::string& folder) {
  if (auto admitted = admit_name(folder); !admitted) return admitted;
  for (std::size_t end = 0; end <= folder.size(); ++end) {
    if (end < folder.size() && folder[end] != '/') continue;
    const std::string part = folder.substr(0, end);
    if (names_.has_folder(part)) continue;
    if (names_.find(part)) return fail(Errc::malformed, "not a folder name: " + part);
    if (room() == 0) return is_full("make folder " + part);
    names_.make_folder(part);
  }
  return {};
}

Status SimulatedDisk::rename(const std::string& from, const std::string& to) {
  if (auto checked = check_path(to); !checked) return checked;
  if (auto admitted = admit_name(from); !admitted) return admitted;
  if (names_.find(from) == nullptr || !names_.has_folder(folder_of(to))) {
    return fail(Errc::malformed, "does not exist: rename " + from);
  }
  if (names_.has_folder(to)) return fail(Errc::malformed, "not a file name: " + to);
  names_.rename(from, to);
  name_changed();
  return {};
}

Status SimulatedDisk::remove(const std::string& path) {
  if (auto admitted = admit_name(path); !admitted) return admitted;
  if (names_.has_folder(path)) return fail(Errc::malformed, "not a file name: " + path);
  names_.remove(path);
  name_changed();
  return {};
}

Status SimulatedDisk::remove_folder(const std::string& folder) {
  if (folder.empty()) return fail(Errc::malformed, "the data directory itself is never removed");
  if (auto admitted = admit_name(folder); !admitted) return admitted;
  names_.remove_folder(folder);
  return {};
}

Status SimulatedDisk::sync_folder(const std::string& folder) {
  if (auto checked = check_path(folder); !checked) return checked;
  if (auto admitted = admit(&sync_fault_); !admitted) return wrap(admitted.error(), folder);
  if (!names_.has_folder(folder)) return fail(Errc::malformed, "does not exist: " + folder);
  names_.sync_folder(folder);
  return {};
}

Status SimulatedDisk::sync_all() {
  if (auto admitted = admit(&sync_fault_); !admitted) {
    if (!has_stopped()) names_.drop_unsynced(random_);
    return wrap(admitted.error(), "sync all");
  }
  names_.sync_all();
  return {};
}

Result<std::uint64_t> SimulatedDisk::free_bytes() {
  if (auto admitted = admit(nullptr); !admitted) return tl::unexpected(admitted.error());
  return room();
}

void SimulatedDisk::name_changed() {
  if (!names_left_) return;
  if (--*names_left_ > 0) return;
  names_left_.reset();
  calls_left_ = 0;
}

void SimulatedDisk::crash(CrashLoss loss) {
  ++generation_;
  clear_faults();
  calls_left_.reset();
  names_left_.reset();
  const CrashToll toll = names_.crash(loss, random_);
  counts_.crashes.writes += toll.writes;
  counts_.crashes.torn += toll.torn;
  counts_.crashes.names += toll.names;
}

void SimulatedDisk::set_free_bytes(std::optional<std::uint64_t> bytes) {
  capacity_bytes_.reset();
  if (bytes) capacity_bytes_ = names_.bytes_used() + *bytes;
}

void SimulatedDisk::clear_faults() {
  read_fault_.reset();
  write_fault_.reset();
  sync_fault_.reset();
}

SimulatedDisk::InjectedFaults SimulatedDisk::exchange_faults(const InjectedFaults& faults) {
  return {std::exchange(read_fault_, faults.reads), std::exchange(write_fault_, faults.writes),
          std::exchange(sync_fault_, faults.syncs),
          std::exchange(capacity_bytes_, faults.capacity_bytes)};
}

void SimulatedDisk::flip_bit(const std::string& path, std::uint64_t position, unsigned bit) {
  const SimulatedNames::Content content = names_.find(path);
  CHECK(content != nullptr);
  content->flip_bit(position, bit);
}

tl::unexpected<Error> SimulatedDisk::is_full(const std::string& what) {
  ++counts_.full;
  return fail(Errc::overloaded, "disk full: " + what);
}

std::vector<std::string> SimulatedDisk::paths() const {
  std::vector<std::string> all;
  for (const auto& [path, content] : names_.files()) all.push_back(path);
  return all;
}

const std::vector<std::byte>& SimulatedDisk::bytes_at(const std::string& path) const {
  const SimulatedNames::Content content = names_.find(path);
  CHECK(content != nullptr);
  return content->visible();
}

std::optional<Bytes> SimulatedDisk::durable_bytes_at(const std::string& path) const {
  const SimulatedNames::Content content = names_.find_durable(path);
  if (content == nullptr) return std::nullopt;
  return Bytes(content->durable());
}

SimulatedNames SimulatedDisk::exchange(SimulatedNames other) {
  ++generation_;
  return std::exchange(names_, std::move(other));
}

}  // namespace millrace
