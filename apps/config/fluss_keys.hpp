#pragma once
#include <span>
#include <string_view>

namespace millrace {

/// Server keys of Fluss that have no effect here yet, and families of them (`kv.rocksdb.*`).
/// Source: Fluss 0.9.1 and 1.0 server configuration.
[[nodiscard]] std::span<const std::string_view> keys_without_effect();

}  // namespace millrace
