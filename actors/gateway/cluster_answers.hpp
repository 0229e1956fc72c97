#pragma once
#include <vector>

#include "actors/gateway/call.hpp"

namespace millrace::gateway {

/// What the cluster is configured with: what this node was started with and, marked as such, what
/// overrides it. Secrets are left out. Source: Fluss DESCRIBE_CLUSTER_CONFIGS v0.
[[nodiscard]] std::vector<Buffer> describe_cluster_configs(const CallContext& context);

/// Where clients find files that servers moved off their disks: nowhere yet, so that they look on
/// the local file system, for which they need no token. Source: Fluss GET_FILESYSTEM_SECURITY_TOKEN
/// v0.
[[nodiscard]] std::vector<Buffer> describe_remote_storage();

/// How many buckets have a leader that is alive. Source: Fluss GET_CLUSTER_HEALTH v0.
[[nodiscard]] std::vector<Buffer> describe_cluster_health(const ClusterView& view);

}  // namespace millrace::gateway
