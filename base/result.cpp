#include "base/result.hpp"

namespace millrace {

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::malformed:
      return "malformed";
    case Errc::stale_epoch:
      return "stale_epoch";
    case Errc::not_leader:
      return "not_leader";
    case Errc::overloaded:
      return "overloaded";
    case Errc::unavailable:
      return "unavailable";
    case Errc::corrupt:
      return "corrupt";
  }
  return "unknown";
}

tl::unexpected<Error> wrap(const Error& error, std::string_view doing) {
  std::string message(doing);
  message += ": ";
  message += error.message;
  return fail(error.code, std::move(message));
}

}  // namespace millrace
