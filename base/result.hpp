#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace millrace {

/// What the caller can do about it. Add a code only if some caller would act differently on it.
enum class Errc : std::uint16_t {
  malformed,    ///< The input can never be accepted: tell whoever sent it.
  stale_epoch,  ///< The sender acts on an older epoch or revision: refresh, then decide anew.
  not_leader,   ///< Somebody else decides this: find out who, ask them.
  overloaded,   ///< A bound was reached: come back later, with less.
  unavailable,  ///< A dependency does not answer now: retry.
  corrupt,      ///< Bytes at rest or in flight are damaged: do not use them.
};

/// Stable lower-case name of a code, as it appears in logs and JSON.
[[nodiscard]] std::string_view name_of(Errc code);

struct Error {
  Errc code = Errc::malformed;
  std::string message;  ///< Constant text first, values last. Never a secret, never a whole row.

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// An error as a value that converts to any Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes an error on with what was being done in front: "open bucket 7: segment 42: bad magic".
[[nodiscard]] tl::unexpected<Error> wrap(const Error& error, std::string_view doing);

}  // namespace millrace
