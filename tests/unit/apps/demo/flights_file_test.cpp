#include "apps/demo/flights_file.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "base/random.hpp"

namespace millrace::demo {
namespace {

Result<OriginTotals> read(const std::string& text) {
  std::istringstream file(text);
  return totals_of_csv(file);
}

std::string error_of(const std::string& text) {
  const auto found = read(text);
  return found ? "none" : found.error().message;
}

TEST(FlightsFile, ColumnsAreFoundByNameAndNaIsNull) {
  const auto found = read(
      "year,dep_delay,dest,origin,dep_time\n"
      "2013,2,IAH,EWR,517\n"
      "2013,-6,MIA,JFK,542\r\n"
      "2013,NA,ORD,EWR,NA\n"
      "2013,,ORD,EWR,600\n");
  ASSERT_TRUE(found) << found.error().message;
  const OriginTotal& newark = found->origins().at("EWR");
  EXPECT_EQ(newark.flights, 3);
  EXPECT_EQ(newark.departures, 2);
  EXPECT_EQ(newark.delays, 1);
  EXPECT_EQ(newark.minutes_of_delay, 2);
  EXPECT_EQ(newark.destinations.size(), 2U);
  EXPECT_EQ(found->origins().at("JFK").minutes_of_delay, -6);
}

TEST(FlightsFile, TheLastLineNeedsNoLineBreak) {
  EXPECT_EQ(read("origin,dest,dep_time,dep_delay\nEWR,IAH,1,1")->flights(), 1);
  EXPECT_EQ(read("origin,dest,dep_time,dep_delay\n")->flights(), 0);
}

TEST(FlightsFile, WhatItCannotCountItRefuses) {
  const std::string header = "origin,dest,dep_time,dep_delay\n";
  EXPECT_EQ(error_of(""), "there is no header line");
  EXPECT_EQ(error_of("origin,dest,dep_time\n"), "line 1: there is no column dep_delay");
  EXPECT_EQ(error_of(header + "EWR,IAH,1,1\nEWR,IAH,1\n"), "line 3: 3 fields, not 4");
  EXPECT_EQ(error_of(header + "EWR,IAH,1,2x\n"), "line 2: not a whole number: 2x");
  EXPECT_EQ(error_of(header + "EWR,\"IAH\",1,2\n"), "line 2: a quoted field");
}

TEST(FlightsFile, DamagedFilesNeverCrashIt) {
  const std::string whole =
      "origin,dest,dep_time,dep_delay\nEWR,IAH,517,2\nJFK,MIA,542,NA\nLGA,ATL,554,-6\n";
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string text = whole;
    for (int i = 0; i < 3; ++i)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    text.resize(random.below(text.size() + 1));
    const auto found = read(text);
    if (found) {
      EXPECT_LE(found->flights(), 6);  // At most one flight a line, damaged line breaks included.
    }
  }
}

}  // namespace
}  // namespace millrace::demo
