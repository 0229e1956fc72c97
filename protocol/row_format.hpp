#pragma once
#include <cstdint>

namespace millrace::protocol {

/// The two formats that store rows, in logs and in key-value stores. Source: Fluss row formats.
enum class RowFormat : std::uint8_t { indexed, compacted };

}  // namespace millrace::protocol
