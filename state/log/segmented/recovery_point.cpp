#include "state/log/segmented/recovery_point.hpp"

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace millrace {
namespace {

// Big-endian like the index files beside it: magic, format, five fields, checksum of all before.
constexpr std::uint32_t magic = 0x4d525250;  // "MRRP"
constexpr std::uint32_t format = 1;
constexpr std::size_t head_bytes = 4 + 4;
constexpr std::size_t crc_bytes = 4;
constexpr std::size_t size_bytes = head_bytes + 8 + 8 + 8 + 4 + 4 + crc_bytes;

}  // namespace

std::vector<std::byte> encode(const RecoveryPoint& point) {
  std::vector<std::byte> out;
  out.reserve(size_bytes);
  append_be(out, magic);
  append_be(out, format);
  append_be(out, point.segment_base);
  append_be(out, point.offset);
  append_be(out, point.position);
  append_be(out, point.offset_entries);
  append_be(out, point.time_entries);
  append_be(out, crc32c_of(out));
  return out;
}

Result<RecoveryPoint> parse_recovery_point(Bytes bytes) {
  if (bytes.size() < head_bytes + crc_bytes || load_be<std::uint32_t>(bytes, 0) != magic) {
    return fail(Errc::corrupt, "recovery point: bad magic or length");
  }
  // Before the format: a newer one has a checksum at its end as well, damage has none.
  const std::size_t at_crc = bytes.size() - crc_bytes;
  if (load_be<std::uint32_t>(bytes, at_crc) != crc32c_of(bytes.first(at_crc))) {
    return fail(Errc::corrupt, "recovery point: checksum differs");
  }
  if (const auto found = load_be<std::uint32_t>(bytes, 4); found > format) {
    return fail(Errc::malformed,
                fmt::format("recovery point: format {} is newer than {}", found, format));
  }
  if (bytes.size() != size_bytes) return fail(Errc::corrupt, "recovery point: wrong length");
  const RecoveryPoint point{.segment_base = load_be<Offset>(bytes, 8),
                            .offset = load_be<Offset>(bytes, 16),
                            .position = load_be<std::uint64_t>(bytes, 24),
                            .offset_entries = load_be<std::uint32_t>(bytes, 32),
                            .time_entries = load_be<std::uint32_t>(bytes, 36)};
  if (point.segment_base < 0 || point.offset < point.segment_base) {
    return fail(Errc::corrupt, "recovery point: offsets that cannot be");
  }
  return point;
}

Result<std::optional<RecoveryPoint>> load_recovery_point(Disk& disk, const std::string& path) {
  if (!disk.exists(path)) return std::nullopt;
  auto bytes = read_file(disk, path, 4096);
  if (!bytes && bytes.error().code == Errc::overloaded) {
    return fail(Errc::corrupt, "recovery point: wrong length");
  }
  if (!bytes) return tl::unexpected(bytes.error());
  auto point = parse_recovery_point(bytes->bytes());
  if (!point) return tl::unexpected(point.error());
  return *point;
}

}  // namespace millrace
