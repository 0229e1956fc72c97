#pragma once
#include <vector>

#include "actors/console/console_source.hpp"
#include "actors/console/http_message.hpp"

namespace millrace {

// Three questions of whoever watches processes. Each answers 200 or 503 and
// `{"status","checks":[{"name","ok","detail"}]}`; without `verbose` only failed checks are listed.

/// Does this process still answer? If not, restart it. Asks for nothing: the answer is the check.
[[nodiscard]] HttpResponse live_page();

/// Should clients be sent here? It knows the cluster, and the actors that serve clients run.
[[nodiscard]] HttpResponse ready_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                                      const ClusterView& view, bool verbose);

/// Is everything as it should be? Ready, every member alive and every actor of this node running.
[[nodiscard]] HttpResponse health_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                                       const ClusterView& view, bool verbose);

}  // namespace millrace
