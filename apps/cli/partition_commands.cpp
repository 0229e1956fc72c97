// millrace table partitions ls|add|drop
#include <fmt/format.h>

#include "apps/cli/column_list.hpp"
#include "apps/cli/command.hpp"

namespace millrace::cli {

namespace {

constexpr auto example = "millrace table partitions add fluss.events dt=20241130";

struct Order {
  std::string verb;
  client::TablePath path;
  client::PartitionSpec spec;
};

Done<Order> order_of(const Context& context) {
  constexpr std::size_t words_max = 64;
  const auto words = context.words(2, words_max);
  if (!words) return tl::unexpected(words.error());
  Order order{words->front(), {}, {}};
  if (order.verb != "ls" && order.verb != "add" && order.verb != "drop") {
    return usage_failure("partitions takes ls, add or drop: " + order.verb, example);
  }
  auto path = parse_table_path((*words)[1]);
  if (!path) return usage_failure(path.error().message, "millrace table ls");
  order.path = std::move(*path);
  for (std::size_t i = 2; i < words->size(); ++i) {
    const std::string& word = (*words)[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage_failure("a partition is named by KEY=VALUE: " + word, example);
    }
    order.spec.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  if (order.verb != "ls" && order.spec.empty()) {
    return usage_failure("which partition?", example);
  }
  return order;
}

Done<ExitCode> list(Context& context, const Order& order) {
  const auto partitions =
      context.session().wait<std::vector<client::PartitionInfo>>([&](auto done) {
        context.client().list_partitions(order.path, order.spec, std::move(done));
      });
  if (!partitions) return tl::unexpected(partitions.error());
  Document document = Document::list();
  std::vector<std::vector<std::string>> rows;
  for (const client::PartitionInfo& partition : *partitions) {
    Document values = Document::object();
    for (const auto& [key, value] : partition.spec) values.set(key, value);
    document.add(Document::object()
                     .set("partition", partition.name())
                     .set("partition_id", partition.id.value())
                     .set("values", std::move(values)));
    rows.push_back({partition.name(), to_string(partition.id)});
  }
  context.print(document, text_table({"PARTITION", "ID"}, rows));
  return ExitCode::fine;
}

Done<ExitCode> change(Context& context, const Order& order) {
  const bool adds = order.verb == "add";
  const auto changed = context.session().wait<void>([&](auto done) {
    if (adds) {
      return context.client().create_partition(
          order.path, order.spec, context.line().has("if-not-exists"), std::move(done));
    }
    context.client().drop_partition(order.path, order.spec, context.line().has("if-exists"),
                                    std::move(done));
  });
  if (!changed) return tl::unexpected(changed.error());
  Document values = Document::object();
  for (const auto& [key, value] : order.spec) values.set(key, value);
  context.print(
      Document::object()
          .set("database", order.path.database)
          .set("table", order.path.table)
          .set("values", std::move(values))
          .set(adds ? "created" : "dropped", true),
      fmt::format("the partition of {} is {}\n", to_string(order.path), adds ? "there" : "gone"));
  return ExitCode::fine;
}

Done<ExitCode> partitions(Context& context) {
  const auto order = order_of(context);
  if (!order) return tl::unexpected(order.error());
  return order->verb == "ls" ? list(context, *order) : change(context, *order);
}

}  // namespace

std::span<const Command> partition_commands() {
  static const std::vector<Command> all = {
      {"table",
       "partitions",
       "ls|add|drop DB.TABLE [KEY=VALUE...]",
       "partitions of a table; with ls, the values that shall match",
       {{"if-not-exists", "", "add: fine if it is there already"},
        {"if-exists", "", "drop: fine if there is none"}},
       partitions},
  };
  return all;
}

}  // namespace millrace::cli
