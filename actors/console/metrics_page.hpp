#pragma once
#include <string>
#include <vector>

#include "actors/console/console_source.hpp"
#include "actors/console/http_message.hpp"

namespace millrace {

/// What a Prometheus server scrapes. Base units, `_total` on counters, and label values that are
/// bounded: actors are added up by kind, the part of the name before the first slash. The counts of
/// an actor that is forgotten leave its kind's sum, which a reader of rates sees as a restart.
[[nodiscard]] HttpResponse metrics_page(const NodeFacts& node,
                                        const std::vector<ActorFacts>& actors,
                                        const std::vector<BudgetFacts>& budgets,
                                        const ClusterView& view);

}  // namespace millrace
