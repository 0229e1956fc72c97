#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// A bound that somebody on this node keeps, or many alike: "requests_of_connection", 64 MB each.
struct Budget {
  std::string_view name;  ///< Outlives all accounts: a literal.
  std::string_view unit;  ///< "bytes", or what is counted; the same.
  std::uint64_t limit = 0;
};

/// What is used of it, by all that keep it.
struct BudgetUse {
  std::string name;
  std::string unit;
  std::uint64_t limit = 0;  ///< Of each.
  std::uint64_t holders = 0;
  std::uint64_t used = 0;     ///< By all of them.
  std::uint64_t fullest = 0;  ///< By the one that uses most.
};

class BudgetAccount;

/// The bounds of a node and what is used of them, for people and metrics. Nothing is decided by it.
/// Thread-safe. Accounts may outlive it.
class BudgetBook {
 public:
  /// In order of names.
  [[nodiscard]] std::vector<BudgetUse> uses() const;

 private:
  friend class BudgetAccount;
  struct Entry {
    Budget budget;
    std::set<const BudgetAccount*> accounts;
  };
  struct Entries {
    std::mutex mutex;
    std::map<std::string_view, Entry> by_name;
  };
  const std::shared_ptr<Entries> entries_ = std::make_shared<Entries>();
};

/// One holder's line in the book, there as long as the account lives.
class BudgetAccount {
 public:
  /// Who uses the budget says how much of it with set().
  BudgetAccount(const BudgetBook& book, const Budget& budget);
  /// `used` is asked, on any thread, when somebody looks.
  BudgetAccount(const BudgetBook& book, const Budget& budget, std::function<std::uint64_t()> used);
  ~BudgetAccount();
  BudgetAccount(const BudgetAccount&) = delete;
  BudgetAccount& operator=(const BudgetAccount&) = delete;

  void set(std::uint64_t used) { used_.store(used, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t used() const;

 private:
  const std::shared_ptr<BudgetBook::Entries> entries_;
  const std::string_view name_;
  const std::function<std::uint64_t()> ask_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace millrace
