#include <gtest/gtest.h>

#include "base/endian.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/projection.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

// Damaged batches: whatever the bytes are, reading them ends in rows or in an error. Run under the
// address sanitizer this also shows that nothing is read outside of the batch: each one is a heap
// block of exactly its size.

namespace millrace::protocol {
namespace {

/// Reads `bytes` in every way there is. Counts what still passes, so that a test can tell whether
/// its damage was too mild or too crude to prove anything.
int read_all_ways(std::vector<std::byte> bytes, const Schema& schema, const ProjectionPlan& plan) {
  int passed = 0;
  const Buffer batch = Buffer::from(std::move(bytes));
  passed += verify_crc(batch.bytes()).has_value() ? 1 : 0;
  passed += split_batches(batch).has_value() ? 1 : 0;
  passed += change_types_of(batch).has_value() ? 1 : 0;
  passed += check_batch(batch, BatchLayout(schema)).has_value() ? 1 : 0;
  if (auto rows = decode_batch(batch, to_arrow(schema))) {
    passed += 1;
    EXPECT_TRUE((*rows)->ValidateFull().ok());
  }
  auto pieces = project(batch, plan);
  if (!pieces) return passed;
  passed += 1;
  std::vector<std::byte> joined;
  for (const Buffer& piece : *pieces) {
    const Bytes part = piece.bytes();
    joined.insert(joined.end(), part.begin(), part.end());
  }
  const Buffer projected = Buffer::from(std::move(joined));
  EXPECT_TRUE(parse_whole_batch(projected.bytes()).has_value());
  passed += decode_batch(projected, to_arrow(schema, plan.fields())).has_value() ? 1 : 0;
  return passed;
}

struct Sample {
  Schema schema;
  std::vector<std::byte> bytes;
};

Sample random_sample(Random& random) {
  Schema schema = random_schema(random);
  const auto rows = random_rows(schema, 1 + random.below(20), random);
  constexpr CompressionType types[] = {CompressionType::none, CompressionType::lz4_frame,
                                       CompressionType::zstd};
  const Buffer batch =
      encode_batch(*rows, {.compression = {.type = types[random.below(3)]}}).value();
  const Bytes bytes = batch.bytes();
  return {std::move(schema), {bytes.begin(), bytes.end()}};
}

/// A few bits, bytes or words of the batch become others.
void damage(std::vector<std::byte>& bytes, Random& random) {
  // Half of the hits go where the header and the metadata are: the body is mostly values.
  for (std::uint64_t hits = 1 + random.below(3); hits > 0; --hits) {
    const std::size_t reach =
        random.chance(1, 2) ? std::min<std::size_t>(bytes.size(), 400) : bytes.size();
    const std::size_t at = random.below(reach);
    switch (random.below(3)) {
      case 0:
        bytes[at] ^= std::byte{1} << random.below(8);
        break;
      case 1:
        bytes[at] = static_cast<std::byte>(random.below(256));
        break;
      default:
        if (at + 8 <= bytes.size())
          store_le(bytes.data() + at, static_cast<std::int64_t>(random.next() >> random.below(64)));
    }
  }
}

/// Cuts or extends the batch; sometimes the header is made to agree.
void resize(std::vector<std::byte>& bytes, Random& random) {
  bytes.resize(random.chance(1, 4) ? bytes.size() + random.below(20)
                                   : random.below(bytes.size() + 1));
  if (bytes.size() >= log_batch_header_size && random.chance(1, 2))
    store_le(bytes.data() + 8, static_cast<std::int32_t>(bytes.size() - length_field_end));
}

TEST(BatchMutation, DamagedBatchesEndInRowsOrInAnError) {
  int passed = 0;
  int tried = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Sample sample = random_sample(random);
    const auto last = static_cast<std::int32_t>(sample.schema.columns.size() - 1);
    const auto plan = ProjectionPlan::make(sample.schema, std::vector<std::int32_t>{last}).value();
    for (int round = 0; round < 60; ++round) {
      std::vector<std::byte> bytes = sample.bytes;
      damage(bytes, random);
      if (random.chance(1, 4)) resize(bytes, random);
      if (bytes.size() >= log_batch_header_size && random.chance(1, 2)) seal_crc(bytes);
      passed += read_all_ways(std::move(bytes), sample.schema, plan);
      tried += 7;
    }
  }
  EXPECT_GT(passed, tried / 10);
  EXPECT_LT(passed, tried * 9 / 10);
}

TEST(BatchMutation, EveryTruncationIsAnError) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Sample sample = random_sample(random);
    const auto plan = ProjectionPlan::make(sample.schema, std::vector<std::int32_t>{0}).value();
    for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
      std::vector<std::byte> bytes(sample.bytes.begin(),
                                   sample.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const int passed = read_all_ways(std::move(bytes), sample.schema, plan);
      ASSERT_EQ(passed, size == 0 ? 1 : 0) << size;  // No bytes are no batches to split.
    }
  }
}

TEST(BatchMutation, BytesOfAnotherSchemaEndInRowsOrInAnError) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Sample sample = random_sample(random);
    const Schema other = random_schema(random);
    const auto plan = ProjectionPlan::make(other, std::vector<std::int32_t>{0}).value();
    (void)read_all_ways(sample.bytes, other, plan);
  }
}

}  // namespace
}  // namespace millrace::protocol
