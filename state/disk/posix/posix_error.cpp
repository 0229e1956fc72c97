#include "state/disk/posix/posix_error.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace millrace {
namespace {

struct Meaning {
  Errc code;
  std::string_view text;
};

Meaning meaning_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return {Errc::overloaded, "disk full"};
    case EMFILE:
    case ENFILE:
      return {Errc::overloaded, "too many open files"};
    case ENOMEM:
      return {Errc::overloaded, "out of memory"};
    case ENOENT:
    case ENOTDIR:
      return {Errc::malformed, "does not exist"};
    case EISDIR:
    case ENAMETOOLONG:
      return {Errc::malformed, "not a file name"};
    default:
      return {Errc::unavailable, "disk failed"};
  }
}

}  // namespace

tl::unexpected<Error> fail_posix(int error, std::string_view doing, std::string_view path) {
  const Meaning meaning = meaning_of(error);
  std::string message(meaning.text);
  message.append(": ").append(doing).append(" ").append(path).append(": ");
  message += std::generic_category().message(error);
  return fail(meaning.code, std::move(message));
}

}  // namespace millrace
