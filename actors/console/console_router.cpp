#include "actors/console/console_router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "actors/console/console_pages.hpp"
#include "actors/console/health_pages.hpp"
#include "actors/console/host_rule.hpp"
#include "actors/console/http_target.hpp"
#include "actors/console/metrics_page.hpp"

namespace millrace {
namespace {

using Path = std::span<const std::string>;

HttpResponse bad_request(const Error& error) { return error_response(400, error.message); }

HttpResponse json(std::string body) { return {200, "application/json", std::move(body)}; }

bool is(Path path, std::initializer_list<std::string_view> names) {
  return std::equal(path.begin(), path.end(), names.begin(), names.end());
}

bool starts_with(Path path, std::initializer_list<std::string_view> names) {
  return path.size() > names.size() && is(path.first(names.size()), names);
}

bool is_health(Path path) {
  return is(path, {"livez"}) || is(path, {"readyz"}) || is(path, {"healthz"});
}

/// Takes as long for a token that is nearly right as for any other of that length.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) different |= static_cast<unsigned char>(a[i] ^ b[i]);
  return different == 0;
}

std::optional<HttpResponse> refuse(const HttpRequest& request, const HttpTarget& target,
                                   const ConsoleAccess& access) {
  const std::string host = target.authority.empty() ? request.host.value_or("") : target.authority;
  if (request.needs_host && !request.host) return error_response(400, "no Host field");
  const bool without_host = !request.needs_host && !request.host && target.authority.empty();
  if (!without_host && !is_expected_host(host, access.bound_host)) {
    return error_response(403, "this console does not answer to that Host: " + host);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return error_response(405, "only GET and HEAD are offered");
  }
  if (access.token.empty() || is_health(target.segments)) return std::nullopt;
  if (same_secret(request.authorization, "Bearer " + access.token)) return std::nullopt;
  return error_response(401, "the console's token is needed: Authorization: Bearer <token>");
}

HttpResponse answer_actor(Path name_parts, const HttpTarget& target, const ConsoleSource& source) {
  const std::string name = fmt::format("{}", fmt::join(name_parts, "/"));
  if (const auto query = read_query(target, {}); !query) return bad_request(query.error());
  const auto actors = source.actors();
  const auto found = std::find_if(actors.begin(), actors.end(),
                                  [&](const ActorFacts& actor) { return actor.name == name; });
  if (found == actors.end()) return error_response(404, "no such actor on this node: " + name);
  return json(actor_page(source.node(), *found, source.flight_of(name)));
}

HttpResponse answer_table(Path names, const HttpTarget& target, const ConsoleSource& source) {
  const auto query = read_query(target, {"limit", "offset"});
  if (!query) return bad_request(query.error());
  const auto table = source.cluster().catalog.find_table(names[0], names[1]);
  if (!table) return error_response(404, "no such table: " + names[0] + "." + names[1]);
  return json(table_page(*table, *query));
}

HttpResponse answer_health(const HttpTarget& target, const ConsoleSource& source) {
  const auto query = read_query(target, {"verbose"});
  if (!query) return bad_request(query.error());
  if (is(target.segments, {"livez"})) return live_page();
  const auto page = is(target.segments, {"readyz"}) ? ready_page : health_page;
  return page(source.node(), source.actors(), source.cluster(), query->verbose);
}

HttpResponse answer_list(Path path, const HttpTarget& target, const ConsoleSource& source) {
  if (is(path, {"nodes"})) {
    const auto query = read_query(target, {});
    if (!query) return bad_request(query.error());
    return json(nodes_page(source.node(), source.cluster()));
  }
  if (is(path, {"actors"})) {
    const auto query = read_query(target, {"sort", "filter", "limit", "offset"});
    if (!query) return bad_request(query.error());
    return json(actors_page(source.actors(), *query));
  }
  if (is(path, {"tree"})) {
    const auto query = read_query(target, {"limit"});
    if (!query) return bad_request(query.error());
    return json(tree_page(source.node(), source.actors(), *query));
  }
  if (is(path, {"memory"})) {
    const auto query = read_query(target, {});
    if (!query) return bad_request(query.error());
    return json(memory_page(source.node(), source.budgets()));
  }
  if (is(path, {"tables"})) {
    const auto query = read_query(target, {"filter", "limit", "offset"});
    if (!query) return bad_request(query.error());
    return json(tables_page(source.cluster(), *query));
  }
  return error_response(
      404, "unknown path; known are /v1/nodes, /v1/actors, /v1/tree, /v1/memory, /v1/tables");
}

}  // namespace

HttpResponse answer(const HttpRequest& request, const ConsoleAccess& access,
                    const ConsoleSource& source) {
  const auto target = parse_target(request.target);
  if (!target) return bad_request(target.error());
  if (auto refused = refuse(request, *target, access)) return std::move(*refused);
  const Path path = target->segments;
  if (is(path, {""}) || is(path, {"v1"})) return json(root_page(source.node()));
  if (is_health(path)) return answer_health(*target, source);
  if (is(path, {"metrics"})) {
    return metrics_page(source.node(), source.actors(), source.budgets(), source.cluster());
  }
  if (starts_with(path, {"v1", "actors"})) return answer_actor(path.subspan(2), *target, source);
  if (starts_with(path, {"v1", "tables"}) && path.size() == 4) {
    return answer_table(path.subspan(2), *target, source);
  }
  if (starts_with(path, {"v1"})) return answer_list(path.subspan(1), *target, source);
  return error_response(404, "unknown path; / lists the known ones");
}

}  // namespace millrace
