#include "bench/load/cost.hpp"

#include <unistd.h>

#include <array>

#include "bench/cluster/processes.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;

/// Of all files in a folder; one that goes away meanwhile does not count.
std::int64_t file_bytes(const std::optional<fs::path>& folder) {
  std::int64_t sum = 0;
  if (!folder) return sum;
  std::error_code error;
  for (fs::recursive_directory_iterator at(*folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (!at->is_regular_file(gone)) continue;
    const std::uintmax_t size = at->file_size(gone);
    if (!gone) sum += static_cast<std::int64_t>(size);
  }
  return sum;
}

}  // namespace

Status CostMeter::begin(Instant now) {
  const auto server = processor_time(servers_);
  if (!server) return tl::unexpected(server.error());
  disk_bytes_ = file_bytes(data_);
  server_processor_time_ = *server;
  client_processor_time_ = own_processor_time();
  begun_at_ = now;
  return {};
}

Result<Cost> CostMeter::end(Instant now) const {
  Cost cost;
  cost.took = now - begun_at_;
  cost.client_processor_time = own_processor_time() - client_processor_time_;
  const auto server = processor_time(servers_);
  if (!server) return tl::unexpected(server.error());
  cost.server_processor_time = *server - server_processor_time_;
  const auto resident = resident_bytes(servers_);
  if (!resident) return tl::unexpected(resident.error());
  cost.server_resident_bytes = *resident;
  const auto own = resident_bytes(std::array{static_cast<int>(::getpid())});
  if (!own) return tl::unexpected(own.error());
  cost.client_resident_bytes = *own;
  cost.disk_bytes = file_bytes(data_) - disk_bytes_;
  return cost;
}

}  // namespace millrace::bench
