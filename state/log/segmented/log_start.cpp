#include "state/log/segmented/log_start.hpp"

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "state/log/port/recent_batches.hpp"

namespace millrace {
namespace {

// Big-endian: magic, format, start, newest timestamp, count, the batches, checksum of all before.
constexpr std::uint32_t magic = 0x4d524c53;  // "MRLS"
constexpr std::uint32_t format = 1;
constexpr std::size_t head_bytes = 4 + 4 + 8 + 8 + 4;
constexpr std::size_t entry_bytes = 8 + 8 + 8 + 8 + 4;
constexpr std::size_t crc_bytes = 4;
constexpr std::size_t file_bytes_max =
    head_bytes + RecentBatches::writers_max * RecentBatches::kept * entry_bytes + crc_bytes;

BatchSummary entry_at(Bytes bytes, std::size_t at) {
  return {.base = load_be<Offset>(bytes, at),
          .last = load_be<Offset>(bytes, at + 8),
          .timestamp = load_be<EpochMillis>(bytes, at + 16),
          .writer = WriterId{load_be<std::int64_t>(bytes, at + 24)},
          .sequence = load_be<std::int32_t>(bytes, at + 32)};
}

}  // namespace

std::string log_start_path(const std::string& folder) { return folder + "/log-start"; }
std::string recent_path(const std::string& folder) { return folder + "/recent-batches"; }

std::vector<std::byte> encode(const LogStart& start) {
  std::vector<std::byte> out;
  out.reserve(head_bytes + start.writers.size() * entry_bytes + crc_bytes);
  append_be(out, magic);
  append_be(out, format);
  append_be(out, start.offset);
  append_be(out, start.max_timestamp);
  append_be(out, static_cast<std::uint32_t>(start.writers.size()));
  for (const BatchSummary& batch : start.writers) {
    append_be(out, batch.base);
    append_be(out, batch.last);
    append_be(out, batch.timestamp);
    append_be(out, batch.writer.value());
    append_be(out, batch.sequence);
  }
  append_be(out, crc32c_of(out));
  return out;
}

Result<LogStart> parse_log_start(Bytes bytes) {
  if (bytes.size() < head_bytes + crc_bytes || load_be<std::uint32_t>(bytes, 0) != magic) {
    return fail(Errc::corrupt, "log start: bad magic or length");
  }
  // Before the format: a newer one has a checksum at its end as well, damage has none.
  const std::size_t at_crc = bytes.size() - crc_bytes;
  if (load_be<std::uint32_t>(bytes, at_crc) != crc32c_of(bytes.first(at_crc))) {
    return fail(Errc::corrupt, "log start: checksum differs");
  }
  if (const auto found = load_be<std::uint32_t>(bytes, 4); found > format) {
    return fail(Errc::malformed,
                fmt::format("log start: format {} is newer than {}", found, format));
  }
  LogStart start{load_be<Offset>(bytes, 8), load_be<EpochMillis>(bytes, 16), {}};
  const std::size_t count = load_be<std::uint32_t>(bytes, 24);
  if (start.offset < 0 || head_bytes + count * entry_bytes != at_crc) {
    return fail(Errc::corrupt, "log start: values that cannot be");
  }
  start.writers.reserve(count);
  for (std::size_t at = head_bytes; at < at_crc; at += entry_bytes) {
    start.writers.push_back(entry_at(bytes, at));
  }
  return start;
}

Result<std::optional<LogStart>> load_log_start(Disk& disk, const std::string& path) {
  if (!disk.exists(path)) return std::nullopt;
  auto bytes = read_file(disk, path, file_bytes_max);
  if (!bytes && bytes.error().code == Errc::overloaded) {
    return fail(Errc::corrupt, "log start: wrong length");
  }
  if (!bytes) return tl::unexpected(bytes.error());
  auto start = parse_log_start(bytes->bytes());
  if (!start) return tl::unexpected(start.error());
  return std::move(*start);
}

}  // namespace millrace
