#include "actors/coordinator/cluster_config_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "protocol/table_options.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ConfigChange;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::refuse;

enum class Kind : std::uint8_t { boolean, count, bytes, duration, ratio, list, choice };

struct DynamicKey {
  std::string_view key;
  Kind kind;
};

/// All but the first are about what this build does not have: followers, key-value stores, remote
/// storage, a guard of the disk. They are kept and told, as in files.
constexpr auto dynamic_keys = std::to_array<DynamicKey>({
    {protocol::roll_active_segment_key, Kind::boolean},
    {"log.replica.min-in-sync-replicas-number", Kind::count},
    {"kv.leader-replica.memory-reserved", Kind::bytes},
    {"kv.rocksdb.shared-rate-limiter.bytes-per-sec", Kind::bytes},
    {"kv.snapshot.interval", Kind::duration},
    {"server.data-disk.write-limit-ratio", Kind::ratio},
    {"server.data-disk.write-recover-ratio", Kind::ratio},
    {"server.historical-partition.lookup-cache.max-disk-ratio", Kind::ratio},
    {"server.historical-partition.lookuper-cache.expire-after-access", Kind::duration},
    {"remote.data.dirs", Kind::list},
    {"remote.data.dirs.strategy", Kind::choice},
    {"remote.data.dirs.weights", Kind::list},
});

tl::unexpected<protocol::ProtocolError> refused(std::string message) {
  return refuse(ErrorCode::config_exception, std::move(message));
}

Outcome<DynamicKey> find_key(const std::string& name) {
  const auto found = std::find_if(dynamic_keys.begin(), dynamic_keys.end(),
                                  [&](const DynamicKey& entry) { return entry.key == name; });
  if (found != dynamic_keys.end()) return *found;
  // These would change how clients write, or who they are: not without what stands behind them.
  if (name.starts_with("datalake.") || name == "security.sasl.plain.credentials") {
    return refused(fmt::format("This server does not support '{}' yet.", name));
  }
  return refused(
      fmt::format("The config '{}' is unknown or cannot be changed while the cluster "
                  "runs.",
                  protocol::wire_text(name)));
}

template <class Number>
bool is_within(std::string_view text, Number low, Number high) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= low && value <= high;
}

bool is_value_of(Kind kind, const std::string& value) {
  switch (kind) {
    case Kind::boolean:
      return protocol::parse_bool(value).has_value();
    case Kind::count:
      return is_within<std::int32_t>(value, 1, 32767);
    case Kind::bytes:
      return protocol::parse_size(value).has_value();
    case Kind::duration:
      return protocol::parse_duration(value).has_value();
    case Kind::ratio:
      return is_within<double>(value, 0.0, 1.0);
    case Kind::choice:
      return value == "ROUND_ROBIN" || value == "WEIGHTED_ROUND_ROBIN";
    case Kind::list:
      return true;
  }
  return false;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> entries;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) entries.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return entries;
}

/// `list` with the entries of `given` added or taken away.
std::string edited(const std::string& list, const std::string& given, bool append) {
  std::vector<std::string> entries = split(list);
  for (const std::string& entry : split(given)) {
    const auto at = std::find(entries.begin(), entries.end(), entry);
    if (append && at == entries.end()) entries.push_back(entry);
    if (!append && at != entries.end()) entries.erase(at);
  }
  return fmt::format("{}", fmt::join(entries, ","));
}

Outcome<void> make(const DynamicKey& key, const ConfigChange& change,
                   protocol::Properties& configs) {
  if (change.operation == protocol::config_delete) {
    configs.erase(change.key);
    return {};
  }
  const bool edits =
      change.operation == protocol::config_append || change.operation == protocol::config_subtract;
  const bool possible =
      change.operation == protocol::config_set || (edits && key.kind == Kind::list);
  if (!possible || !change.value) {
    return refused(fmt::format("Operation {} is not possible on '{}'.", change.operation, key.key));
  }
  if (!is_value_of(key.kind, *change.value)) {
    return refused(fmt::format("'{}' cannot have the value '{}'.", key.key,
                               protocol::wire_text(*change.value)));
  }
  std::string& value = configs[change.key];
  value = edits ? edited(value, *change.value, change.operation == protocol::config_append)
                : *change.value;
  return {};
}

}  // namespace

bool has_effect(std::string_view dynamic_key) {
  return dynamic_key == protocol::roll_active_segment_key;
}

Outcome<ClusterConfigsChanged> changed_configs(const protocol::Properties& current,
                                               const std::vector<ConfigChange>& changes) {
  protocol::Properties after = current;
  for (const ConfigChange& change : changes) {
    const auto key = find_key(change.key);
    if (!key) return tl::unexpected(key.error());
    if (auto made = make(*key, change, after); !made) return tl::unexpected(made.error());
  }
  ClusterConfigsChanged fact;
  for (const auto& [key, value] : after) {
    const auto before = current.find(key);
    if (before == current.end() || before->second != value) fact.values.emplace(key, value);
  }
  for (const auto& [key, value] : current) {
    if (!after.contains(key)) fact.values.emplace(key, std::nullopt);
  }
  return fact;
}

}  // namespace millrace::coordinator
