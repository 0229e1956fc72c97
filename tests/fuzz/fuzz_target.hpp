#pragma once
#include <vector>

#include "base/buffer.hpp"

// A fuzz target is one file that defines these two functions; fuzz_main.cpp calls them. What a
// decoder promises of every input is said with CHECK or with the EXPECT of Google Test: either ends
// the program, and libFuzzer keeps the input.

namespace millrace::fuzz {

/// Feeds one input to the decoder. `input` is a heap block of exactly its size, so that reading
/// past its end is seen.
void decode(const Buffer& input);

/// Inputs that are in order. They are where the search begins.
[[nodiscard]] std::vector<Buffer> seeds();

}  // namespace millrace::fuzz
