#include "apps/agent/preferred_ports.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "apps/config/listener.hpp"

namespace millrace {
namespace {

std::uint16_t first_port(std::string_view listeners) {
  const auto parsed = parse_listeners(listeners);
  return parsed && !parsed->empty() ? parsed->front().port : std::uint16_t{0};
}

// Reads `name=port` at the front of `text` and removes it with the comma behind it.
bool take_port(std::string_view& text, std::string_view name, std::uint16_t& port) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_string(const PreferredPorts& ports) {
  std::string text = fmt::format("client={},link={},http={}", ports.client, ports.link, ports.http);
  if (ports.further_clients.empty()) return text;
  return text + fmt::format(",further={}", fmt::join(ports.further_clients, "/"));
}

Result<PreferredPorts> parse_preferred_ports(std::string_view text) {
  PreferredPorts ports;
  const std::string_view whole = text;
  const bool taken = take_port(text, "client=", ports.client) &&
                     take_port(text, "link=", ports.link) && take_port(text, "http=", ports.http);
  for (std::string_view mark = "further="; taken && text.starts_with(mark); mark = "/") {
    if (!take_port(text, mark, ports.further_clients.emplace_back())) break;
  }
  if (!taken || to_string(ports) != whole) {
    return fail(Errc::malformed, "expected client=PORT,link=PORT,http=PORT[,further=PORT/...]");
  }
  return ports;
}

PreferredPorts ports_of(const Member& member) {
  PreferredPorts ports{first_port(member.client_listeners), first_port(member.link_listener),
                       first_port(member.http_listener)};
  const auto clients = parse_listeners(member.client_listeners);
  for (std::size_t i = 1; clients && i < clients->size(); ++i) {
    ports.further_clients.push_back((*clients)[i].port);
  }
  return ports;
}

PreferredPorts preferred_ports_of_process() {
  const char* text = std::getenv(preferred_ports_variable);
  if (text == nullptr) return {};
  return parse_preferred_ports(text).value_or(PreferredPorts{});
}

}  // namespace millrace
