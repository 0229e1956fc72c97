#include "scenarios/checkers/catalog_checker.hpp"

#include <gtest/gtest.h>

namespace millrace::scenarios {
namespace {

using protocol::ErrorCode;

CatalogStep create(ErrorCode outcome) { return {CatalogStep::Kind::create, "t", outcome}; }
CatalogStep drop(ErrorCode outcome) { return {CatalogStep::Kind::drop, "t", outcome}; }

constexpr ErrorCode done = ErrorCode::none;
constexpr ErrorCode unknown = ErrorCode::request_time_out;
constexpr ErrorCode full = ErrorCode::storage_exception;
constexpr ErrorCode exists = ErrorCode::table_already_exist;
constexpr ErrorCode missing = ErrorCode::table_not_exist;

void expect_one(const Violations& violations, const std::string& text) {
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_NE(violations.front().find(text), std::string::npos) << violations.front();
}

TEST(CatalogChecker, WhatWasDoneIsListed) {
  EXPECT_EQ(check_catalog({drop(missing), create(done), create(exists)}, {"t"}), Violations{});
  EXPECT_EQ(check_catalog({create(done), drop(done), drop(missing)}, {}), Violations{});
}

TEST(CatalogChecker, ATableThatWasMadeAndIsNotListedIsLost) {
  expect_one(check_catalog({create(done)}, {}), "table lost: t");
}

TEST(CatalogChecker, ATableThatWasDroppedAndIsListedCameBack) {
  expect_one(check_catalog({create(done), drop(done)}, {"t"}), "table came back: t");
}

TEST(CatalogChecker, ATableThatNobodyMadeIsAPhantom) {
  expect_one(check_catalog({}, {"t"}), "phantom: table t");
}

TEST(CatalogChecker, AnOutcomeInDoubtAllowsBoth) {
  EXPECT_EQ(check_catalog({create(unknown)}, {}), Violations{});
  EXPECT_EQ(check_catalog({create(unknown)}, {"t"}), Violations{});
  EXPECT_EQ(check_catalog({create(done), drop(unknown)}, {}), Violations{});
  EXPECT_EQ(check_catalog({create(done), drop(unknown)}, {"t"}), Violations{});
}

TEST(CatalogChecker, WhatTheStoreRefusedDidNotHappen) {
  EXPECT_EQ(check_catalog({create(full)}, {}), Violations{});
  EXPECT_EQ(check_catalog({create(done), drop(full)}, {"t"}), Violations{});
  expect_one(check_catalog({create(full)}, {"t"}), "table came back: t");
  expect_one(check_catalog({create(done), drop(full)}, {}), "table lost: t");
}

TEST(CatalogChecker, ALaterAnswerEndsTheDoubt) {
  expect_one(check_catalog({create(unknown), create(exists)}, {}), "table lost: t");
  expect_one(check_catalog({create(unknown), drop(missing)}, {"t"}), "table came back: t");
}

TEST(CatalogChecker, AnswersThatContradictEarlierOnesShow) {
  expect_one(check_catalog({create(done), create(done)}, {"t"}), "create t answered NONE");
  expect_one(check_catalog({drop(done)}, {}), "drop t answered NONE");
  expect_one(check_catalog({create(exists)}, {}), "create t answered TABLE_ALREADY_EXIST");
  expect_one(check_catalog({create(done), drop(missing)}, {"t"}),
             "drop t answered TABLE_NOT_EXIST");
}

TEST(CatalogChecker, OnlyATableThatIsThereIsAltered) {
  const auto alter = [](ErrorCode outcome) {
    return CatalogStep{CatalogStep::Kind::alter, "t", outcome};
  };
  EXPECT_EQ(check_catalog({create(done), alter(done), alter(unknown)}, {"t"}), Violations{});
  expect_one(check_catalog({alter(done)}, {}), "alter t answered NONE");
  expect_one(check_catalog({create(done), alter(missing)}, {"t"}),
             "alter t answered TABLE_NOT_EXIST");
  // It ends a doubt as well as any other answer.
  expect_one(check_catalog({create(unknown), alter(done)}, {}), "table lost: t");
}

}  // namespace
}  // namespace millrace::scenarios
