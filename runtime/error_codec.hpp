#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace millrace {

/// An Errc as a number from a message. A number that this release does not know becomes
/// `unavailable`: the caller may retry.
[[nodiscard]] inline Errc errc_from(std::uint16_t number) {
  const auto code = static_cast<Errc>(number);
  return name_of(code) == "unknown" ? Errc::unavailable : code;
}

}  // namespace millrace
