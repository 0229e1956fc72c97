#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/buffer.hpp"

namespace millrace {

/// A file of bytes that Fluss wrote.
inline Buffer golden_file(const std::string& name) {
  std::ifstream file(std::string(MILLRACE_GOLDEN_DIR) + "/fluss/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return Buffer::from(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace millrace
