#include "actors/console/metrics_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include "actors/console/page_json.hpp"

namespace millrace {
namespace {

/// The actors of one kind, added up.
struct KindTotals {
  std::uint64_t running = 0;
  std::uint64_t restarts = 0;
  std::uint64_t received = 0;
  std::uint64_t handled = 0;
  std::uint64_t dropped = 0;
  std::int64_t mailbox_depth = 0;
  Duration busy{};
  Duration waited_p99{};
};
using Kinds = std::map<std::string, KindTotals>;

Kinds add_up(const std::vector<ActorFacts>& actors) {
  Kinds kinds;
  for (const ActorFacts& actor : actors) {
    KindTotals& kind = kinds[actor.name.substr(0, actor.name.find('/'))];
    kind.running += actor.running ? 1 : 0;
    kind.restarts += actor.starts > 1 ? actor.starts - 1 : 0;
    kind.received += actor.received;
    kind.handled += actor.handled;
    kind.dropped += actor.dropped;
    kind.mailbox_depth += actor.mailbox_depth;
    kind.busy += actor.busy;
    kind.waited_p99 = std::max(kind.waited_p99, actor.waited_p99);
  }
  return kinds;
}

std::string escape(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return escaped;
}

/// Writes the text format, version 0.0.4.
class Exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    family_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }
  /// `labels` is empty or `{key="value"}`.
  template <class Number>
  void sample(std::string_view labels, Number value) {
    fmt::format_to(std::back_inserter(text_), "{}{} {}\n", family_, labels, value);
  }
  template <class ValueOf>
  void samples_of(const Kinds& kinds, ValueOf value_of) {
    for (const auto& [name, totals] : kinds) {
      sample(fmt::format("{{kind=\"{}\"}}", escape(name)), value_of(totals));
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string family_;
};

void write_node(Exposition& out, const NodeFacts& node) {
  out.family("millrace_build_info", "gauge", "Always 1; the label names the version.");
  out.sample(fmt::format("{{version=\"{}\"}}", escape(node.version)), 1);
  out.family("millrace_node_info", "gauge", "Always 1; the labels name this node.");
  out.sample(fmt::format("{{cluster_id=\"{}\",node=\"{}\",incarnation=\"{}\"}}",
                         escape(node.cluster_id), node.node.value(), node.incarnation.value()),
             1);
  out.family("millrace_undeliverable_messages_total", "counter",
             "Messages to actors that were not there.");
  out.sample("", node.undeliverable);
  out.family("millrace_fetch_batches_left_out_total", "counter",
             "Batches that filters of readers left out of answers.");
  out.sample("", node.batches_left_out);
}

void write_cluster(Exposition& out, const ClusterView& view) {
  const auto alive = std::count_if(view.members.begin(), view.members.end(),
                                   [](const auto& member) { return member.second.alive; });
  out.family("millrace_cluster_revision", "gauge", "Metadata revision that this node knows.");
  out.sample("", view.revision.value());
  out.family("millrace_cluster_members", "gauge", "Nodes of the cluster that this node knows.");
  out.sample("", view.members.size());
  out.family("millrace_cluster_members_alive", "gauge", "Those of them that are alive.");
  out.sample("", alive);
  out.family("millrace_tables", "gauge", "Tables that this node knows.");
  out.sample("", view.catalog.tables().size());
}

void write_actors(Exposition& out, const Kinds& kinds) {
  out.family("millrace_actors_running", "gauge", "Actors that run.");
  out.samples_of(kinds, [](const KindTotals& kind) { return kind.running; });
  out.family("millrace_actor_restarts_total", "counter", "Starts after the first one.");
  out.samples_of(kinds, [](const KindTotals& kind) { return kind.restarts; });
  out.family("millrace_actor_messages_received_total", "counter", "Messages put into mailboxes.");
  out.samples_of(kinds, [](const KindTotals& kind) { return kind.received; });
  out.family("millrace_actor_messages_handled_total", "counter", "Messages handled.");
  out.samples_of(kinds, [](const KindTotals& kind) { return kind.handled; });
  out.family("millrace_actor_messages_dropped_total", "counter", "Those that were of no use.");
  out.samples_of(kinds, [](const KindTotals& kind) { return kind.dropped; });
  out.family("millrace_actor_mailbox_messages", "gauge", "Messages that wait in mailboxes.");
  out.samples_of(kinds, [](const KindTotals& kind) { return kind.mailbox_depth; });
  out.family("millrace_actor_busy_seconds_total", "counter", "Time spent on handling messages.");
  out.samples_of(kinds, [](const KindTotals& kind) { return seconds_of(kind.busy); });
  out.family("millrace_actor_mailbox_wait_p99_seconds", "gauge",
             "Time in mailbox, 99th percentile since the start, of the kind's slowest actor.");
  out.samples_of(kinds, [](const KindTotals& kind) { return seconds_of(kind.waited_p99); });
}

void write_budgets(Exposition& out, const NodeFacts& node,
                   const std::vector<BudgetFacts>& budgets) {
  if (node.resident_bytes) {
    out.family("millrace_resident_bytes", "gauge", "Memory of this process.");
    out.sample("", *node.resident_bytes);
  }
  const auto samples = [&](auto value_of) {
    for (const BudgetFacts& budget : budgets) {
      out.sample(
          fmt::format("{{budget=\"{}\",unit=\"{}\"}}", escape(budget.name), escape(budget.unit)),
          value_of(budget));
    }
  };
  out.family("millrace_budget_limit", "gauge", "Bounds of this node, each holder's.");
  samples([](const BudgetFacts& budget) { return budget.limit; });
  out.family("millrace_budget_used", "gauge", "What all holders use.");
  samples([](const BudgetFacts& budget) { return budget.used; });
  out.family("millrace_budget_fullest", "gauge", "What the holder uses that uses most.");
  samples([](const BudgetFacts& budget) { return budget.fullest; });
}

}  // namespace

HttpResponse metrics_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                          const std::vector<BudgetFacts>& budgets, const ClusterView& view) {
  Exposition out;
  write_node(out, node);
  write_budgets(out, node, budgets);
  write_cluster(out, view);
  write_actors(out, add_up(actors));
  return {200, "text/plain; version=0.0.4; charset=utf-8", out.take()};
}

}  // namespace millrace
