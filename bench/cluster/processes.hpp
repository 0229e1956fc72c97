#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

// What processes of this machine have used, as the kernel counts it.

namespace millrace::bench {

/// "12,34". Errors: malformed.
[[nodiscard]] Result<std::vector<int>> parse_process_ids(std::string_view text);

/// Of all these processes since their start, user and system, in steps of the kernel's clock tick.
/// Errors: unavailable, when one of them has ended.
[[nodiscard]] Result<Duration> processor_time(std::span<const int> processes);

/// Memory of all these processes. Errors: unavailable, when one of them has ended.
[[nodiscard]] Result<std::uint64_t> resident_bytes(std::span<const int> processes);

/// Processor time of this process.
[[nodiscard]] Duration own_processor_time();

}  // namespace millrace::bench
