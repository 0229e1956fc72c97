#pragma once
#include <cstdint>

#include "scenarios/run.hpp"

namespace millrace::scenarios {

/// W9 beside W1 while the coordinator in office is killed, cut off from the other nodes but not
/// from its store, or paused as well and resumed, and the commit that takes the office goes wrong.
/// Another one takes office and carries commands out; there is one holder per epoch; what was
/// answered is so afterwards; no node's catalog ever goes back.
[[nodiscard]] Outcome depose_coordinator(std::uint64_t seed);

}  // namespace millrace::scenarios
