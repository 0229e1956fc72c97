#include "apps/config/listener.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include "apps/config/value_text.hpp"

namespace millrace {
namespace {

constexpr std::string_view shape = "expected host:port or NAME://host:port";

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
}

bool is_host_letter(char letter) { return is_name_letter(letter) || letter == ':'; }

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return fail(Errc::malformed, fmt::format("bad port, {}", shape));
  }
  return port;
}

// True for four numbers below 256 between dots, the first of them 127.
bool is_loopback_ipv4(std::string_view host) {
  int parts = 0;
  for (std::string_view rest = host;; ++parts) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    std::uint8_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part.empty() || error != std::errc{} || end != part.data() + part.size()) return false;
    if (parts == 0 && number != 127) return false;
    if (part.size() == rest.size()) return parts == 3;
    rest.remove_prefix(part.size() + 1);
  }
}

}  // namespace

Result<Listener> parse_listener(std::string_view text) {
  Listener listener;
  text = trimmed(text);
  if (const auto mark = text.find("://"); mark != std::string_view::npos) {
    listener.name = text.substr(0, mark);
    if (listener.name.empty() || !std::ranges::all_of(listener.name, is_name_letter)) {
      return fail(Errc::malformed, fmt::format("bad listener name, {}", shape));
    }
    text.remove_prefix(mark + 3);
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Errc::malformed, fmt::format("port is missing, {}", shape));
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > 255 || !std::ranges::all_of(host, is_host_letter) ||
      (!bracketed && host.find(':') != std::string_view::npos)) {
    return fail(Errc::malformed, fmt::format("bad host, {}", shape));
  }
  listener.host = host;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return tl::unexpected(port.error());
  listener.port = *port;
  return listener;
}

Result<std::vector<Listener>> parse_listeners(std::string_view text) {
  std::vector<Listener> listeners;
  for (const std::string& part : parse_list(text)) {
    auto listener = parse_listener(part);
    if (!listener) return tl::unexpected(listener.error());
    const auto same_name = [&](const Listener& other) { return other.name == listener->name; };
    if (std::ranges::any_of(listeners, same_name)) {
      return fail(Errc::malformed, "listener name comes twice");
    }
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

std::string address_text(const Listener& listener) {
  const bool ipv6 = listener.host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", listener.host, listener.port)
              : fmt::format("{}:{}", listener.host, listener.port);
}

std::string to_string(const Listener& listener) {
  if (listener.name.empty()) return address_text(listener);
  return listener.name + "://" + address_text(listener);
}

std::string to_string(const std::vector<Listener>& listeners) {
  std::string text;
  for (const Listener& listener : listeners) {
    if (!text.empty()) text += ',';
    text += to_string(listener);
  }
  return text;
}

bool is_loopback(const Listener& listener) {
  return lower_case(listener.host) == "localhost" || listener.host == "::1" ||
         is_loopback_ipv4(listener.host);
}

}  // namespace millrace
