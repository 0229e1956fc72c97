#include "actors/console/host_rule.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::string_view digits = "0123456789";

/// Without port and brackets, in lower case; empty if it is no host.
std::string bare_host(std::string_view host) {
  std::string_view name = host;
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return {};
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
  } else if (const std::size_t colon = host.find(':'); colon == host.rfind(':')) {
    name = host.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : host.substr(colon);
  }  // Else a bare IPv6 address, as configurations write it.
  if (!port.empty()) {
    if (port.front() != ':') return {};
    if (port.find_first_not_of(digits, 1) != std::string_view::npos) return {};
  }
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

bool is_ipv4(std::string_view name) {
  int parts = 0;
  for (;;) {
    const std::size_t end = std::min(name.find('.'), name.size());
    const std::string_view part = name.substr(0, end);
    if (part.empty() || part.size() > 3) return false;
    if (part.find_first_not_of(digits) != std::string_view::npos) return false;
    ++parts;
    if (end == name.size()) return parts == 4;
    name.remove_prefix(end + 1);
  }
}

/// No name has a colon, so this much tells an address from one.
bool is_ipv6(std::string_view name) {
  return name.find(':') != std::string_view::npos &&
         name.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

bool is_every_address(std::string_view bound) {
  return bound.empty() || bound == "0.0.0.0" || bound == "::";
}

}  // namespace

bool is_expected_host(std::string_view host, std::string_view bound_host) {
  const std::string name = bare_host(host);
  if (name.empty()) return false;
  if (name == "localhost" || name == "::1") return true;
  if (is_ipv4(name) && name.starts_with("127.")) return true;
  const std::string bound = bare_host(bound_host);
  if (is_every_address(bound)) return is_ipv4(name) || is_ipv6(name);
  return name == bound;
}

}  // namespace millrace
