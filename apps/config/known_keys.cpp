#include "apps/config/known_keys.hpp"

#include <algorithm>
#include <array>

#include "apps/config/fluss_keys.hpp"
#include "apps/config/value_text.hpp"

namespace millrace {
namespace {

using enum ValueKind;
using enum Standing;

constexpr std::int64_t second = std::chrono::nanoseconds(1s).count();
constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t millisecond = second / 1000;
constexpr std::int64_t id_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kib = 1024;
constexpr std::int64_t gib = kib * kib * kib;
// Segment positions are 32-bit. Source: Fluss log segments.
constexpr std::int64_t segment_size_max = 2 * gib - 1;
constexpr std::int64_t frame_size_max = 1 * gib;

constexpr std::array keys = {
    // Listeners.
    KeySpec{"bind.listeners", listeners, "FLUSS://127.0.0.1:9123", used,
            "addresses that clients connect to; port 0 lets the kernel choose", 1, 16},
    KeySpec{"advertised.listeners", listeners, "", used,
            "addresses told to clients; empty: the bound ones"},
    KeySpec{"internal.listener.name", text, "FLUSS", used,
            "client listener on which everything is allowed"},
    // Identity and places.
    KeySpec{"tablet-server.id", integer, "-1", used, "id of this server as clients see it", -1,
            id_max},
    KeySpec{"tablet-server.rack", text, "", used, "rack of this server"},
    KeySpec{"data.dir", text, "millrace-data", used, "directory of this node's data"},
    // Network.
    KeySpec{"netty.server.max-request-size", size, "100mb", used, "largest request", kib,
            frame_size_max},
    KeySpec{"netty.connection.max-idle-time", duration, "10min", used,
            "silence after which a connection is closed", second},
    // Tables.
    KeySpec{"default.bucket.number", integer, "1", used, "buckets of a table that names none", 1,
            id_max},
    KeySpec{"default.replication.factor", integer, "1", used, "replicas of a table that names none",
            1, 32767},
    KeySpec{
        "log.replica.min-in-sync-replicas-number", integer, "2", used,
        "replicas that must be in sync for acks=all, but one fewer than a bucket has and one at "
        "least",
        1, 32767},
    KeySpec{"log.replica.max-lag-time", duration, "30s", used,
            "a follower that lacks rows for so long leaves the in-sync set", second},
    KeySpec{"max.bucket.num", integer, "4096", used, "most buckets of one table", 1, id_max},
    KeySpec{"max.partition.num", integer, "1000", used, "most partitions of one table", 1, id_max},
    KeySpec{"auto-partition.check.interval", duration, "10min", used,
            "how often automatic partitions are created and dropped", second},
    KeySpec{"allow.create.log.tables", boolean, "true", used, "whether log tables may be created"},
    KeySpec{"allow.create.kv.tables", boolean, "true", without_effect,
            "whether primary-key tables may be created"},
    // Logs.
    KeySpec{"log.segment.file-size", size, "1gb", used, "size at which a segment is closed", kib,
            segment_size_max},
    KeySpec{"log.index.interval-size", size, "4kb", used, "log bytes between two index entries", 1,
            segment_size_max},
    KeySpec{"log.retention.check-interval", duration, "5min", used,
            "how often rows are looked for that are older than table.log.ttl", millisecond},
    KeySpec{"log.retention.roll-active-segment.enabled", boolean, "false", used,
            "whether a log's last segment is closed when it is too old, so that it can go"},
    KeySpec{"server.writer-id.expiration-time", duration, "7d", used,
            "silence after which an idempotent writer is forgotten", millisecond},
    KeySpec{"server.writer-id.expiration-check-interval", duration, "10min", used,
            "how often silent writers are looked for", millisecond},
    // Security. What is not built refuses the start unless it says what holds anyway.
    KeySpec{"security.protocol.map", text, "", used,
            "protocol of each listener, as CLIENT:SASL; one that is not named: PLAINTEXT"},
    KeySpec{"security.sasl.enabled.mechanisms", list, "plain", security,
            "how clients prove who they are"},
    KeySpec{"security.sasl.plain.jaas.config", text, "", used, "users of every SASL listener"},
    KeySpec{"security.sasl.listener.name.*", text, "", used,
            "users of one SASL listener: its name in lower case and .plain.jaas.config"},
    KeySpec{"security.sasl.plain.credentials", text, "", used,
            "users of every SASL listener, as name:password,..."},
    KeySpec{"security.acl.principal.ignore-case", boolean, "false", used,
            "whether principals are compared without case"},
    KeySpec{"security.*", text, "", security, "authentication"},
    KeySpec{"authorizer.enabled", boolean, "false", used, "whether access is checked"},
    KeySpec{"authorizer.type", text, "default", security, "who checks access"},
    KeySpec{"authorizer.*", text, "", security, "authorization"},
    KeySpec{"super.users", list, "", used, "principals that may do everything, as User:admin"},
    // Ours: who this node is.
    KeySpec{"millrace.roles", list, "coordinator,tablet,worker", used, "what this node does", 0, 0,
            "coordinator,tablet,worker"},
    KeySpec{"millrace.cluster.id", text, "", used, "cluster that data and links must belong to"},
    KeySpec{"millrace.host.name", text, "", used, "virtual host of this node"},
    KeySpec{"millrace.node.id", integer, "-1", used,
            "id of this node; -1: the value of tablet-server.id", -1, id_max},
    KeySpec{"millrace.node.incarnation", integer, "0", used,
            "number of this node's start, given by its host agent"},
    KeySpec{"millrace.coordinator.node", integer, "0", used,
            "node that is asked first for who is in office", 0, id_max},
    KeySpec{
        "millrace.coordinator.candidates", list, "", used,
        "ids of the nodes whose coordinators may hold office; empty: millrace.coordinator.node"},
    KeySpec{"millrace.metadata.dir", text, "", used,
            "directory of the cluster's metadata; empty: metadata in data.dir"},
    // Ours: sockets.
    KeySpec{"millrace.link.listener", listeners, "127.0.0.1:9124", used,
            "address that the other nodes connect to", 1, 1},
    KeySpec{"millrace.link.secret", text, "", used,
            "cluster secret; a must when links listen off loopback"},
    KeySpec{"millrace.http.listener", listeners, "127.0.0.1:9125", used,
            "address of the console, its API and the metrics; empty: none", 0, 1},
    KeySpec{"millrace.http.token", text, "", used,
            "token of the console; a must when it listens off loopback"},
    // Ours: bounds and habits.
    KeySpec{"millrace.connections.max", integer, "4096", used, "most client connections of a node",
            1, 1'000'000},
    KeySpec{"millrace.buckets.max", integer, "100000", used, "most buckets of all tables together",
            1, id_max},
    KeySpec{"millrace.in-flight-bytes.max", size, "256mb", used,
            "most bytes of requests, and again of answers, that a node holds", kib* kib},
    KeySpec{"millrace.durability", text, "memory", used, "durability of tables that name none", 0,
            0, "memory,disk"},
    KeySpec{"millrace.disk.reserve", size, "64mb", used,
            "bytes of a disk that are left for metadata and deleting: appends are refused before"},
    KeySpec{"millrace.scrub.bytes-per-second", size, "4mb", used,
            "how much of a disk's logs is read to find damage before readers do; 0: none"},
    KeySpec{"millrace.scrub.interval", duration, "6h", used,
            "pause between two such rounds over all logs", second},
    KeySpec{"millrace.ready.timeout", duration, "30s", used, "how long `up` waits for its nodes",
            second, hour},
    KeySpec{"millrace.drain.timeout", duration, "10s", used,
            "how long a node may take to drain before it is killed", 0, hour},
    KeySpec{"millrace.log.format", text, "auto", used, "form of a log line", 0, 0,
            "auto,logfmt,json"},
    KeySpec{"millrace.log.level", text, "info", used, "least level that is logged", 0, 0,
            "debug,info,warn,error"},
};

bool belongs_to_family(std::string_view name, const KeySpec& spec) {
  const std::string_view prefix = spec.name.substr(0, spec.name.size() - 1);
  return name.starts_with(prefix) && name.size() > prefix.size();
}

// Calls `matches` with each part of a name: letters between dots, dashes and underscores.
template <class Matches>
bool any_part(std::string_view name, Matches matches) {
  while (!name.empty()) {
    const auto end = name.find_first_of(".-_");
    if (matches(name.substr(0, end))) return true;
    if (end == std::string_view::npos) break;
    name.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

std::span<const KeySpec> known_keys() {
  static const std::vector<KeySpec> all = [] {
    std::vector<KeySpec> specs(keys.begin(), keys.end());
    for (const std::string_view name : keys_without_effect()) specs.push_back(KeySpec{name});
    return specs;
  }();
  return all;
}

bool is_family(const KeySpec& spec) { return spec.name.ends_with(".*"); }

const KeySpec* find_key(std::string_view name) {
  const KeySpec* family = nullptr;
  for (const KeySpec& spec : known_keys()) {
    if (spec.name == name && !is_family(spec)) return &spec;
    if (!is_family(spec) || !belongs_to_family(name, spec)) continue;
    if (family == nullptr || spec.name.size() > family->name.size()) family = &spec;
  }
  return family;
}

bool is_security_name(std::string_view name) {
  constexpr std::array parts = {"security", "authorizer", "sasl",     "ssl",
                                "tls",      "acl",        "kerberos", "jaas"};
  const std::string lower = lower_case(name);
  if (lower == "super.users" || lower == "super_users") return true;
  return any_part(
      lower, [&](std::string_view part) { return std::ranges::find(parts, part) != parts.end(); });
}

bool is_secret_name(std::string_view name) {
  constexpr std::array parts = {"secret", "password", "token", "credentials", "jaas", "credential"};
  return any_part(lower_case(name), [&](std::string_view part) {
    return std::ranges::find(parts, part) != parts.end();
  });
}

std::string environment_name(std::string_view name) {
  constexpr std::string_view own = "millrace.";
  if (name.starts_with(own)) name.remove_prefix(own.size());
  std::string variable = "MILLRACE_";
  for (char letter : name) {
    if (letter == '.' || letter == '-') letter = '_';
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    variable += letter;
  }
  return variable;
}

}  // namespace millrace
