#include "apps/launcher/node_memory.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <utility>

#include "apps/config/listener.hpp"
#include "apps/config/output.hpp"
#include "apps/launcher/console_client.hpp"

namespace millrace {
namespace {

constexpr Duration answer_time_max = 1s;

/// In the units of the configuration: 256mb is 256 times 1024 times 1024.
std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kb = 1024;
  if (bytes < kb) return fmt::format("{}b", bytes);
  const auto value = static_cast<double>(bytes);
  if (bytes < kb * kb) return fmt::format("{:.1f}kb", value / kb);
  if (bytes < kb * kb * kb) return fmt::format("{:.1f}mb", value / (kb * kb));
  return fmt::format("{:.1f}gb", value / (kb * kb * kb));
}

std::string amount_text(std::uint64_t amount, const std::string& unit) {
  return unit == "bytes" ? bytes_text(amount) : std::to_string(amount);
}

std::string use_text(const NodeMemory::Budget& budget) {
  return fmt::format("{} of {}", amount_text(budget.fullest, budget.unit),
                     amount_text(budget.limit, budget.unit));
}

NodeMemory::Budget budget_of(const YAML::Node& entry) {
  return {entry["name"].as<std::string>(),    entry["unit"].as<std::string>(),
          entry["limit"].as<std::uint64_t>(), entry["holders"].as<std::uint64_t>(),
          entry["used"].as<std::uint64_t>(),  entry["fullest"].as<std::uint64_t>()};
}

}  // namespace

Result<NodeMemory> parse_memory_page(const std::string& page) {
  try {
    const YAML::Node root = YAML::Load(page);  // Which reads JSON.
    NodeMemory memory;
    const YAML::Node resident = root["resident_bytes"];
    if (!resident.IsNull()) memory.resident_bytes = resident.as<std::uint64_t>();
    if (!root["budgets"].IsSequence()) return fail(Errc::malformed, "a page without budgets");
    for (const YAML::Node& entry : root["budgets"]) memory.budgets.push_back(budget_of(entry));
    return memory;
  } catch (const YAML::Exception& error) {
    return fail(Errc::malformed, std::string("not a page about memory: ") + error.what());
  }
}

NodeMemory read_node_memory(std::string_view http_listener, const std::string& token) {
  NodeMemory none;
  const auto listeners = parse_listeners(http_listener);
  if (!listeners || listeners->empty()) {
    none.problem = "no console";
    return none;
  }
  const auto page = read_console_page(listeners->front(), "/v1/memory", token, answer_time_max);
  auto memory = page.and_then(parse_memory_page);
  if (memory) return *std::move(memory);
  none.problem = "console: " + memory.error().message;
  return none;
}

Document document_of(const NodeMemory& memory) {
  Document budgets = Document::list();
  for (const NodeMemory::Budget& budget : memory.budgets) {
    budgets.add(Document::object()
                    .set("name", budget.name)
                    .set("unit", budget.unit)
                    .set("limit", budget.limit)
                    .set("holders", budget.holders)
                    .set("used", budget.used)
                    .set("fullest", budget.fullest));
  }
  return Document::object()
      .set("error", memory.problem)
      .set("resident_bytes", memory.resident_bytes ? Document(*memory.resident_bytes) : Document())
      .set("budgets", std::move(budgets));
}

std::string memory_table(const std::vector<NamedMemory>& nodes) {
  std::vector<std::string> headings = {"MEMORY"};
  std::map<std::string, std::vector<std::string>> cells;  // By budget.
  std::vector<std::string> resident = {"resident"};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeMemory& memory = nodes[i].memory;
    headings.push_back(nodes[i].host);
    resident.push_back(memory.resident_bytes ? bytes_text(*memory.resident_bytes) : memory.problem);
    for (const NodeMemory::Budget& budget : memory.budgets) {
      auto& row = cells[budget.name];
      row.resize(nodes.size() + 1);
      row.front() = budget.name;
      row[i + 1] = use_text(budget);
    }
  }
  if (cells.empty()) return {};
  std::vector<std::vector<std::string>> rows = {std::move(resident)};
  for (auto& [name, row] : cells) rows.push_back(std::move(row));
  return text_table(headings, rows);
}

}  // namespace millrace
