#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/table_options.hpp"

namespace millrace::scenarios {

/// What goes wrong. The numbers are those of the test matrix.
enum class FaultKind : std::uint8_t {
  kill = 1,
  bad_wire = 10,
  lost_writes = 11,
  torn_write = 12,
  bit_rot = 13,
  failing_device = 15,
  failing_sync = 16,
  full_disk = 17,
  slow_disk = 18,
  lost_name = 19,
  unknown_commit = 22,
  scarce_memory = 28,
  flood = 29,
  other_disk = 31,
};

inline constexpr std::array all_faults{
    FaultKind::kill,         FaultKind::bad_wire,       FaultKind::lost_writes,
    FaultKind::torn_write,   FaultKind::bit_rot,        FaultKind::failing_device,
    FaultKind::failing_sync, FaultKind::full_disk,      FaultKind::slow_disk,
    FaultKind::lost_name,    FaultKind::unknown_commit, FaultKind::scarce_memory,
    FaultKind::flood,        FaultKind::other_disk};

/// "F13".
[[nodiscard]] std::string to_string(FaultKind fault);

/// What clients do meanwhile: W1, or W9 beside W1.
enum class Workload : std::uint8_t { append, churn };
inline constexpr std::array all_workloads{Workload::append, Workload::churn};
[[nodiscard]] std::string_view name_of(Workload workload);

/// One run of the generator: a workload and one to four different faults.
struct FaultPlan {
  Workload workload = Workload::append;
  std::vector<FaultKind> faults;
  protocol::Durability durability = protocol::Durability::memory;

  /// "append-F10-F13".
  [[nodiscard]] std::string cell() const;
};

/// How often each fault met each workload and each other fault.
class PlanCoverage {
 public:
  void add(const FaultPlan& plan);
  [[nodiscard]] std::uint64_t count(Workload workload, FaultKind fault) const;
  [[nodiscard]] std::uint64_t count(FaultKind one, FaultKind other) const;
  /// The smallest of all these numbers.
  [[nodiscard]] std::uint64_t rarest() const;
  /// For people: a line per fault.
  [[nodiscard]] std::string table() const;

 private:
  std::map<std::pair<Workload, FaultKind>, std::uint64_t> with_workload_;
  std::map<std::pair<FaultKind, FaultKind>, std::uint64_t> with_fault_;  // The lesser one first.
};

/// The plans of this many seeds in a row are drawn together, each of them for what is rarest in
/// those before it: enough for every pair to be met.
inline constexpr std::uint64_t plans_per_block = 100;

/// The same seed, the same plan, whichever seeds were run before.
[[nodiscard]] FaultPlan plan_for(std::uint64_t seed);

}  // namespace millrace::scenarios
