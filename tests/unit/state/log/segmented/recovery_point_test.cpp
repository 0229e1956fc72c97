#include "state/log/segmented/recovery_point.hpp"

#include <gtest/gtest.h>

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
    EXPECT_FALSE(parse_recovery_point(bytes)) << i;
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

}  // namespace
}  // namespace millrace
