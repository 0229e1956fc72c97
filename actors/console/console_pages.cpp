#include "actors/console/console_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "actors/console/page_json.hpp"
#include "base/check.hpp"

namespace millrace {
namespace {

Json json_of(const NodeEndpoint& endpoint) {
  Json json;
  json["host"] = endpoint.host;
  json["port"] = endpoint.port;
  return json;
}

Json json_of(const ActorFacts& actor) {
  Json json;
  json["name"] = actor.name;
  json["parent"] = actor.parent;
  json["running"] = actor.running;
  json["starts"] = actor.starts;
  json["received"] = actor.received;
  json["handled"] = actor.handled;
  json["dropped"] = actor.dropped;
  json["mailbox_depth"] = actor.mailbox_depth;
  json["busy_seconds"] = seconds_of(actor.busy);
  json["waited_p50_seconds"] = seconds_of(actor.waited_p50);
  json["waited_p99_seconds"] = seconds_of(actor.waited_p99);
  json["waited_max_seconds"] = seconds_of(actor.waited_max);
  json["last_error"] = actor.last_error;
  return json;
}

/// The positions that a page shows of `total`.
std::pair<std::size_t, std::size_t> cut(std::size_t total, const PageQuery& query) {
  const std::size_t first = std::min(query.offset, total);
  return {first, std::min(first + query.limit, total)};
}

void add_paging(Json& page, std::size_t total, const PageQuery& query) {
  page["total"] = total;
  page["offset"] = query.offset;
  page["limit"] = query.limit;
}

void sort_actors(std::vector<ActorFacts>& actors, ActorOrder order) {
  const auto weight = [order](const ActorFacts& actor) -> std::int64_t {
    switch (order) {
      case ActorOrder::waited_p99:
        return actor.waited_p99.count();
      case ActorOrder::mailbox:
        return actor.mailbox_depth;
      case ActorOrder::handled:
        return static_cast<std::int64_t>(actor.handled);
      case ActorOrder::name:
        break;
    }
    return 0;
  };
  std::sort(actors.begin(), actors.end(), [&](const ActorFacts& a, const ActorFacts& b) {
    const auto weights = std::pair(weight(b), weight(a));
    return weights.first == weights.second ? a.name < b.name : weights.first < weights.second;
  });
}

/// Draws families, never an actor twice: a name that were its own ancestor would never end.
class TreeDrawing {
 public:
  TreeDrawing(const std::vector<ActorFacts>& actors, std::size_t family_limit)
      : family_limit_(family_limit) {
    std::set<std::string> names;
    for (const ActorFacts& actor : actors) names.insert(actor.name);
    for (const ActorFacts& actor : actors) {
      const bool is_root = !names.contains(actor.parent) || actor.parent == actor.name;
      families_[is_root ? std::string() : actor.parent].push_back(&actor);
    }
    for (auto& [parent, family] : families_) {
      std::stable_sort(family.begin(), family.end(), [](const ActorFacts* a, const ActorFacts* b) {
        return a->running < b->running;
      });
    }
  }

  /// The members of a family and how many there are; the roots are the family of "".
  void draw(const std::string& parent, Json& json) {
    json["children_total"] = 0;
    Json& children = json["children"] = Json::array();
    const auto family = families_.find(parent);
    if (family == families_.end()) return;
    json["children_total"] = family->second.size();
    for (const ActorFacts* actor : family->second) {
      if (children.size() == family_limit_) break;
      if (!drawn_.insert(actor->name).second) continue;
      Json child;
      child["name"] = actor->name;
      child["running"] = actor->running;
      child["starts"] = actor->starts;
      child["mailbox_depth"] = actor->mailbox_depth;
      child["last_error"] = actor->last_error;
      draw(actor->name, child);
      children.push_back(std::move(child));
    }
  }

 private:
  const std::size_t family_limit_;
  std::map<std::string, std::vector<const ActorFacts*>> families_;
  std::set<std::string> drawn_;
};

const char* kind_of(const TableInfo& table) {
  return table.descriptor.schema.primary_key.empty() ? "log" : "primary_key";
}

Json descriptor_of(const TableInfo& table) {
  auto descriptor = Json::parse(protocol::to_json(table.descriptor), nullptr, false);
  CHECK(!descriptor.is_discarded());
  return descriptor;
}

Json json_of(std::size_t index, const BucketInfo& bucket) {
  Json json;
  json["bucket"] = index;
  json["leader"] = bucket.leader.value();
  json["leader_epoch"] = bucket.epoch.value();
  Json& replicas = json["replicas"] = Json::array();
  for (const NodeId replica : bucket.replicas) replicas.push_back(replica.value());
  return json;
}

}  // namespace

std::string root_page(const NodeFacts& node) {
  Json page;
  page["node"] = node.node.value();
  page["version"] = node.version;
  page["pages"] = {"/v1/nodes",
                   "/v1/actors",
                   "/v1/actors/{name}",
                   "/v1/tree",
                   "/v1/memory",
                   "/v1/tables",
                   "/v1/tables/{database}/{table}",
                   "/metrics",
                   "/livez",
                   "/readyz",
                   "/healthz"};
  return text_of(page);
}

std::string nodes_page(const NodeFacts& node, const ClusterView& view) {
  Json page;
  page["cluster_id"] = node.cluster_id;
  page["node"] = node.node.value();
  page["incarnation"] = node.incarnation.value();
  page["version"] = node.version;
  page["revision"] = view.revision.value();
  page["coordinator"] = nullptr;
  if (view.members.contains(view.coordinator)) page["coordinator"] = view.coordinator.value();
  page["standbys"] = std::count_if(view.candidates.begin(), view.candidates.end(), [&](NodeId id) {
    const auto member = view.members.find(id);
    return id != view.coordinator && member != view.members.end() && member->second.alive;
  });
  Json& nodes = page["nodes"] = Json::array();
  for (const auto& [id, member] : view.members) {
    Json entry;
    entry["id"] = id.value();
    entry["incarnation"] = member.incarnation.value();
    entry["client"] = json_of(member.client);
    entry["console"] = json_of(member.console);
    entry["rack"] = member.rack;
    entry["alive"] = member.alive;
    entry["coordinator"] = id == view.coordinator;
    entry["self"] = id == node.node;
    nodes.push_back(std::move(entry));
  }
  return text_of(page);
}

std::string actors_page(std::vector<ActorFacts> actors, const PageQuery& query) {
  std::erase_if(actors, [&](const ActorFacts& actor) {
    return actor.name.find(query.filter) == std::string::npos;
  });
  sort_actors(actors, query.sort);
  Json page;
  add_paging(page, actors.size(), query);
  Json& list = page["actors"] = Json::array();
  const auto [first, end] = cut(actors.size(), query);
  for (std::size_t i = first; i < end; ++i) list.push_back(json_of(actors[i]));
  return text_of(page);
}

std::string actor_page(const NodeFacts& node, const ActorFacts& actor,
                       const std::vector<HandledMessage>& flight) {
  Json page;
  page["node"] = node.node.value();
  page["actor"] = json_of(actor);
  Json& messages = page["flight"] = Json::array();
  for (const HandledMessage& message : flight) {
    Json entry;
    entry["age_seconds"] = seconds_of(node.now - message.handled_at);
    entry["schema"] = fmt::format("{:#018x}", message.schema);
    entry["from"] = message.from;
    entry["bytes"] = message.bytes;
    entry["waited_seconds"] = seconds_of(message.waited);
    entry["worked_seconds"] = seconds_of(message.worked);
    entry["dropped"] = message.dropped;
    messages.push_back(std::move(entry));
  }
  return text_of(page);
}

std::string tree_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                      const PageQuery& query) {
  Json page;
  page["node"] = node.node.value();
  page["total"] = actors.size();
  TreeDrawing(actors, query.limit).draw("", page);
  return text_of(page);
}

std::string memory_page(const NodeFacts& node, const std::vector<BudgetFacts>& budgets) {
  Json page;
  page["node"] = node.node.value();
  page["resident_bytes"] = nullptr;
  if (node.resident_bytes) page["resident_bytes"] = *node.resident_bytes;
  Json& list = page["budgets"] = Json::array();
  for (const BudgetFacts& budget : budgets) {
    Json entry;
    entry["name"] = budget.name;
    entry["unit"] = budget.unit;
    entry["limit"] = budget.limit;
    entry["holders"] = budget.holders;
    entry["used"] = budget.used;
    entry["fullest"] = budget.fullest;
    list.push_back(std::move(entry));
  }
  return text_of(page);
}

std::string tables_page(const ClusterView& view, const PageQuery& query) {
  std::vector<Catalog::TablePointer> tables;
  for (const auto& [database, ignored] : view.catalog.databases()) {
    for (const std::string& name : view.catalog.tables_of(database)) {
      if (fmt::format("{}.{}", database, name).find(query.filter) == std::string::npos) continue;
      tables.push_back(view.catalog.find_table(database, name));
    }
  }
  Json page;
  page["revision"] = view.revision.value();
  add_paging(page, tables.size(), query);
  Json& list = page["tables"] = Json::array();
  const auto [first, end] = cut(tables.size(), query);
  for (std::size_t i = first; i < end; ++i) {
    const TableInfo& table = *tables[i];
    Json entry;
    entry["database"] = table.database;
    entry["name"] = table.name;
    entry["id"] = table.id.value();
    entry["bucket_count"] = table.buckets.size();
    entry["kind"] = kind_of(table);
    list.push_back(std::move(entry));
  }
  return text_of(page);
}

std::string table_page(const TableInfo& table, const PageQuery& query) {
  Json page;
  page["database"] = table.database;
  page["name"] = table.name;
  page["id"] = table.id.value();
  page["kind"] = kind_of(table);
  page["schema_id"] = table.schema_id;
  page["created_at_millis"] = table.created_at;
  page["modified_at_millis"] = table.modified_at;
  page["descriptor"] = descriptor_of(table);
  page["bucket_count"] = table.buckets.size();
  add_paging(page, table.buckets.size(), query);
  Json& buckets = page["buckets"] = Json::array();
  const auto [first, end] = cut(table.buckets.size(), query);
  for (std::size_t i = first; i < end; ++i) buckets.push_back(json_of(i, table.buckets[i]));
  return text_of(page);
}

}  // namespace millrace
