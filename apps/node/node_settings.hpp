#pragma once
#include "apps/agent/preferred_ports.hpp"
#include "apps/assembly/node_assembly.hpp"
#include "apps/config/configuration.hpp"

namespace millrace {

/// What a configuration and the ports of the last start say about a node. Errors: malformed (what
/// is missing, or a listener that cannot be served).
[[nodiscard]] Result<NodeSettings> node_settings_of(const Configuration& configuration,
                                                    const PreferredPorts& preferred);

}  // namespace millrace
