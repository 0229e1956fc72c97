#include "actors/console/health_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "actors/console/page_json.hpp"

namespace millrace {
namespace {

struct HealthCheck {
  std::string name;
  bool ok = false;
  std::string detail;
};

struct StatusNames {
  const char* good;
  const char* bad;
};

HttpResponse answer(const std::vector<HealthCheck>& checks, StatusNames names, bool verbose) {
  const bool good = std::all_of(checks.begin(), checks.end(), [](const auto& c) { return c.ok; });
  Json page;
  page["status"] = good ? names.good : names.bad;
  Json& list = page["checks"] = Json::array();
  for (const HealthCheck& check : checks) {
    if (check.ok && !verbose) continue;
    Json entry;
    entry["name"] = check.name;
    entry["ok"] = check.ok;
    entry["detail"] = check.detail;
    list.push_back(std::move(entry));
  }
  return {good ? 200 : 503, "application/json", text_of(page)};
}

std::vector<HealthCheck> readiness(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                                   const ClusterView& view) {
  const auto alive = std::count_if(view.members.begin(), view.members.end(),
                                   [](const auto& member) { return member.second.alive; });
  std::vector<HealthCheck> checks;
  checks.push_back({"cluster_view", view.revision > Revision{} || alive > 0,
                    fmt::format("revision {}, {} of {} members alive", view.revision.value(), alive,
                                view.members.size())});
  for (const std::string& name : node.required_actors) {
    const auto found = std::find_if(actors.begin(), actors.end(),
                                    [&](const ActorFacts& actor) { return actor.name == name; });
    HealthCheck check{"actor " + name, found != actors.end() && found->running, "running"};
    if (!check.ok) check.detail = found == actors.end() ? "not there" : "not running";
    checks.push_back(std::move(check));
  }
  return checks;
}

/// At most three names, so that a lost rack does not make a page of them.
template <class Range, class IsBad, class NameOf>
HealthCheck none_bad(std::string name, const Range& range, IsBad is_bad, NameOf name_of) {
  constexpr std::size_t names_max = 3;
  std::size_t count = 0;
  std::string names;
  for (const auto& one : range) {
    if (!is_bad(one)) continue;
    if (count++ < names_max) names += (names.empty() ? ": " : ", ") + name_of(one);
  }
  return {std::move(name), count == 0, fmt::format("{} are not{}", count, names)};
}

}  // namespace

HttpResponse live_page() { return answer({}, {"live", "dead"}, true); }

HttpResponse ready_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                        const ClusterView& view, bool verbose) {
  return answer(readiness(node, actors, view), {"ready", "not_ready"}, verbose);
}

HttpResponse health_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                         const ClusterView& view, bool verbose) {
  auto checks = readiness(node, actors, view);
  checks.push_back(none_bad(
      "members_alive", view.members, [](const auto& member) { return !member.second.alive; },
      [](const auto& member) { return "node " + to_string(member.first); }));
  checks.push_back(none_bad(
      "actors_running", actors, [](const ActorFacts& actor) { return !actor.running; },
      [](const ActorFacts& actor) { return actor.name; }));
  return answer(checks, {"healthy", "unhealthy"}, verbose);
}

}  // namespace millrace
