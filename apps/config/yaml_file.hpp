#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/setting.hpp"
#include "base/result.hpp"

namespace millrace {

/// The settings of a YAML text: dotted keys, nested maps, or both; a list becomes a comma-separated
/// value. `path` is what sources are called. Errors: malformed, with the line, for anything else
/// and for a key that comes twice. At most 4096 values, 16 levels. Source: Fluss server.yaml, which
/// has the dotted keys only.
[[nodiscard]] Result<std::vector<Setting>> parse_server_yaml(const std::string& text,
                                                             std::string_view path);

/// The same of a file of at most 1 MiB. Errors: unavailable when it cannot be read.
[[nodiscard]] Result<std::vector<Setting>> read_server_yaml(const std::filesystem::path& path);

}  // namespace millrace
