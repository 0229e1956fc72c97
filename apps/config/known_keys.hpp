#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/listener.hpp"
#include "base/time.hpp"

namespace millrace {

enum class ValueKind : std::uint8_t { text, list, boolean, integer, size, duration, listeners };

/// What setting a key does here.
enum class Standing : std::uint8_t {
  used,            ///< It has an effect.
  without_effect,  ///< A key of Fluss that is accepted, so that its files can be used unchanged.
  security,  ///< A key of Fluss that promises protection we do not give: it refuses the start.
};

/// One key that may stand in server.yaml. A name that ends in `.*` stands for a family of keys
/// whose values are kept but not looked at.
struct KeySpec {
  std::string_view name;
  ValueKind kind = ValueKind::text;
  std::string_view default_text = {};
  Standing standing = Standing::without_effect;
  std::string_view meaning = {};
  std::int64_t least =
      0;  ///< Bounds of a number, of bytes, of nanoseconds, or of a count of listeners.
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::string_view choices = {};  ///< Comma-separated; empty: any text, or any list of texts.
};

/// Every key and family, grouped by subject. Source: Fluss server configuration, and our own.
[[nodiscard]] std::span<const KeySpec> known_keys();

/// The spec of `name`, or of the family it belongs to, or null.
[[nodiscard]] const KeySpec* find_key(std::string_view name);

[[nodiscard]] bool is_family(const KeySpec& spec);

/// True for names with a part such as `sasl`, `ssl` or `authorizer`, known or not.
[[nodiscard]] bool is_security_name(std::string_view name);

/// True for names whose value must not be shown.
[[nodiscard]] bool is_secret_name(std::string_view name);

/// The environment variable that sets `name`: MILLRACE_ and the name in upper case with `_` for `.`
/// and `-`. The prefix `millrace.` is not repeated.
[[nodiscard]] std::string environment_name(std::string_view name);

/// Ties a key's name to the type its value is read as: see Configuration::get.
template <class T>
struct Key {
  std::string_view name;
};

/// The keys that have an effect.
namespace key {
using Listeners = std::vector<Listener>;
using Texts = std::vector<std::string>;

inline constexpr Key<Listeners> bind_listeners{"bind.listeners"};
inline constexpr Key<Listeners> advertised_listeners{"advertised.listeners"};
inline constexpr Key<std::string> internal_listener_name{"internal.listener.name"};
inline constexpr Key<std::string> security_protocol_map{"security.protocol.map"};
inline constexpr Key<std::string> sasl_plain_jaas{"security.sasl.plain.jaas.config"};
inline constexpr Key<std::string> sasl_plain_credentials{"security.sasl.plain.credentials"};
inline constexpr Key<bool> acl_ignore_case{"security.acl.principal.ignore-case"};
inline constexpr Key<bool> authorizer_enabled{"authorizer.enabled"};
inline constexpr Key<Texts> super_users{"super.users"};
inline constexpr Key<std::int64_t> tablet_server_id{"tablet-server.id"};
inline constexpr Key<std::string> tablet_server_rack{"tablet-server.rack"};
inline constexpr Key<std::string> data_dir{"data.dir"};
inline constexpr Key<std::int64_t> default_bucket_number{"default.bucket.number"};
inline constexpr Key<std::int64_t> default_replication_factor{"default.replication.factor"};
inline constexpr Key<std::int64_t> in_sync_min{"log.replica.min-in-sync-replicas-number"};
inline constexpr Key<Duration> lag_max{"log.replica.max-lag-time"};
inline constexpr Key<std::int64_t> max_bucket_number{"max.bucket.num"};
inline constexpr Key<std::int64_t> max_partition_number{"max.partition.num"};
inline constexpr Key<Duration> auto_partition_check_interval{"auto-partition.check.interval"};
inline constexpr Key<bool> allow_create_log_tables{"allow.create.log.tables"};
inline constexpr Key<bool> allow_create_kv_tables{"allow.create.kv.tables"};
inline constexpr Key<std::int64_t> log_segment_file_size{"log.segment.file-size"};
inline constexpr Key<std::int64_t> log_index_interval_size{"log.index.interval-size"};
inline constexpr Key<Duration> log_retention_check_interval{"log.retention.check-interval"};
inline constexpr Key<bool> log_roll_active_segment{"log.retention.roll-active-segment.enabled"};
inline constexpr Key<Duration> writer_expiration{"server.writer-id.expiration-time"};
inline constexpr Key<Duration> writer_check_interval{"server.writer-id.expiration-check-interval"};
inline constexpr Key<std::int64_t> max_request_size{"netty.server.max-request-size"};
inline constexpr Key<Duration> connection_max_idle_time{"netty.connection.max-idle-time"};

inline constexpr Key<Texts> roles{"millrace.roles"};
inline constexpr Key<std::string> cluster_id{"millrace.cluster.id"};
inline constexpr Key<std::string> host_name{"millrace.host.name"};
/// -1 when it is not set; Configuration::node_id() then falls back to tablet-server.id.
inline constexpr Key<std::int64_t> node_id{"millrace.node.id"};
inline constexpr Key<std::int64_t> node_incarnation{"millrace.node.incarnation"};
inline constexpr Key<std::int64_t> coordinator_node{"millrace.coordinator.node"};
/// Empty: `coordinator_node` alone.
inline constexpr Key<Texts> coordinator_candidates{"millrace.coordinator.candidates"};
/// Empty: the folder `metadata` in the data directory.
inline constexpr Key<std::string> metadata_dir{"millrace.metadata.dir"};
inline constexpr Key<Listeners> link_listener{"millrace.link.listener"};
inline constexpr Key<std::string> link_secret{"millrace.link.secret"};
inline constexpr Key<Listeners> http_listener{"millrace.http.listener"};
inline constexpr Key<std::string> http_token{"millrace.http.token"};
inline constexpr Key<std::int64_t> connections_max{"millrace.connections.max"};
inline constexpr Key<std::int64_t> buckets_max{"millrace.buckets.max"};
inline constexpr Key<std::int64_t> in_flight_bytes_max{"millrace.in-flight-bytes.max"};
inline constexpr Key<std::string> durability{"millrace.durability"};
inline constexpr Key<std::int64_t> disk_reserve{"millrace.disk.reserve"};
inline constexpr Key<std::int64_t> scrub_rate{"millrace.scrub.bytes-per-second"};
inline constexpr Key<Duration> scrub_interval{"millrace.scrub.interval"};
inline constexpr Key<Duration> ready_timeout{"millrace.ready.timeout"};
inline constexpr Key<Duration> drain_timeout{"millrace.drain.timeout"};
inline constexpr Key<std::string> log_format{"millrace.log.format"};
inline constexpr Key<std::string> log_level{"millrace.log.level"};
}  // namespace key

}  // namespace millrace
