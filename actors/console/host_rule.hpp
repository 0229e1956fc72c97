#pragma once
#include <string>
#include <string_view>

namespace millrace {

/// Whether a request for `host` (a Host field, with or without a port) is meant for a console that
/// listens on `bound_host`.
///
/// A page of any web site can point its own name at 127.0.0.1 and then read what answers there as
/// if it were its own server (DNS rebinding); the Host field still carries that name. So only names
/// that cannot be pointed elsewhere are accepted: loopback ones, the bound host itself, and, when
/// bound to every address of the machine, plain addresses.
[[nodiscard]] bool is_expected_host(std::string_view host, std::string_view bound_host);

}  // namespace millrace
