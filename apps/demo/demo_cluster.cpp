#include "apps/demo/demo_cluster.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/demo/program_run.hpp"

namespace millrace::demo {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view host_count = "3";
/// For nodes to drain; what is left is killed.
constexpr std::string_view drain_time = "10s";

/// A member that is a text, or nothing.
std::optional<std::string> text_in(const Json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

Json parsed(std::string_view text) { return Json::parse(text, nullptr, false); }

Result<fs::path> make_directory(const std::optional<fs::path>& wanted) {
  std::error_code error;
  if (wanted) {
    fs::path directory = fs::absolute(*wanted, error).lexically_normal();
    const bool made = !error && fs::create_directory(directory, error);
    if (made) return directory;
    const std::string why = error ? error.message() : "it exists already";
    return fail(Errc::unavailable, fmt::format("make directory {}: {}", wanted->string(), why));
  }
  const fs::path parent = fs::temp_directory_path(error);
  std::string pattern = (parent / "millrace-demo-XXXXXX").string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    return fail(Errc::unavailable,
                fmt::format("make directory {}: {}", pattern, std::strerror(errno)));
  }
  return fs::path(pattern);
}

}  // namespace

Result<ClusterAddresses> parse_addresses(std::string_view json) {
  const Json document = parsed(json);
  const auto id = text_in(document, "cluster_id");
  const auto bootstrap = text_in(document, "bootstrap");
  const auto console = text_in(document, "console");
  if (!id || !bootstrap || bootstrap->empty() || !console)
    return fail(Errc::malformed, "the launcher did not say where the cluster is");
  ClusterAddresses addresses{*id, *bootstrap, *console, {}};
  const auto hosts = document.find("hosts");
  if (hosts == document.end() || !hosts->is_array())
    return fail(Errc::malformed, "the launcher did not name the hosts");
  for (const Json& host : *hosts) {
    const auto name = text_in(host, "host");
    if (!name) return fail(Errc::malformed, "the launcher named a host without a name");
    addresses.hosts.push_back(*name);
  }
  return addresses;
}

Result<std::size_t> parse_ended(std::string_view json) {
  const Json document = parsed(json);
  if (!document.is_array())
    return fail(Errc::malformed, "the launcher did not say what it has ended");
  return document.size();
}

DemoCluster::DemoCluster(fs::path program, fs::path directory)
    : program_(std::move(program)), directory_(std::move(directory)) {}

Result<DemoCluster> DemoCluster::make(fs::path program, const std::optional<fs::path>& wanted) {
  auto directory = make_directory(wanted);
  if (!directory) return tl::unexpected(directory.error());
  return DemoCluster(std::move(program), std::move(*directory));
}

Result<ClusterAddresses> DemoCluster::start() const {
  const auto end = run_program(program_, {"up", "--hosts", std::string(host_count), "--detach",
                                          "--json", "--dir", directory_.string()});
  if (!end) return tl::unexpected(end.error());
  if (end->exit_code != 0) {
    return fail(Errc::unavailable,
                fmt::format("the cluster did not start: exit code {}", end->exit_code));
  }
  return parse_addresses(end->output);
}

Result<std::size_t> DemoCluster::end() const {
  const auto end = run_program(program_, {"down", "--json", "--timeout", std::string(drain_time),
                                          "--dir", directory_.string()});
  if (!end) return tl::unexpected(end.error());
  if (end->exit_code != 0)
    return fail(Errc::unavailable, "processes of the cluster still live: " + end->output);
  std::error_code error;
  fs::remove_all(directory_, error);
  if (error) {
    return fail(Errc::unavailable,
                fmt::format("remove {}: {}", directory_.string(), error.message()));
  }
  return parse_ended(end->output);
}

}  // namespace millrace::demo
