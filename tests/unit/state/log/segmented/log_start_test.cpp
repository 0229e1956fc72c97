#include "state/log/segmented/log_start.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

const LogStart start{
    .offset = 4711,
    .max_timestamp = 99,
    .writers = {
        {.base = 3, .last = 8, .timestamp = 50, .writer = WriterId{7}, .sequence = 1},
        {.base = 9, .last = 9, .timestamp = 99, .writer = WriterId{2}, .sequence = 2147483647}}};

TEST(LogStart, ComesBackAsWritten) {
  EXPECT_EQ(*parse_log_start(encode(start)), start);
  EXPECT_EQ(*parse_log_start(encode(LogStart{})), LogStart{});
}

TEST(LogStart, EveryFlippedBitIsNoticed) {
  std::vector<std::byte> bytes = encode(start);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    const std::byte mask{static_cast<unsigned char>(1U << (i % 8))};
    bytes[i / 8] ^= mask;
    EXPECT_FALSE(parse_log_start(bytes)) << i;
    bytes[i / 8] ^= mask;
  }
}

TEST(LogStart, AnyOtherLengthIsDamage) {
  std::vector<std::byte> bytes = encode(start);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_log_start(Bytes(bytes).first(size)).error().code, Errc::corrupt);
  }
  bytes.push_back(std::byte{0});
  EXPECT_EQ(parse_log_start(bytes).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace millrace
