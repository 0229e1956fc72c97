#include "runtime/budget_book.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

std::vector<BudgetUse> BudgetBook::uses() const {
  const std::lock_guard lock(entries_->mutex);
  std::vector<BudgetUse> uses;
  for (const auto& [name, entry] : entries_->by_name) {
    BudgetUse use{std::string(name), std::string(entry.budget.unit), entry.budget.limit,
                  entry.accounts.size()};
    for (const BudgetAccount* account : entry.accounts) {
      const std::uint64_t used = account->used();
      use.used += used;
      use.fullest = std::max(use.fullest, used);
    }
    uses.push_back(std::move(use));
  }
  return uses;
}

BudgetAccount::BudgetAccount(const BudgetBook& book, const Budget& budget)
    : BudgetAccount(book, budget, nullptr) {}

BudgetAccount::BudgetAccount(const BudgetBook& book, const Budget& budget,
                             std::function<std::uint64_t()> used)
    : entries_(book.entries_), name_(budget.name), ask_(std::move(used)) {
  const std::lock_guard lock(entries_->mutex);
  // A bound that nobody keeps at the moment stays in the book: its name does not come and go.
  BudgetBook::Entry& entry = entries_->by_name[name_];
  entry.budget = budget;
  entry.accounts.insert(this);
}

BudgetAccount::~BudgetAccount() {
  const std::lock_guard lock(entries_->mutex);
  entries_->by_name.at(name_).accounts.erase(this);
}

std::uint64_t BudgetAccount::used() const {
  return ask_ ? ask_() : used_.load(std::memory_order_relaxed);
}

}  // namespace millrace
