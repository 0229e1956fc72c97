#include "protocol/log_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace millrace::protocol {
namespace {

// Positions of the fields in a header.
constexpr std::size_t at_base_offset = 0;
constexpr std::size_t at_length = 8;
constexpr std::size_t at_magic = 12;
constexpr std::size_t at_timestamp = 13;
constexpr std::size_t at_crc = 21;
constexpr std::size_t at_schema_id = 25;  // What the checksum covers starts here.
constexpr std::size_t at_attributes = 27;
constexpr std::size_t at_last_offset_delta = 28;
constexpr std::size_t at_writer = 32;
constexpr std::size_t at_sequence = 40;
constexpr std::size_t at_record_count = 44;
static_assert(at_record_count + sizeof(std::int32_t) == log_batch_header_size);
constexpr std::size_t at_statistics_length = log_batch_header_size;  // With magic 1 only.

constexpr std::int32_t length_max =
    static_cast<std::int32_t>(log_batch_size_max) - static_cast<std::int32_t>(length_field_end);
constexpr Offset base_offset_max = std::numeric_limits<Offset>::max() - (Offset{1} << 32);

Status check_header(const LogBatchHeader& header) {
  if (header.magic != magic_plain && header.magic != magic_statistics)
    return fail(Errc::malformed, fmt::format("log batch magic is unknown: {}", header.magic));
  const auto length_min = static_cast<std::int32_t>(header.fields_size() - length_field_end);
  if (header.length < length_min || header.length > length_max)
    return fail(Errc::malformed, fmt::format("log batch length out of range: {}", header.length));
  if (header.base_offset < 0 || header.base_offset > base_offset_max)
    return fail(Errc::malformed,
                fmt::format("log batch base offset out of range: {}", header.base_offset));
  if (header.record_count < 0)
    return fail(Errc::malformed,
                fmt::format("log batch row count below zero: {}", header.record_count));
  if (header.last_offset_delta != std::max(header.record_count - 1, 0))
    return fail(Errc::malformed,
                fmt::format("log batch last offset delta does not fit its rows: {}, {}",
                            header.last_offset_delta, header.record_count));
  // The other way round is allowed: the Rust client writes an Arrow message of no rows.
  if (header.record_count > 0 && header.size() == header.fields_size())
    return fail(Errc::malformed,
                fmt::format("log batch is a header only, yet has {} rows", header.record_count));
  return {};
}

/// Completes the header of `batch`, which is whole.
Status read_statistics_length(Bytes batch, LogBatchHeader& header) {
  if (header.magic != magic_statistics) return {};
  header.statistics_length = load_le<std::int32_t>(batch, at_statistics_length);
  const std::size_t room = batch.size() - header.fields_size();
  if (header.statistics_length < 0 || static_cast<std::size_t>(header.statistics_length) > room)
    return fail(Errc::malformed, fmt::format("log batch statistics do not fit: {} of {} bytes",
                                             header.statistics_length, room));
  return {};
}

}  // namespace

Result<LogBatchHeader> parse_header(Bytes bytes) {
  if (bytes.size() < log_batch_header_size)
    return fail(Errc::malformed,
                fmt::format("log batch is shorter than its header: {} bytes", bytes.size()));
  LogBatchHeader header;
  header.base_offset = load_le<std::int64_t>(bytes, at_base_offset);
  header.length = load_le<std::int32_t>(bytes, at_length);
  header.magic = load_le<std::int8_t>(bytes, at_magic);
  header.commit_timestamp = load_le<std::int64_t>(bytes, at_timestamp);
  header.crc = load_le<std::uint32_t>(bytes, at_crc);
  header.schema_id = load_le<std::int16_t>(bytes, at_schema_id);
  header.attributes = load_le<std::uint8_t>(bytes, at_attributes);
  header.last_offset_delta = load_le<std::int32_t>(bytes, at_last_offset_delta);
  header.writer = WriterId(load_le<std::int64_t>(bytes, at_writer));
  header.batch_sequence = load_le<std::int32_t>(bytes, at_sequence);
  header.record_count = load_le<std::int32_t>(bytes, at_record_count);
  if (auto sane = check_header(header); !sane) return tl::unexpected(sane.error());
  return header;
}

Result<LogBatchHeader> parse_whole_batch(Bytes batch) {
  auto header = parse_header(batch);
  if (header && header->size() != batch.size())
    return fail(Errc::malformed,
                fmt::format("log batch says {} bytes, there are {}", header->size(), batch.size()));
  if (!header) return header;
  if (auto read = read_statistics_length(batch, *header); !read)
    return tl::unexpected(read.error());
  return header;
}

void append_header(std::vector<std::byte>& out, const LogBatchHeader& header) {
  append_le(out, header.base_offset);
  append_le(out, header.length);
  append_le(out, header.magic);
  append_le(out, header.commit_timestamp);
  append_le(out, header.crc);
  append_le(out, header.schema_id);
  append_le(out, header.attributes);
  append_le(out, header.last_offset_delta);
  append_le(out, header.writer.value());
  append_le(out, header.batch_sequence);
  append_le(out, header.record_count);
  if (header.magic == magic_statistics) append_le(out, header.statistics_length);
}

void seal_crc(std::vector<std::byte>& batch) {
  CHECK(batch.size() >= log_batch_header_size);
  store_le(batch.data() + at_crc, crc32c_of(Bytes(batch).subspan(at_schema_id)));
}

Buffer finish_batch(std::vector<std::byte> batch, LogBatchHeader header) {
  CHECK(batch.size() >= log_batch_header_size);
  CHECK(batch.size() <= log_batch_size_max);
  header.length = static_cast<std::int32_t>(batch.size() - length_field_end);
  std::vector<std::byte> front;
  append_header(front, header);
  std::ranges::copy(front, batch.begin());
  seal_crc(batch);
  return Buffer::from(std::move(batch));
}

Status verify_crc(Bytes whole_batch) {
  auto header = parse_whole_batch(whole_batch);
  if (!header) return tl::unexpected(header.error());
  const std::uint32_t actual = crc32c_of(whole_batch.subspan(at_schema_id));
  if (actual != header->crc)
    return fail(Errc::corrupt,
                fmt::format("log batch checksum differs: stored {:08x}, actual {:08x}", header->crc,
                            actual));
  return {};
}

Result<std::vector<Buffer>> split_batches(const Buffer& records) {
  std::vector<Buffer> batches;
  BatchCursor cursor(records);
  while (true) {
    auto batch = cursor.next();
    if (!batch) return tl::unexpected(batch.error());
    if (!*batch) break;
    batches.push_back((*batch)->bytes);
  }
  if (cursor.position() != records.size())
    return fail(Errc::malformed, fmt::format("records end within a log batch: {} bytes left over",
                                             records.size() - cursor.position()));
  return batches;
}

Result<std::optional<LogBatch>> BatchCursor::next() {
  const Bytes rest = records_.bytes().subspan(position_);
  if (rest.size() < log_batch_header_size) return std::nullopt;
  auto header = parse_header(rest);
  if (!header) return wrap(header.error(), fmt::format("batch at byte {}", position_));
  const std::size_t size = header->size();
  if (size > rest.size()) return std::nullopt;
  LogBatch batch{*header, records_.slice(position_, size)};
  if (auto read = read_statistics_length(batch.bytes.bytes(), batch.header); !read)
    return wrap(read.error(), fmt::format("batch at byte {}", position_));
  position_ += size;
  return batch;
}

std::vector<Buffer> stamp(const Buffer& batch, Offset base, EpochMillis timestamp) {
  CHECK(batch.size() >= log_batch_header_size);
  CHECK(base >= 0);
  const Bytes source = batch.bytes().first(log_batch_header_size);
  std::vector<std::byte> header(source.begin(), source.end());
  store_le(header.data() + at_base_offset, base);
  store_le(header.data() + at_timestamp, timestamp);
  std::vector<Buffer> pieces{Buffer::from(std::move(header))};
  if (batch.size() > log_batch_header_size)
    pieces.push_back(batch.slice(log_batch_header_size, batch.size() - log_batch_header_size));
  return pieces;
}

Buffer signed_by(const Buffer& batch, WriterId writer, std::int32_t sequence) {
  CHECK(batch.size() >= log_batch_header_size);
  std::vector<std::byte> copy(batch.bytes().begin(), batch.bytes().end());
  store_le(copy.data() + at_writer, writer.value());
  store_le(copy.data() + at_sequence, sequence);
  seal_crc(copy);
  return Buffer::from(std::move(copy));
}

Result<std::vector<ChangeType>> change_types_of(const Buffer& batch) {
  auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  if (header->message_offset() > batch.size())
    return fail(Errc::malformed, "log batch is shorter than its change types");
  std::vector<ChangeType> types;
  if (header->append_only()) return types;
  const auto rows = static_cast<std::size_t>(header->record_count);
  types.reserve(rows);
  for (const std::byte code : batch.bytes().subspan(header->change_types_offset(), rows)) {
    if (std::to_integer<unsigned>(code) > static_cast<unsigned>(ChangeType::remove))
      return fail(Errc::malformed,
                  fmt::format("unknown change type: {}", std::to_integer<unsigned>(code)));
    types.push_back(static_cast<ChangeType>(code));
  }
  return types;
}

std::size_t sum_of(const std::vector<Buffer>& pieces) {
  std::size_t total = 0;
  for (const Buffer& piece : pieces) total += piece.size();
  return total;
}

}  // namespace millrace::protocol
