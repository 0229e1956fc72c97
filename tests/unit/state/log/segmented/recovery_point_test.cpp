#include "state/log/segmented/recovery_point.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace millrace {
namespace {

const RecoveryPoint point{
    .segment_base = 100, .offset = 250, .position = 9000, .offset_entries = 3, .time_entries = 2};

TEST(RecoveryPoint, ComesBackAsWritten) { EXPECT_EQ(*parse_recovery_point(encode(point)), point); }

TEST(RecoveryPoint, EveryFlippedBitIsNoticed) {
  std::vector<std::byte> bytes = encode(point);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    const std::byte mask{static_cast<unsigned char>(1U << (i % 8))};
    bytes[i / 8] ^= mask;
    const auto parsed = parse_recovery_point(bytes);
    ASSERT_FALSE(parsed) << i;
    EXPECT_EQ(parsed.error().code, Errc::corrupt) << i;  // Never taken for a newer format.
    bytes[i / 8] ^= mask;
  }
}

TEST(RecoveryPoint, AnyOtherLengthIsDamage) {
  std::vector<std::byte> bytes = encode(point);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_recovery_point(Bytes(bytes).first(size)).error().code, Errc::corrupt);
  }
  bytes.push_back(std::byte{0});
  EXPECT_EQ(parse_recovery_point(bytes).error().code, Errc::corrupt);
}

TEST(RecoveryPoint, ANewerFormatIsNoDamage) {
  std::vector<std::byte> bytes = encode(point);
  bytes[7] = std::byte{2};
  bytes.resize(bytes.size() - 4);
  bytes.push_back(std::byte{9});  // A field that is not known here.
  append_be(bytes, crc32c_of(bytes));
  EXPECT_EQ(parse_recovery_point(bytes).error().code, Errc::malformed);
}

}  // namespace
}  // namespace millrace
