#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace millrace {

/// Where a server listens, or says that it can be reached.
struct Listener {
  std::string name;        ///< `FLUSS` in `FLUSS://host:9123`; empty for a bare `host:port`.
  std::string host;        ///< A name or an address; an IPv6 address comes without its brackets.
  std::uint16_t port = 0;  ///< Zero lets the kernel choose.

  friend bool operator==(const Listener&, const Listener&) = default;
};

/// `NAME://host:port` or `host:port`; IPv6 addresses in brackets.
[[nodiscard]] Result<Listener> parse_listener(std::string_view text);

/// Comma-separated listeners. Errors: malformed for a bad part and for a name that comes twice.
/// Source: Fluss bind.listeners.
[[nodiscard]] Result<std::vector<Listener>> parse_listeners(std::string_view text);

/// `host:port`, with brackets around an IPv6 address.
[[nodiscard]] std::string address_text(const Listener& listener);

/// The address with `NAME://` in front when there is a name.
[[nodiscard]] std::string to_string(const Listener& listener);
[[nodiscard]] std::string to_string(const std::vector<Listener>& listeners);

/// True for `localhost`, 127.0.0.0/8 and ::1: what other machines cannot reach.
[[nodiscard]] bool is_loopback(const Listener& listener);

}  // namespace millrace
