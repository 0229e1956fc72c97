#include "apps/demo/origin_totals.hpp"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace millrace::demo {
namespace {

using Number = std::optional<std::int64_t>;

struct Row {
  std::string origin;
  std::string destination;
  Number time;
  Number delay;
};

std::shared_ptr<arrow::Array> texts(const std::vector<Row>& rows, std::string Row::*member) {
  arrow::StringBuilder builder;
  for (const Row& row : rows) EXPECT_TRUE(builder.Append(row.*member).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> numbers(const std::vector<Row>& rows, Number Row::*member) {
  arrow::Int64Builder builder;
  for (const Row& row : rows) EXPECT_TRUE(builder.AppendOrNull(row.*member).ok());
  return builder.Finish().ValueOrDie();
}

/// The columns in another order than they are named in, as a scan may give them.
std::shared_ptr<arrow::RecordBatch> batch(const std::vector<Row>& rows) {
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("dep_delay", arrow::int64()),
                     arrow::field("origin", arrow::utf8()), arrow::field("dest", arrow::utf8()),
                     arrow::field("dep_time", arrow::int64())}),
      static_cast<std::int64_t>(rows.size()),
      {numbers(rows, &Row::delay), texts(rows, &Row::origin), texts(rows, &Row::destination),
       numbers(rows, &Row::time)});
}

OriginTotals totals(const std::vector<Row>& rows) {
  OriginTotals out;
  for (const Row& row : rows) out.add({row.origin, row.destination, row.time, row.delay});
  return out;
}

const std::vector<Row> some_rows = {{"JFK", "MIA", 542, 2},
                                    {"EWR", "IAH", 517, -4},
                                    {"JFK", "MIA", 600, 0},
                                    {"JFK", "BQN", std::nullopt, std::nullopt},
                                    {"JFK", "LAX", 700, std::nullopt}};

TEST(OriginTotals, DeparturesHaveATimeAndTheMeanIsOverRowsWithADelay) {
  const OriginTotals found = totals(some_rows);
  ASSERT_EQ(found.origins().size(), 2U);
  const OriginTotal& jfk = found.origins().at("JFK");
  EXPECT_EQ(jfk.flights, 4);
  EXPECT_EQ(jfk.departures, 3);
  EXPECT_EQ(jfk.delays, 2);
  EXPECT_DOUBLE_EQ(jfk.mean_delay_minutes().value(), 1.0);
  EXPECT_EQ(jfk.destinations.size(), 3U);
  EXPECT_DOUBLE_EQ(found.origins().at("EWR").mean_delay_minutes().value(), -4.0);
  EXPECT_EQ(found.flights(), 5);
}

TEST(OriginTotals, NoDelayGivesNoMean) {
  EXPECT_FALSE(totals({{"LGA", "ATL", std::nullopt, std::nullopt}})
                   .origins()
                   .at("LGA")
                   .mean_delay_minutes());
}

TEST(OriginTotals, ABatchCountsAsItsRowsDo) {
  OriginTotals found;
  ASSERT_TRUE(found.add(*batch(some_rows)));
  EXPECT_EQ(difference("rows", totals(some_rows), "batch", found), std::nullopt);
  ASSERT_TRUE(found.add(*batch({some_rows.front()})));
  EXPECT_EQ(found.origins().at("JFK").flights, 5);
}

TEST(OriginTotals, ABatchOfOtherColumnsIsRefused) {
  OriginTotals found;
  const auto rows = batch(some_rows);
  const auto lacking = rows->RemoveColumn(1).ValueOrDie();
  EXPECT_EQ(found.add(*lacking).error().code, Errc::malformed);
  const auto mistyped =
      rows->SetColumn(3, arrow::field("dep_time", arrow::utf8()), rows->column(1)).ValueOrDie();
  EXPECT_EQ(found.add(*mistyped).error().message, "column dep_time has type string");
  EXPECT_EQ(found.flights(), 0);
}

TEST(OriginTotals, EveryDifferenceIsFound) {
  for (std::size_t i = 0; i < some_rows.size(); ++i) {
    SCOPED_TRACE(i);
    auto fewer = some_rows;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(difference("a", totals(some_rows), "b", totals(fewer)));
    EXPECT_TRUE(difference("a", totals(fewer), "b", totals(some_rows)));
    auto later = some_rows;
    later[i].delay = later[i].delay.value_or(0) + 1;
    EXPECT_TRUE(difference("a", totals(some_rows), "b", totals(later)));
    auto elsewhere = some_rows;
    elsewhere[i].destination = "SFO";
    EXPECT_TRUE(difference("a", totals(some_rows), "b", totals(elsewhere)));
  }
}

TEST(OriginTotals, ADifferenceNamesBothSides) {
  const auto text = difference("the file", totals({{"EWR", "IAH", 517, 3}}), "the scan", {});
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("the file has 1 flights from EWR"), std::string::npos);
  EXPECT_NE(text->find("the scan has 0 flights from EWR"), std::string::npos);
}

}  // namespace
}  // namespace millrace::demo
