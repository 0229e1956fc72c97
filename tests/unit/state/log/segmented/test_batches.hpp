#pragma once
#include <string>
#include <vector>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "base/random.hpp"
#include "protocol/log_batch.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace::test {

/// A valid batch with a body of its own; the log never looks into bodies.
struct TestBatch {
  BatchSummary summary;
  std::string bytes;
  friend bool operator==(const TestBatch&, const TestBatch&) = default;
};

struct BatchShape {
  Offset base = 0;
  std::int32_t rows = 1;
  EpochMillis timestamp = 0;
  std::size_t body_bytes = 100;
  WriterId writer = no_writer;
  std::int32_t sequence = -1;
};

[[nodiscard]] inline TestBatch make_batch(const BatchShape& shape, std::uint64_t salt = 0) {
  protocol::LogBatchHeader header;
  const std::size_t body = shape.rows == 0 ? 0 : shape.body_bytes;
  header.base_offset = shape.base;
  header.length = static_cast<std::int32_t>(protocol::log_batch_header_size + body - 12);
  header.commit_timestamp = shape.timestamp;
  header.schema_id = 1;
  header.attributes = 1;
  header.last_offset_delta = shape.rows == 0 ? 0 : shape.rows - 1;
  header.writer = shape.writer;
  header.batch_sequence = shape.sequence;
  header.record_count = shape.rows;
  std::vector<std::byte> bytes;
  protocol::append_header(bytes, header);
  Random random(salt ^ static_cast<std::uint64_t>(shape.base));
  for (std::size_t i = 0; i < body; ++i) {
    bytes.push_back(static_cast<std::byte>(random.below(256)));
  }
  constexpr std::size_t at_crc = 21;
  store_le(bytes.data() + at_crc, crc32c_of(Bytes(bytes).subspan(at_crc + 4)));
  return {.summary = {.base = shape.base,
                      .last = header.last_offset(),
                      .timestamp = shape.timestamp,
                      .writer = shape.writer,
                      .sequence = shape.sequence},
          .bytes = std::string(text_of(bytes))};
}

/// As a leader hands it on: the header apart from the body.
[[nodiscard]] inline StampedBatch stamped(const TestBatch& batch) {
  const Buffer whole = Buffer::from(batch.bytes);
  return {batch.summary, protocol::stamp(whole, batch.summary.base, batch.summary.timestamp)};
}

[[nodiscard]] inline std::vector<StampedBatch> stamped(const std::vector<TestBatch>& batches) {
  std::vector<StampedBatch> all;
  for (const TestBatch& batch : batches) all.push_back(stamped(batch));
  return all;
}

}  // namespace millrace::test
