#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/agent/agent_message.hpp"
#include "base/result.hpp"

namespace millrace {

/// Holds the ports of a node's last start in the environment of its next one.
inline constexpr const char* preferred_ports_variable = "MILLRACE_PREFER_PORTS";

/// Ports that a node should take where its configuration says zero, so that clients find it again
/// after a restart. Zero is no preference; a port that is taken falls back to one from the kernel.
struct PreferredPorts {
  std::uint16_t client = 0;  ///< Of the first client listener.
  std::uint16_t link = 0;
  std::uint16_t http = 0;
  std::vector<std::uint16_t> further_clients = {};  ///< Of the client listeners behind the first.

  friend bool operator==(const PreferredPorts&, const PreferredPorts&) = default;
};

/// `client=41001,link=41002,http=41003`, and `,further=41004/41005` where there are such.
[[nodiscard]] std::string to_string(const PreferredPorts& ports);

/// Errors: malformed for anything that to_string would not write.
[[nodiscard]] Result<PreferredPorts> parse_preferred_ports(std::string_view text);

/// The ports that a node has now, as far as its listeners can be read.
[[nodiscard]] PreferredPorts ports_of(const Member& member);

/// What the environment of this process asks for; no preference when it says nothing readable.
[[nodiscard]] PreferredPorts preferred_ports_of_process();

}  // namespace millrace
