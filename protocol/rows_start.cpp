#include "protocol/rows_start.hpp"

#include <cstdint>

#include "base/endian.hpp"

namespace millrace::protocol {
namespace {

// Every Arrow message starts with it. Source: Arrow IPC format, encapsulated messages.
constexpr std::int32_t continuation_marker = -1;

}  // namespace

Status check_rows_start(LogBatchHeader header, const ReadBatchAt& read) {
  if (header.record_count == 0) return {};
  const auto number_at = [&](std::size_t offset) -> Result<std::int32_t> {
    auto bytes = read(offset, sizeof(std::int32_t));
    if (!bytes) return tl::unexpected(bytes.error());
    return load_le<std::int32_t>(*bytes, 0);
  };
  if (header.magic == magic_statistics) {
    const auto length = number_at(log_batch_header_size);
    if (!length) return tl::unexpected(length.error());
    if (*length < 0 || !header.append_only())
      return fail(Errc::malformed, "log batch cannot have statistics");
    header.statistics_length = *length;
  }
  if (header.message_offset() + sizeof(continuation_marker) > header.size())
    return fail(Errc::malformed, "log batch ends before its rows start");
  const auto marker = number_at(header.message_offset());
  if (!marker) return tl::unexpected(marker.error());
  if (*marker != continuation_marker)
    return fail(Errc::malformed, "log batch has no Arrow message where its rows start");
  return {};
}

Status check_rows_start(const LogBatchHeader& header, Bytes batch) {
  return check_rows_start(header, [batch](std::size_t offset, std::size_t size) -> Result<Bytes> {
    return batch.subspan(offset, size);
  });
}

}  // namespace millrace::protocol
