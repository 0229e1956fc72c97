#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace millrace {

/// Checks that `path` stays inside its data directory: relative, '/' between parts, no empty, "."
/// or ".." part, no NUL. "" is the directory itself. Errors: malformed.
[[nodiscard]] Status check_path(std::string_view path);

/// The folder that holds `path`; "" for a name at the top.
[[nodiscard]] std::string folder_of(std::string_view path);

}  // namespace millrace
