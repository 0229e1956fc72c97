#include "apps/launcher/cluster_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <map>

#include "apps/config/value_text.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t id_size_max = 64;

fs::path id_file(const fs::path& directory) { return directory / "cluster.id"; }

bool is_id(std::string_view text) {
  const auto is_letter = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  };
  return !text.empty() && text.size() <= id_size_max && std::ranges::all_of(text, is_letter);
}

std::optional<std::string> read_id(const fs::path& directory) {
  std::ifstream file(id_file(directory));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return std::string(trimmed(line));
}

// The number in `host-7`.
std::optional<int> host_number(const std::string& name) {
  constexpr std::string_view prefix = "host-";
  int number = -1;
  if (!name.starts_with(prefix)) return std::nullopt;
  const char* first = name.data() + prefix.size();
  const auto [end, error] = std::from_chars(first, name.data() + name.size(), number);
  if (error != std::errc{} || number < 0 || host_name(number) != name) return std::nullopt;
  return number;
}

std::map<int, fs::path> host_directories(const fs::path& directory) {
  std::map<int, fs::path> hosts;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto number = host_number(entry->path().filename().string())) {
      hosts[*number] = entry->path();
    }
  }
  return hosts;
}

// A record that is there but unreadable is a problem to show; one that is not there is none.
template <class Record>
std::optional<Record> taken(Result<Record> record, std::string& problem) {
  if (record) return *std::move(record);
  if (record.error().code == Errc::corrupt) problem = record.error().message;
  return std::nullopt;
}

HostStatus read_host(const std::string& name, const fs::path& directory) {
  HostStatus status;
  status.host = name;
  status.directory = directory;
  status.agent = taken(read_agent_record(directory), status.problem);
  status.node = taken(read_node_record(directory), status.problem);
  status.agent_alive = status.agent && is_alive(status.agent->process);
  status.node_alive = status.node && is_alive(status.node->process);
  return status;
}

Result<std::string> fresh_id() {
  std::ifstream source("/proc/sys/kernel/random/uuid");
  std::string id;
  if (!std::getline(source, id) || !is_id(id)) {
    return fail(Errc::unavailable, "the kernel gives no random id");
  }
  return id;
}

}  // namespace

bool HostStatus::is_fine() const {
  return agent_alive && node_alive && node->state == NodeState::ready;
}

ClusterStatus read_cluster_status(const fs::path& directory) {
  ClusterStatus status;
  status.directory = directory;
  status.cluster_id = read_id(directory).value_or("");
  if (auto launcher = read_launcher_record(directory)) {
    status.launcher_alive = is_alive(launcher->process);
    status.launcher = *std::move(launcher);
  }
  for (const auto& [number, path] : host_directories(directory)) {
    status.hosts.push_back(read_host(host_name(number), path));
  }
  return status;
}

Result<std::string> cluster_id_of(const fs::path& directory) {
  if (const auto known = read_id(directory)) {
    if (is_id(*known)) return *known;
    return fail(Errc::corrupt,
                fmt::format("cluster id cannot be read: {}", id_file(directory).string()));
  }
  auto id = fresh_id();
  if (!id) return id;
  if (auto written = write_atomically(id_file(directory), *id + "\n"); !written) {
    return tl::unexpected(written.error());
  }
  return id;
}

}  // namespace millrace
