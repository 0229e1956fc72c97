// What people are told about a cluster that runs.
#include <set>

#include "tests/e2e/client/client_suite.hpp"
#include "tests/e2e/client/live_cluster.hpp"

namespace millrace {
namespace {

TEST_F(ClientSuite, StatusTellsWhatEachNodeUsesOfItsBounds) {
  if (ours() == nullptr) GTEST_SKIP() << "needs the command line; the server is a peer";
  make_table(log_table(3));
  const auto appender = calls().appender(path());
  must(calls().append(*appender, rows(0, 10)));
  std::set<std::string> used;
  const nlohmann::json status = ours()->status();
  for (const auto& host : status.at("hosts")) {
    const nlohmann::json& memory = host.at("memory");
    EXPECT_EQ(memory.at("error"), "");
    EXPECT_GT(memory.at("resident_bytes").get<std::uint64_t>(), 1'000'000U);
    for (const auto& budget : memory.at("budgets")) {
      SCOPED_TRACE(budget.dump());
      EXPECT_GT(budget.at("limit").get<std::uint64_t>(), 0U);
      EXPECT_LE(budget.at("fullest").get<std::uint64_t>(), budget.at("limit").get<std::uint64_t>());
      if (budget.at("used") > 0) used.insert(budget.at("name").get<std::string>());
    }
  }
  for (const std::string name :
       {"connections", "connections_of_console", "metadata_store", "open_logs_of_device"}) {
    EXPECT_TRUE(used.contains(name)) << name;
  }
  must(calls().drop_table(path()));
}

}  // namespace
}  // namespace millrace
