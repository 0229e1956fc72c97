#pragma once
#include <cstdint>

#include "scenarios/mixed/fault_plan.hpp"
#include "scenarios/run.hpp"

namespace millrace::scenarios {

/// The seed draws a workload and one to four faults, of those that have met least, and when and how
/// they happen. `reached` has "F13" for each run with that fault, "F13 bit" for those in which it
/// did something.
[[nodiscard]] Outcome draw_faults(std::uint64_t seed);

/// The same with a plan that is given.
[[nodiscard]] Outcome run_plan(const FaultPlan& plan, std::uint64_t seed);

}  // namespace millrace::scenarios
