#include "scenarios/mixed/fault_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/random.hpp"

namespace millrace::scenarios {
namespace {

std::pair<FaultKind, FaultKind> pair_of(FaultKind one, FaultKind other) {
  return one < other ? std::pair(one, other) : std::pair(other, one);
}

/// The choice that `cost` finds cheapest; among equals `random` decides.
template <class Choices, class Cost>
auto cheapest(const Choices& choices, Cost cost, Random& random) {
  std::uint64_t best = std::numeric_limits<std::uint64_t>::max();
  std::vector<typename Choices::value_type> equals;
  for (const auto& choice : choices) {
    const std::uint64_t price = cost(choice);
    if (price > best) continue;
    if (price < best) equals.clear();
    best = price;
    equals.push_back(choice);
  }
  return equals[random.below(equals.size())];
}

/// A failed sync may take what was acknowledged, unless acknowledgements wait for it.
bool needs_durability(const FaultPlan& plan) {
  return std::find(plan.faults.begin(), plan.faults.end(), FaultKind::failing_sync) !=
         plan.faults.end();
}

/// A plan for what `known` has least of.
FaultPlan draw_plan(const PlanCoverage& known, Random random) {
  FaultPlan plan;
  std::vector<std::pair<Workload, FaultKind>> firsts;
  for (const Workload workload : all_workloads) {
    for (const FaultKind fault : all_faults) firsts.emplace_back(workload, fault);
  }
  const auto [workload, first] = cheapest(
      firsts, [&](const auto& one) { return known.count(one.first, one.second); }, random);
  plan.workload = workload;
  plan.faults = {first};
  constexpr std::uint64_t faults_max = 4;
  const std::uint64_t count = 1 + random.below(faults_max);
  while (plan.faults.size() < count) {
    std::vector<FaultKind> others;
    for (const FaultKind fault : all_faults) {
      if (std::find(plan.faults.begin(), plan.faults.end(), fault) == plan.faults.end())
        others.push_back(fault);
    }
    const auto met = [&](FaultKind fault) {
      std::uint64_t times = 0;
      for (const FaultKind chosen : plan.faults) times += known.count(chosen, fault);
      return times;
    };
    plan.faults.push_back(cheapest(others, met, random));
  }
  std::sort(plan.faults.begin(), plan.faults.end());
  plan.durability = random.chance(1, 2) || needs_durability(plan) ? protocol::Durability::disk
                                                                  : protocol::Durability::memory;
  return plan;
}

}  // namespace

std::string to_string(FaultKind fault) { return fmt::format("F{}", static_cast<unsigned>(fault)); }

std::string_view name_of(Workload workload) {
  return workload == Workload::append ? "append" : "churn";
}

std::string FaultPlan::cell() const {
  std::string name(name_of(workload));
  for (const FaultKind fault : faults) name += "-" + to_string(fault);
  return name;
}

void PlanCoverage::add(const FaultPlan& plan) {
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    ++with_workload_[{plan.workload, plan.faults[i]}];
    for (std::size_t j = i + 1; j < plan.faults.size(); ++j)
      ++with_fault_[pair_of(plan.faults[i], plan.faults[j])];
  }
}

std::uint64_t PlanCoverage::count(Workload workload, FaultKind fault) const {
  const auto found = with_workload_.find({workload, fault});
  return found == with_workload_.end() ? 0 : found->second;
}

std::uint64_t PlanCoverage::count(FaultKind one, FaultKind other) const {
  const auto found = with_fault_.find(pair_of(one, other));
  return found == with_fault_.end() ? 0 : found->second;
}

std::uint64_t PlanCoverage::rarest() const {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const FaultKind fault : all_faults) {
    for (const Workload workload : all_workloads) least = std::min(least, count(workload, fault));
    for (const FaultKind other : all_faults) {
      if (other != fault) least = std::min(least, count(fault, other));
    }
  }
  return least;
}

std::string PlanCoverage::table() const {
  std::string text = fmt::format("{:>4}", "");
  for (const Workload workload : all_workloads) text += fmt::format("{:>8}", name_of(workload));
  for (const FaultKind fault : all_faults) text += fmt::format("{:>5}", to_string(fault));
  text += '\n';
  for (const FaultKind fault : all_faults) {
    text += fmt::format("{:>4}", to_string(fault));
    for (const Workload workload : all_workloads)
      text += fmt::format("{:>8}", count(workload, fault));
    for (const FaultKind other : all_faults) {
      text += other == fault ? fmt::format("{:>5}", "") : fmt::format("{:>5}", count(fault, other));
    }
    text += '\n';
  }
  return text;
}

FaultPlan plan_for(std::uint64_t seed) {
  const Random block = Random(seed / plans_per_block).fork("fault plans");
  PlanCoverage known;
  for (std::uint64_t i = 0;; ++i) {
    FaultPlan plan = draw_plan(known, block.fork(i));
    if (i == seed % plans_per_block) return plan;
    known.add(plan);
  }
}

}  // namespace millrace::scenarios
