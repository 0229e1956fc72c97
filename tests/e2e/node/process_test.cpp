// The node program as a process of its own: what it refuses to start on, and how it ends.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "apps/config/listener.hpp"
#include "tests/e2e/launcher/program.hpp"
#include "tests/e2e/node/blocking_client.hpp"
#include "tests/e2e/node/live_node.hpp"

namespace millrace {
namespace {

std::vector<std::string> variables(const TestFolder& folder, const std::string& cluster = "one",
                                   int node = 0) {
  return {"MILLRACE_DATA_DIR=" + (folder.path() / "data").string(),
          "MILLRACE_CLUSTER_ID=" + cluster,
          "MILLRACE_NODE_ID=" + std::to_string(node),
          "MILLRACE_COORDINATOR_NODE=" + std::to_string(node),
          "MILLRACE_BIND_LISTENERS=FLUSS://127.0.0.1:0",
          "MILLRACE_LINK_LISTENER=127.0.0.1:0",
          "MILLRACE_HTTP_LISTENER=",
          "MILLRACE_LOG_FORMAT=logfmt"};
}

/// Reads the node's log up to the line that says that it serves, and returns where.
Endpoint await_ready(Program& program) {
  while (const auto line = program.next_error_line()) {
    if (line->find("event=node_ready") == std::string::npos) continue;
    const std::size_t at = line->find("client=") + 7;
    const auto listener = parse_listener(line->substr(at, line->find(' ', at) - at));
    EXPECT_TRUE(listener.has_value()) << *line;
    if (listener) return {listener->host, listener->port};
  }
  ADD_FAILURE() << "the node ended before it was ready";
  return {};
}

void run_once(const TestFolder& folder) {
  Program program({"node"}, variables(folder));
  (void)await_ready(program);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

TEST(NodeProcess, SigtermDrainsAndExitsWithZero) {
  const TestFolder folder;
  Program program({"node"}, variables(folder));
  BlockingClient client(await_ready(program));
  EXPECT_TRUE(client.is_served());
  program.signal(SIGTERM);
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(program.wait_for_exit(), 0);
  EXPECT_NE(program.rest_of_errors().find("event=node_stopped"), std::string::npos);
}

TEST(NodeProcess, DrainsCleanlyPastAClientThatTakesNoAnswers) {
  const TestFolder folder;
  Program program({"node"}, variables(folder));
  BlockingClient client(await_ready(program));
  ASSERT_TRUE(client.is_served());
  // More answers than the kernel's buffers take; none of them is read.
  std::string requests;
  for (int i = 0; i < 60'000; ++i) {
    requests += request_frame(protocol::ApiKey::api_versions, i, handshake_body());
  }
  ASSERT_TRUE(client.write(requests));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
  EXPECT_NE(program.rest_of_errors().find("event=node_stopped"), std::string::npos);
}

TEST(NodeProcess, LogsOneJsonObjectPerLineUnlessToldOtherwise) {
  const TestFolder folder;
  auto as_usual = variables(folder);
  as_usual.pop_back();
  Program program({"node"}, as_usual);
  bool is_ready = false;
  while (!is_ready) {
    const auto line = program.next_error_line();
    ASSERT_TRUE(line);
    EXPECT_TRUE(line->starts_with("{\"time\":\"20") && line->ends_with("}")) << *line;
    is_ready = line->find("\"event\":\"node_ready\",\"node\":0,") != std::string::npos;
  }
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

TEST(NodeProcess, StartsAgainOnItsOwnData) {
  const TestFolder folder;
  run_once(folder);
  run_once(folder);
}

TEST(NodeProcess, RefusesTheDataOfAnotherClusterByName) {
  const TestFolder folder;
  run_once(folder);
  const Finished refused = run_program({"node"}, variables(folder, "two"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("data directory belongs to cluster one, not to two"),
            std::string::npos)
      << refused.errors;
}

TEST(NodeProcess, RefusesTheDataOfAnotherNodeByName) {
  const TestFolder folder;
  run_once(folder);
  const Finished refused = run_program({"node"}, variables(folder, "one", 3));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("data directory belongs to node 0, not to node 3"),
            std::string::npos)
      << refused.errors;
}

TEST(NodeProcess, RefusesAFolderThatIsNoDataDirectory) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.path() / "data");
  std::ofstream(folder.path() / "data" / "holiday.jpg") << "not ours";
  const Finished refused = run_program({"node"}, variables(folder));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("not a Millrace data directory"), std::string::npos)
      << refused.errors;
}

}  // namespace
}  // namespace millrace
