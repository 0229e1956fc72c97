#include "bench/load/load_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "apps/cli/column_list.hpp"
#include "base/check.hpp"
#include "bench/cluster/processes.hpp"

namespace millrace::bench {

namespace {

using protocol::CompressionType;

constexpr std::array<Option, 13> known_options = {{
    {"table", "DB.TABLE",
     "the table; append and tail drop what they find there, if it was made by them (bench.load)"},
    {"shape", "SHAPE", "narrow (6 columns, 100 B) or wide (44 columns, 400 B)"},
    {"rows", "N", "how many rows at least, in whole batches (2000000)"},
    {"batch-bytes", "N", "about how large a batch is as it travels (2097152)"},
    {"compression", "NAME", "NONE, LZ4_FRAME, ZSTD or ZSTD:LEVEL (ZSTD:3)"},
    {"buckets", "N", "how many buckets the table gets (1)"},
    {"columns", "N", "ask for so many columns, spread evenly (all)"},
    {"rate", "N", "rows per second (1000)"},
    {"seconds", "N", "how long is measured (10)"},
    {"servers", "PIDS", "process ids of the servers, with commas: whose CPU and memory is counted"},
    {"data-dir", "DIR", "where the servers' files lie: how much they grow"},
    {"hosts", "N", "hosts of the cluster that is started (3)"},
    {"launch", "COMMAND", "start the servers of --bootstrap like this, not a cluster of ours"},
}};

constexpr std::array<std::pair<std::string_view, CompressionType>, 3> compressions = {{
    {"NONE", CompressionType::none},
    {"LZ4_FRAME", CompressionType::lz4_frame},
    {"ZSTD", CompressionType::zstd},
}};

/// Options that are whole numbers. The first that is out of bounds is the error.
class Numbers {
 public:
  explicit Numbers(const CommandLine& line) : line_(line) {}

  template <class T>
  T get(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
    const auto read = line_.number(name, otherwise, least, most);
    if (!read && outcome_) outcome_ = tl::unexpected(read.error());
    return static_cast<T>(read.value_or(otherwise));
  }
  [[nodiscard]] const Status& outcome() const { return outcome_; }

 private:
  const CommandLine& line_;
  Status outcome_;
};

Status read_numbers(const CommandLine& line, LoadOptions& options) {
  Numbers numbers(line);
  options.rows = numbers.get<std::int64_t>("rows", 2'000'000, 1, 10'000'000'000);
  options.batch_bytes = numbers.get<std::size_t>("batch-bytes", 2 << 20, 1024, 64 << 20);
  options.buckets = numbers.get<std::int32_t>("buckets", 1, 1, 1024);
  options.rows_per_second = numbers.get<std::int64_t>("rate", 1000, 1, 1'000'000);
  options.length = std::chrono::seconds(numbers.get<std::int64_t>("seconds", 10, 1, 3600));
  options.hosts = numbers.get<int>("hosts", 3, 1, 100);
  if (line.has("columns")) options.columns = numbers.get<int>("columns", 1, 1, 10'000);
  return numbers.outcome();
}

Status read_texts(const CommandLine& line, LoadOptions& options) {
  auto table = cli::parse_table_path(line.value("table").value_or("bench.load"));
  if (!table) return wrap(table.error(), "--table");
  options.table = std::move(*table);
  const auto shape = parse_shape(line.value("shape").value_or("narrow"));
  if (!shape) return wrap(shape.error(), "--shape");
  options.shape = *shape;
  const auto compression = parse_compression(line.value("compression").value_or("ZSTD"));
  if (!compression) return wrap(compression.error(), "--compression");
  options.compression = *compression;
  auto servers = parse_process_ids(line.value("servers").value_or(""));
  if (!servers) return wrap(servers.error(), "--servers");
  options.servers = std::move(*servers);
  if (const auto data = line.value("data-dir")) options.data = *data;
  options.launch = line.value("launch");
  return {};
}

}  // namespace

Option load_option(std::string_view name) {
  const auto* const found = std::find_if(known_options.begin(), known_options.end(),
                                         [&](const Option& one) { return one.name == name; });
  CHECK(found != known_options.end());
  return *found;
}

Result<LoadOptions> read_load_options(const CommandLine& line) {
  LoadOptions options;
  if (auto read = read_texts(line, options); !read) return tl::unexpected(read.error());
  if (auto read = read_numbers(line, options); !read) return tl::unexpected(read.error());
  return options;
}

Result<protocol::Compression> parse_compression(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  for (const auto& [name, type] : compressions) {
    if (text.substr(0, colon) != name) continue;
    protocol::Compression compression{.type = type};
    if (colon == text.size()) return compression;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, compression.zstd_level);
    if (type != CompressionType::zstd || read.ptr != end || colon + 1 == text.size() ||
        compression.zstd_level < protocol::zstd_level_min ||
        compression.zstd_level > protocol::zstd_level_max)
      break;
    return compression;
  }
  return fail(Errc::malformed,
              "expected NONE, LZ4_FRAME, ZSTD or ZSTD:1 to ZSTD:22, not " + std::string(text));
}

std::map<std::string, std::string> table_properties(const protocol::Compression& compression) {
  std::map<std::string, std::string> properties;
  for (const auto& [name, type] : compressions) {
    if (type == compression.type) properties["table.log.arrow.compression.type"] = name;
  }
  if (compression.type == CompressionType::zstd)
    properties["table.log.arrow.compression.zstd.level"] = std::to_string(compression.zstd_level);
  return properties;
}

}  // namespace millrace::bench
