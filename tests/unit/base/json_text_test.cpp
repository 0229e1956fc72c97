#include "base/json_text.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(JsonText, BytesThatAreNoUtf8BecomeTheReplacementMark) {
  EXPECT_EQ(json_quoted("\xc3\xa4\xff"), "\"\xc3\xa4\\ufffd\"");
  EXPECT_EQ(json_quoted("\xe0\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\"") << "overlong";
  EXPECT_EQ(json_quoted("\xc3"), "\"\\ufffd\"") << "cut short";
  EXPECT_EQ(json_quoted(std::string_view("\0\x1f", 2)), "\"\\u0000\\u001f\"");
}

}  // namespace
}  // namespace millrace
