#include "runtime/budget_book.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace millrace {
namespace {

TEST(BudgetBook, AddsUpThoseThatKeepTheSameBoundAndNamesTheFullest) {
  BudgetBook book;
  EXPECT_TRUE(book.uses().empty());
  BudgetAccount one(book, {"queue", "bytes", 100});
  std::optional<BudgetAccount> other;
  other.emplace(book, Budget{"queue", "bytes", 100});
  one.set(20);
  other->set(50);
  std::uint64_t held = 7;
  const BudgetAccount asked(book, {"cache", "rows", 9}, [&held] { return held; });
  auto uses = book.uses();
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].name, "cache");
  EXPECT_EQ(uses[0].unit, "rows");
  EXPECT_EQ(uses[0].used, 7U);
  EXPECT_EQ(uses[1].limit, 100U);
  EXPECT_EQ(uses[1].holders, 2U);
  EXPECT_EQ(uses[1].used, 70U);
  EXPECT_EQ(uses[1].fullest, 50U);
  other.reset();
  held = 8;
  uses = book.uses();
  EXPECT_EQ(uses[0].used, 8U);
  EXPECT_EQ(uses[1].holders, 1U);
  EXPECT_EQ(uses[1].fullest, 20U);
}

TEST(BudgetBook, ABoundThatNobodyKeepsStaysAndAccountsMayOutliveTheBook) {
  auto book = std::make_unique<BudgetBook>();
  { const BudgetAccount gone(*book, {"queue", "bytes", 100}); }
  ASSERT_EQ(book->uses().size(), 1U);
  EXPECT_EQ(book->uses()[0].holders, 0U);
  BudgetAccount left(*book, {"queue", "bytes", 100});
  book.reset();
  left.set(3);
  EXPECT_EQ(left.used(), 3U);
}

}  // namespace
}  // namespace millrace
