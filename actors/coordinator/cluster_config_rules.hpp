#pragma once
#include <string_view>
#include <vector>

#include "protocol/alteration.hpp"
#include "protocol/error_code.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace::coordinator {

/// What `changes`, one after the other, come to when `current` is overridden already; what stays
/// as it is is left out. Errors, for all of them together: config_exception (a key that cannot be
/// changed while the cluster runs, a value it cannot have, an operation it does not know).
/// Source: Fluss ALTER_CLUSTER_CONFIGS v0 and the dynamic keys of server 1.0.0.
[[nodiscard]] protocol::Outcome<ClusterConfigsChanged> changed_configs(
    const protocol::Properties& current, const std::vector<protocol::ConfigChange>& changes);

/// Whether this build goes by a key that can be changed.
[[nodiscard]] bool has_effect(std::string_view dynamic_key);

}  // namespace millrace::coordinator
