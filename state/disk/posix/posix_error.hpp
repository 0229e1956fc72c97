#pragma once
#include <string_view>

#include "base/result.hpp"

namespace millrace {

/// The Error that stands for an errno value: "disk full: append log/0/1/x.log: No space left".
[[nodiscard]] tl::unexpected<Error> fail_posix(int error, std::string_view doing,
                                               std::string_view path);

}  // namespace millrace
