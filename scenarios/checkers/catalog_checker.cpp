#include "scenarios/checkers/catalog_checker.hpp"

#include <fmt/format.h>

namespace millrace::scenarios {
namespace {

using protocol::ErrorCode;

/// What may be so of one table; at least one of the two.
struct Possible {
  bool absent = true;
  bool present = false;
};

/// What may be so after it; neither, if its outcome cannot be.
Possible after_altering(const Possible& before, ErrorCode outcome) {
  switch (outcome) {
    case ErrorCode::none:
      return {false, before.present};
    case ErrorCode::table_not_exist:
      return {before.absent, false};
    default:
      return before;
  }
}

const char* name_of(CatalogStep::Kind kind) {
  if (kind == CatalogStep::Kind::alter) return "alter";
  return kind == CatalogStep::Kind::create ? "create" : "drop";
}

/// What may be so after `step`; neither, if its outcome cannot be.
Possible after(const Possible& before, const CatalogStep& step) {
  if (step.kind == CatalogStep::Kind::alter) return after_altering(before, step.outcome);
  const bool creates = step.kind == CatalogStep::Kind::create;
  switch (step.outcome) {
    case ErrorCode::none:
      // It took effect, which it could only from the other state.
      if (creates ? !before.absent : !before.present) return {false, false};
      return {!creates, creates};
    case ErrorCode::table_already_exist:
      return {false, creates && before.present};
    case ErrorCode::table_not_exist:
      return {!creates && before.absent, false};
    case ErrorCode::storage_exception:
      return before;
    default:
      return {before.absent || !creates, before.present || creates};
  }
}

}  // namespace

Violations check_catalog(const std::vector<CatalogStep>& steps,
                         const std::set<std::string>& listed) {
  Violations violations;
  std::map<std::string, Possible> tables;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const CatalogStep& step = steps[i];
    Possible& table = tables[step.table];
    const Possible next = after(table, step);
    if (!next.absent && !next.present) {
      violations.push_back(
          fmt::format("answer that cannot be: step {}, {} {} answered {} when the table {}", i,
                      name_of(step.kind), step.table, protocol::name_of(step.outcome),
                      table.present ? "existed" : "did not exist"));
      continue;
    }
    table = next;
  }
  for (const auto& [name, table] : tables) {
    if (!table.absent && !listed.contains(name))
      violations.push_back(fmt::format("table lost: {} was created and is not listed", name));
    if (!table.present && listed.contains(name))
      violations.push_back(
          fmt::format("table came back: {} was dropped, or never made, and is listed", name));
  }
  for (const std::string& name : listed) {
    if (!tables.contains(name))
      violations.push_back(fmt::format("phantom: table {} is listed, nobody created it", name));
  }
  return violations;
}

}  // namespace millrace::scenarios
