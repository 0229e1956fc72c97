#include "state/log/segmented/log_start.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

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
    const auto parsed = parse_log_start(bytes);
    ASSERT_FALSE(parsed) << i;
    EXPECT_EQ(parsed.error().code, Errc::corrupt) << i;  // Never taken for a newer format.
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

TEST(LogStart, ANewerFormatIsNoDamage) {
  std::vector<std::byte> bytes = encode(start);
  bytes[7] = std::byte{2};
  bytes.resize(bytes.size() - 4);
  bytes.push_back(std::byte{9});  // A field that is not known here.
  append_be(bytes, crc32c_of(bytes));
  EXPECT_EQ(parse_log_start(bytes).error().code, Errc::malformed);
}

}  // namespace
}  // namespace millrace
