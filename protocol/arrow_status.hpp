#pragma once
#include <arrow/type_fwd.h>

#include "base/result.hpp"

namespace millrace::protocol {

/// An error of Arrow's as one of ours: overloaded when memory or an array's capacity is at an end,
/// malformed otherwise. Requires an error.
[[nodiscard]] Error error_of(const arrow::Status& status);

/// The same where all may be well.
[[nodiscard]] Status from_status(const arrow::Status& status);

}  // namespace millrace::protocol
