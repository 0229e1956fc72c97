#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "tests/fuzz/fuzz_target.hpp"

// libFuzzer's entry points. `fuzz_NAME --write-seeds=FOLDER` writes the target's seeds and ends;
// for everything else see -help=1.

namespace millrace::fuzz {
namespace {

constexpr std::string_view write_seeds = "--write-seeds=";

/// Named by their position: the same seeds give the same files.
[[nodiscard]] bool write_all_seeds(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::size_t position = 0;
  for (const Buffer& seed : seeds()) {
    std::ofstream file(folder / ("seed-" + std::to_string(position++)), std::ios::binary);
    file << seed.text();
    if (!file.flush()) return false;
  }
  std::printf("%zu seeds\n", position);
  return position > 0;
}

}  // namespace
}  // namespace millrace::fuzz

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  // Outside of a test an EXPECT that fails would only print.
  GTEST_FLAG_SET(throw_on_failure, true);
  for (int i = 1; i < *count; ++i) {
    const std::string_view argument = (*arguments)[i];
    if (!argument.starts_with(millrace::fuzz::write_seeds)) continue;
    const bool written =
        millrace::fuzz::write_all_seeds(argument.substr(millrace::fuzz::write_seeds.size()));
    std::exit(written ? 0 : 1);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  millrace::fuzz::decode(millrace::Buffer::copy_of({first, size}));
  return 0;
}
