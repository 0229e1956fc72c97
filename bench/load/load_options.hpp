#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/command_line.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/load/shape.hpp"
#include "client/table.hpp"
#include "protocol/compression.hpp"

namespace millrace::bench {

/// What the commands of `millrace bench` are asked for; each looks at its own part.
struct LoadOptions {
  client::TablePath table;
  Shape shape = Shape::narrow;
  std::int64_t rows = 0;
  std::size_t batch_bytes = 0;
  protocol::Compression compression;
  std::int32_t buckets = 1;
  std::optional<int> columns;  ///< How many of them a scan asks for; absent: all.
  std::int64_t rows_per_second = 0;
  Duration length{};         ///< How long is measured.
  std::vector<int> servers;  ///< Process ids.
  std::optional<std::filesystem::path> data;
  int hosts = 3;
  std::optional<std::string> launch;  ///< A command for the shell.
};

/// The option of that name, for a command's list. Requires one of LoadOptions.
[[nodiscard]] Option load_option(std::string_view name);

/// Errors: malformed, with the option.
[[nodiscard]] Result<LoadOptions> read_load_options(const CommandLine& line);

/// "NONE", "LZ4_FRAME", "ZSTD", "ZSTD:1". Errors: malformed.
[[nodiscard]] Result<protocol::Compression> parse_compression(std::string_view text);

/// The same as a table's options.
[[nodiscard]] std::map<std::string, std::string> table_properties(
    const protocol::Compression& compression);

}  // namespace millrace::bench
