#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/error_code.hpp"
#include "scenarios/checkers/log_checkers.hpp"

namespace millrace::scenarios {

/// One command about one table, from a client that has one under way at a time.
struct CatalogStep {
  enum class Kind { create, drop, alter };
  Kind kind = Kind::create;
  std::string table;
  /// `none`: done. Those that say that the table exists, or does not, tell as much, and
  /// storage_exception promises that nothing has changed.
  protocol::ErrorCode outcome = protocol::ErrorCode::none;
};

/// Follows which tables can exist after each step, when an outcome that says nothing may mean
/// either. An answer that contradicts what must be so is a violation, and so is a table in `listed`
/// that cannot be there, or one that is missing although it must. Every table is absent at first.
[[nodiscard]] Violations check_catalog(const std::vector<CatalogStep>& steps,
                                       const std::set<std::string>& listed);

}  // namespace millrace::scenarios
