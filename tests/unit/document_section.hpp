#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace millrace::test {

/// A part of a document that is made from the code stands between two lines:
///     <!-- begin NAME -->
///     <!-- end NAME -->
/// Fails the test when it is not `expected`. With MILLRACE_WRITE_DOCS set it is written instead.
inline void expect_section(const std::string& document, const std::string& name,
                           const std::string& expected) {
  const std::filesystem::path path =
      std::filesystem::path(MILLRACE_GOLDEN_DIR) / "../../docs" / document;
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  std::string text = content.str();
  const std::string begin = "<!-- begin " + name + " -->\n";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find("<!-- end " + name + " -->");
  ASSERT_NE(from, std::string::npos) << path << " has no section " << name;
  ASSERT_NE(to, std::string::npos) << path << " has no end of section " << name;
  const std::size_t inside = from + begin.size();
  if (std::getenv("MILLRACE_WRITE_DOCS") != nullptr) {
    text.replace(inside, to - inside, expected);
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(text.substr(inside, to - inside), expected)
      << document << " differs from the code: run this test again with MILLRACE_WRITE_DOCS=1";
}

}  // namespace millrace::test
