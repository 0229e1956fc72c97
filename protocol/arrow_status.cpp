#include "protocol/arrow_status.hpp"

#include <arrow/status.h>

namespace millrace::protocol {

Error error_of(const arrow::Status& status) {
  const bool is_too_much = status.IsOutOfMemory() || status.IsCapacityError();
  return {is_too_much ? Errc::overloaded : Errc::malformed, "arrow: " + status.message()};
}

Status from_status(const arrow::Status& status) {
  if (status.ok()) return {};
  return tl::unexpected(error_of(status));
}

}  // namespace millrace::protocol
