#include "apps/cli/cli.hpp"

#include <gtest/gtest.h>

#include "apps/cli/column_list.hpp"
#include "apps/cli/failure.hpp"
#include "apps/cli/progress_bar.hpp"
#include "apps/cli/row_text.hpp"
#include "apps/cli/session.hpp"
#include "apps/cli/table_reader.hpp"

namespace millrace::cli {
namespace {

struct Said {
  int exit = 0;
  std::string out;
  std::string error;
};

Said run(std::vector<std::string> arguments) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.exit = run_cli(arguments);
  said.out = testing::internal::GetCapturedStdout();
  said.error = testing::internal::GetCapturedStderr();
  return said;
}

TEST(Cli, MisuseExitsWithTwoAndSaysWhatNext) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> misuses = {
      {{}, "expected"},
      {{"db"}, "millrace db --help"},
      {{"db", "creat"}, "did you mean create?"},
      {{"db", "create"}, "name is missing"},
      {{"db", "drop", "a", "b"}, "one word too many: b"},
      {{"db", "ls", "--jsn"}, "did you mean --json?"},
      {{"db", "ls", "--output", "xml"}, "--output"},
      {{"db", "ls", "--timeout", "soon"}, "--timeout"},
      {{"db", "ls", "--bootstrap", "nowhere"}, "nowhere"},
      {{"table", "describe", "flights"}, "DATABASE.TABLE"},
      {{"table", "create", "a.b"}, "--columns"},
      {{"table", "create", "a.b", "--columns", "x INTT"}, "column x"},
      {{"table", "create", "a.b", "--columns", "x INT", "--like", "a.csv"}, "--columns"},
      {{"table", "create", "a.b", "--columns", "x INT", "--buckets", "0"}, "buckets"},
      {{"table", "create", "a.b", "--columns", "x INT", "--property", "x"}, "KEY=VALUE"},
      {{"table", "alter", "a.b"}, "either columns or options"},
      {{"table", "alter", "a.b", "--add-columns", "x INT", "--set", "a=b"}, "either columns"},
      {{"table", "alter", "a.b", "--add-columns", "x INTT"}, "column x"},
      {{"table", "alter", "a.b", "--set", "x"}, "KEY=VALUE"},
      {{"db", "alter"}, "name is missing"},
      {{"table", "scan", "a.b", "--from", "yesterday"}, "yesterday"},
      {{"table", "scan", "a.b", "--limit", "-1"}, "limit"},
      {{"table", "load", "a.b", "rows.txt"}, "rows.txt"},
      {{"table", "load", "a.b"}, "missing"},
  };
  for (const auto& [arguments, word] : misuses) {
    const Said said = run(arguments);
    SCOPED_TRACE(said.error);
    EXPECT_EQ(said.exit, 2);
    EXPECT_NE(said.error.find(word), std::string::npos) << word;
    EXPECT_TRUE(said.out.empty());
  }
}

TEST(Cli, HelpGoesToStandardOutput) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"table", "--help"}, {"table", "scan", "--help"}}) {
    const Said said = run(arguments);
    EXPECT_EQ(said.exit, 0);
    EXPECT_NE(said.out.find("usage"), std::string::npos);
    EXPECT_TRUE(said.error.empty());
  }
  EXPECT_NE(run({"table", "scan", "--help"}).out.find("--columns"), std::string::npos);
}

TEST(Cli, NobodyThereIsAFailureWithItsCode) {
  // Port 1 on loopback: nothing listens there.
  const Said said = run({"db", "ls", "--json", "--bootstrap", "127.0.0.1:1", "--timeout", "20s"});
  EXPECT_EQ(said.exit, 1);
  EXPECT_NE(said.error.find("1 NETWORK_EXCEPTION"), std::string::npos) << said.error;
  EXPECT_NE(said.error.find("127.0.0.1:1"), std::string::npos);
  EXPECT_NE(said.error.find("--bootstrap"), std::string::npos);
  EXPECT_TRUE(said.out.empty());
}

TEST(Columns, AreNamesAndSqlTypes) {
  const auto schema =
      parse_columns("id BIGINT NOT NULL, price DECIMAL(10, 2),`odd, name` MAP<STRING, INT>");
  ASSERT_TRUE(schema) << schema.error().message;
  ASSERT_EQ(schema->columns.size(), 3U);
  EXPECT_EQ(to_string(schema->columns[0].type), "BIGINT NOT NULL");
  EXPECT_EQ(schema->columns[1].type.scale, 2);
  EXPECT_EQ(schema->columns[2].name, "odd, name");
  EXPECT_EQ(schema->columns[2].id, 2);
  for (const char* bad : {"", "id", "id INT,", "id INT, id INT", "`id INT", "id DECIMAL(10"})
    EXPECT_FALSE(parse_columns(bad)) << bad;
}

TEST(Endpoints, AreHostsAndPorts) {
  const auto endpoints = parse_endpoints("a:1,[::1]:65535");
  ASSERT_TRUE(endpoints);
  EXPECT_EQ(*endpoints, (std::vector<Endpoint>{{"a", 1}, {"::1", 65535}}));
  for (const char* bad : {"", "a", "a:", ":1", "a:0", "a:65536", "a:1x", "a:1,,b:2"})
    EXPECT_FALSE(parse_endpoints(bad)) << bad;
}

TEST(Start, IsAnOffsetATimeOrAWord) {
  EXPECT_EQ(parse_start("earliest")->kind, StartAt::Kind::earliest);
  EXPECT_EQ(parse_start("latest")->kind, StartAt::Kind::latest);
  EXPECT_EQ(parse_start("42")->offset, 42);
  EXPECT_EQ(parse_start("@1357027200000")->timestamp, 1357027200000);
  EXPECT_EQ(parse_start("@2013-01-01T08:00:00Z")->timestamp, 1357027200000);
  EXPECT_EQ(parse_start("@2013-01-01T08:00:00")->timestamp, 1357027200000);
  for (const char* bad : {"", "@", "-1", "@tomorrow", "4x"}) EXPECT_FALSE(parse_start(bad)) << bad;
}

TEST(Failures, SayTheRootCauseOfAStackTrace) {
  const protocol::ProtocolError trace{
      protocol::ErrorCode::unknown_server_error,
      "org.x.FlussRuntimeException: Failed to get.\n\tat a.b(C.java:1)\nCaused by: "
      "org.x.TableNotExistException: Table 'a.b' does not exist.\n"};
  EXPECT_EQ(failed(trace).value().message, "Table 'a.b' does not exist.");
  EXPECT_EQ(failed(trace).value().code, "-1 UNKNOWN_SERVER_ERROR");
  const protocol::ProtocolError plain{protocol::ErrorCode::table_not_exist, "a: b.c: d"};
  EXPECT_EQ(failed(plain).value().message, "a: b.c: d");
  EXPECT_EQ(failed(protocol::ProtocolError{protocol::ErrorCode::request_time_out, ""}).value().exit,
            ExitCode::timed_out);
}

TEST(Progress, IsALineOfOneLength) {
  const std::string start = progress_line("flights", 0, 0, 0s);
  const std::string middle = progress_line("flights", 0.5, 150'000, 2s);
  EXPECT_EQ(middle, "flights    [===========           ]  50 %     150000 rows      75000 rows/s");
  EXPECT_LT(middle.size(), 77U);  // A line that wraps cannot be drawn again.
  EXPECT_EQ(start.size(), middle.size());
  EXPECT_EQ(progress_line("flights", 7.0, 1, 1s).size(), middle.size());
}

}  // namespace
}  // namespace millrace::cli
