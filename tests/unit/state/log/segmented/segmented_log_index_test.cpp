#include <gtest/gtest.h>

#include <algorithm>

#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;
using test::TestBatch;

const std::string folder = "log/7/0";

/// Rows may hold anything, also what looks like the start of a batch.
TEST(SegmentedLogIndex, LeadsToBytesLikeABatchAndCostsNoRows) {
  SimulatedDisk disk{Random(1)};
  std::unique_ptr<SegmentedLog> log;
  const auto open = [&] {
    log.reset();
    auto opened =
        SegmentedLog::open(disk, folder, {.segment_bytes = 1 << 20, .index_interval_bytes = 300});
    ASSERT_TRUE(opened) << opened.error().message;
    log = std::move(*opened);
  };
  const auto read = [&](Offset from, Offset limit) {
    auto found = log->read(from, limit, 1 << 20);
    return found ? std::string(found->text()) : "error: " + found.error().message;
  };
  const std::string index = segment_path({folder, 0, 0}, ".index");
  open();
  std::string all;
  for (int i = 0; i < 10; ++i) {
    TestBatch batch = make_batch({.base = log->end_offset(), .rows = 5, .timestamp = 1000});
    const std::string decoy = make_batch({.base = 2, .timestamp = 7, .body_bytes = 12}).bytes;
    std::vector<std::byte> bytes(bytes_of(batch.bytes).begin(), bytes_of(batch.bytes).end());
    const Bytes header = bytes_of(decoy).first(protocol::log_batch_header_size);
    std::copy(header.begin(), header.end(), bytes.begin() + 64);
    protocol::seal_crc(bytes);
    batch.bytes = std::string(text_of(bytes));
    ASSERT_TRUE(log->append({stamped(batch)}));
    all += batch.bytes;
  }
  ASSERT_TRUE(log->sync());
  const auto entries = disk.bytes_at(index).size() / OffsetIndexEntry::size_bytes;
  ASSERT_GT(entries, 1U);
  for (std::size_t entry = 0; entry < entries; ++entry) {
    SCOPED_TRACE(entry);
    const std::uint64_t lowest_byte = (entry + 1) * OffsetIndexEntry::size_bytes - 1;
    for (const bool opens : {false, true}) {
      disk.flip_bit(index, lowest_byte, 6);  // 64 bytes on, or back.
      if (opens) open();
      for (Offset offset = 0; offset < 50; offset += 5) {
        EXPECT_EQ(read(offset, offset + 5).size(), all.size() / 10);
      }
      EXPECT_EQ(read(0, 50), all);
      EXPECT_TRUE(log->take_damage().empty());
      open();
      ASSERT_TRUE(log->sync());
    }
  }
}

}  // namespace
}  // namespace millrace
