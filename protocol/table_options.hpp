#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/compression.hpp"
#include "protocol/error_code.hpp"
#include "protocol/row_format.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::protocol {

/// How the batches of a table's log are laid out. Source: Fluss table.log.format.
enum class LogFormat : std::uint8_t { arrow, indexed, compacted };

/// The lake whose way of bucketing a table follows. Source: Fluss table.datalake.format.
enum class LakeFormat : std::uint8_t { paimon, iceberg, lance, hudi };

/// "7d", "3 min", "0ms": a whole number and a unit of d, h, min or m, s, ms, us, ns or their longer
/// names, in any case. What is too long to count gives the longest Duration. Errors: malformed.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// "16mb", "128 kb", "1gb", "4096": a whole number, bytes without unit; a kilobyte is 1024 bytes.
/// Errors: malformed.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// "true" or "false" in any case. Errors: malformed.
[[nodiscard]] Result<bool> parse_bool(std::string_view text);

enum class OptionKind : std::uint8_t { text, boolean, int32, int64, duration, choice };

/// What giving a table option does here. docs/options.md is made from this.
enum class OptionStanding : std::uint8_t {
  built,           ///< It has its effect, within what `note` says.
  without_effect,  ///< It is checked, kept and told to clients, and changes nothing yet.
  refused,         ///< A table that asks for it is refused; the protocol's default is not.
};

struct TableOption {
  std::string_view key;
  OptionKind kind;
  std::string_view default_text;  ///< Empty: none.
  OptionStanding standing;
  std::string_view note = {};
  std::string_view choices = {};  ///< OptionKind::choice: "A|B|C".
};

/// Every option of the protocol, built here or not. Source: Fluss table options of client 1.0.0.
[[nodiscard]] std::span<const TableOption> table_options();

/// The options of `table` that change nothing here and have another value than their default.
[[nodiscard]] std::vector<std::string_view> options_without_effect(const TableDescriptor& table);

/// The first option of `table` that is unknown, has a value that cannot be read, or contradicts the
/// rest: invalid_config_exception, where the protocol says so invalid_table_exception. Cluster-wide
/// limits (replication factor, lake of the cluster) are for those who know them.
[[nodiscard]] std::optional<ProtocolError> check_options(const TableDescriptor& table);

// Values of a table that passed check_options().
[[nodiscard]] LogFormat log_format_of(const TableDescriptor& table);
/// The format of the rows of a log that is not ARROW. Requires that it is not.
[[nodiscard]] RowFormat row_format_of(LogFormat format);
/// Empty for a table without; set or not, a table need not be tiered.
[[nodiscard]] std::optional<LakeFormat> lake_format_of(const TableDescriptor& table);
[[nodiscard]] Compression compression_of(const TableDescriptor& table);
/// Empty when the table leaves it to the cluster.
[[nodiscard]] std::optional<std::int32_t> replication_factor_of(const TableDescriptor& table);

/// Whether batches of the log may carry statistics.
[[nodiscard]] bool has_statistics(const TableDescriptor& table);

/// What an acknowledged row survives.
enum class Durability : std::uint8_t {
  memory,  ///< The end of its process; of its host, once a second has passed.
  disk,    ///< The loss of power: it is synced before it is acknowledged.
};
/// A custom property of tables, which every client can set; also the key of what the server takes
/// for tables that do not say.
inline constexpr auto durability_key = "millrace.durability";
/// "memory" or "disk"; nothing for any other text.
[[nodiscard]] std::optional<Durability> parse_durability(std::string_view text);
/// Empty when the table leaves it to the server.
[[nodiscard]] std::optional<Durability> durability_of(const TableDescriptor& table);

/// How long rows are kept after they were committed; nothing: for ever.
[[nodiscard]] std::optional<Duration> log_ttl_of(const TableDescriptor& table);

/// The `table.auto-partition.*` options as given; what they mean together: auto_partition_of().
struct AutoPartitionOptions {
  bool enabled = false;
  std::optional<std::string> key;
  std::size_t time_unit = 3;  ///< Of YEAR, QUARTER, MONTH, DAY, HOUR.
  std::optional<std::string> time_zone;
  std::optional<std::string> time_format;
  std::optional<std::int32_t> precreate;
  std::optional<std::int32_t> retention;
};
[[nodiscard]] AutoPartitionOptions auto_partition_options_of(const TableDescriptor& table);

/// The first thing that `table` asks for and this build does not have, in words: "primary key
/// tables". Answer it with invalid_table_exception.
[[nodiscard]] std::optional<std::string> unbuilt_feature(const TableDescriptor& table);

}  // namespace millrace::protocol
