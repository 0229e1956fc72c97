#pragma once
#include <cstdint>

namespace millrace::scenarios {

// Programs that link this get an `operator new` that can be told to fail. Real memory pressure is
// like that: one action does not get what it asks for, the next one does.

/// From now on this thread's larger allocations are counted, and the one behind so many others
/// throws std::bad_alloc, once.
void let_allocation_fail_after(std::uint64_t allocations);
/// All succeed again. Returns whether one has failed.
bool let_allocations_succeed();

}  // namespace millrace::scenarios
