#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "apps/agent/child_process.hpp"
#include "tests/e2e/launcher/program.hpp"
#include "tests/unit/apps/launcher/notify_listener.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class Launcher : public ::testing::Test {
 protected:
  void SetUp() override {
    // Nodes whose agent died become our children, so that their end is not left uncollected.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    std::string shape = (fs::temp_directory_path() / "millrace-launcher-XXXXXX").string();
    ASSERT_NE(::mkdtemp(shape.data()), nullptr);
    directory = shape;
  }

  void TearDown() override {
    const auto left = processes_of(directory);
    EXPECT_TRUE(left.empty()) << left.size() << " processes are left";
    for (const int process : left) ::kill(process, SIGKILL);
    while (take_ended_child()) {
    }
    fs::remove_all(directory);
  }

  Words with_directory(Words words) const {
    words.push_back("--dir=" + directory.string());
    return words;
  }

  Words up(Words more = {}) const {
    Words words = with_directory({"up", "--json", "--node-program=" FAKE_NODE_PROGRAM});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  Finished run(const std::string& command) const {
    return run_program(with_directory({command, "--json"}));
  }

  fs::path directory;
};

Program::Matches is_node(int node) {
  return [node](const YAML::Node& event) { return event["node"].as<int>() == node; };
}

std::vector<std::string> bootstrap_of(const std::string& result) {
  std::vector<std::string> addresses;
  std::stringstream text(YAML::Load(result)["bootstrap"].as<std::string>());
  for (std::string address; std::getline(text, address, ',');) addresses.push_back(address);
  return addresses;
}

TEST_F(Launcher, StartsThreeHostsAndDrainsThemOnSigterm) {
  Program program(up());
  const auto result = program.next_line();
  ASSERT_TRUE(result);
  const auto addresses = bootstrap_of(*result);
  ASSERT_EQ(addresses.size(), 3U);
  for (const std::string& address : addresses) {
    EXPECT_EQ(ask_fake_node(address, 3), "3 0:1:up 1:1:up 2:1:up\n");
  }
  EXPECT_TRUE(YAML::Load(*result)["console"].as<std::string>().starts_with("http://127.0.0.1:"));
  const Finished status = run("status");
  EXPECT_EQ(status.exit_code, 0) << status.output;
  EXPECT_EQ(YAML::Load(status.output)["health"].as<std::string>(), "fine");
  for (const YAML::Node& host : YAML::Load(status.output)["hosts"]) {
    EXPECT_EQ(host["memory"]["resident_bytes"].as<int>(), 1'000'000);
    EXPECT_EQ(host["memory"]["budgets"][0]["used"].as<int>(), 3);
  }
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
  EXPECT_EQ(run("status").exit_code, 3);
}

TEST_F(Launcher, AKilledNodeComesBackOnItsPortsAsTheNextIncarnation) {
  Program program(up());
  const auto started = program.next_event("node_started", is_node(1));
  const auto ready = program.next_event("node_ready", is_node(1));
  const auto addresses = bootstrap_of(program.next_line().value());
  ASSERT_EQ(::kill(started["pid"].as<int>(), SIGKILL), 0);
  const auto exited = program.next_event("node_exited", is_node(1));
  EXPECT_EQ(exited["signal"].as<int>(), SIGKILL);
  EXPECT_EQ(exited["incarnation"].as<int>(), 1);
  const auto again = program.next_event("node_ready", is_node(1));
  EXPECT_EQ(again["incarnation"].as<int>(), 2);
  for (const char* listener : {"client", "link", "http"}) {
    EXPECT_EQ(again[listener].as<std::string>(), ready[listener].as<std::string>());
  }
  // Ready three times, one exit, ready again.
  for (const std::string& address : addresses) {
    EXPECT_EQ(ask_fake_node(address, 5), "5 0:1:up 1:2:up 2:1:up\n");
  }
  const YAML::Node status = YAML::Load(run("status").output);
  EXPECT_EQ(status["hosts"][1]["node"]["restarts"].as<int>(), 1);
  program.signal(SIGINT);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

TEST_F(Launcher, ANodeOutlivesItsAgentAndDownFindsIt) {
  Program program(up());
  const auto agent = program.next_event("agent_started", [](const YAML::Node& event) {
    return event["host"].as<std::string>() == "host-2";
  });
  const auto addresses = bootstrap_of(program.next_line().value());
  const std::string map = "3 0:1:up 1:1:up 2:1:up\n";
  ASSERT_EQ(ask_fake_node(addresses[2], 3), map);
  ASSERT_EQ(::kill(agent["pid"].as<int>(), SIGKILL), 0);
  (void)program.next_event("agent_exited");
  EXPECT_EQ(ask_fake_node(addresses[2], 3), map);
  const Finished status = run("status");
  EXPECT_EQ(status.exit_code, 4);
  const YAML::Node host = YAML::Load(status.output)["hosts"][2];
  EXPECT_FALSE(host["agent"]["alive"].as<bool>());
  EXPECT_TRUE(host["node"]["alive"].as<bool>());
  const Finished down = run("down");
  EXPECT_EQ(down.exit_code, 0) << down.output << down.errors;
  EXPECT_EQ(program.wait_for_exit(), 0);
  EXPECT_TRUE(processes_of(directory).empty());
}

TEST_F(Launcher, TheSecondOneOnADirectoryIsRefused) {
  Program program(up({"--hosts=1"}));
  ASSERT_TRUE(program.next_line());
  const Finished second = run_program(up());
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.errors.find("up.directory"), std::string::npos) << second.errors;
  EXPECT_EQ(run("status").exit_code, 0);
  EXPECT_EQ(run("down").exit_code, 0);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

TEST_F(Launcher, WhatAKilledLauncherLeavesIsRefusedThenEnded) {
  Program program(up({"--hosts=2"}));
  const auto addresses = bootstrap_of(program.next_line().value());
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait_for_exit(), -SIGKILL);
  EXPECT_EQ(ask_fake_node(addresses[0], 2), "2 0:1:up 1:1:up\n");
  EXPECT_EQ(run("status").exit_code, 4);
  const Finished second = run_program(up());
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.errors.find("processes of an earlier run"), std::string::npos);
  const Finished down = run("down");
  EXPECT_EQ(down.exit_code, 0);
  for (const YAML::Node& process : YAML::Load(down.output)) {
    EXPECT_EQ(process["how"].as<std::string>(), "drained");
  }
}

TEST_F(Launcher, DetachedItReturnsWhenReadyAndKeepsItsPortsTheNextTime) {
  const Finished first = run_program(up({"--detach"}));
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_EQ(run("status").exit_code, 0);
  EXPECT_EQ(run("down").exit_code, 0);
  EXPECT_TRUE(processes_of(directory).empty());
  const Finished second = run_program(up({"--detach"}));
  ASSERT_EQ(second.exit_code, 0) << second.errors;
  EXPECT_EQ(bootstrap_of(second.output), bootstrap_of(first.output));
  EXPECT_EQ(YAML::Load(second.output)["cluster_id"].as<std::string>(),
            YAML::Load(first.output)["cluster_id"].as<std::string>());
  EXPECT_EQ(YAML::Load(second.output)["hosts"][0]["incarnation"].as<int>(), 2);
  EXPECT_EQ(run("down").exit_code, 0);
}

TEST_F(Launcher, ANodeThatFailsIsBlamedWithItsLastWords) {
  const Finished finished = run_program(up({"--hosts=2"}), {"FAKE_NODE=fails"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.output, "");
  EXPECT_NE(finished.errors.find("failed 3 times before it was ready"), std::string::npos);
  EXPECT_NE(finished.errors.find("  | this fake node was told to fail"), std::string::npos);
  EXPECT_TRUE(processes_of(directory).empty());
}

TEST_F(Launcher, ANodeThatIsNeverReadyTimesOut) {
  for (const char* detach : {"--hosts=2", "--detach"}) {
    SCOPED_TRACE(detach);
    const Finished finished =
        run_program(up({detach, "--set=millrace.ready.timeout=1s"}), {"FAKE_NODE=silent"});
    EXPECT_EQ(finished.exit_code, 5);
    EXPECT_EQ(finished.output, "");
    EXPECT_NE(finished.errors.find("was not ready within 1 s"), std::string::npos);
    EXPECT_TRUE(processes_of(directory).empty());
  }
}

TEST_F(Launcher, TheSecondSignalKillsWhatDoesNotDrain) {
  Program program(up({"--set=millrace.drain.timeout=10min"}), {"FAKE_NODE=stubborn"});
  ASSERT_TRUE(program.next_line());
  program.signal(SIGTERM);
  (void)program.next_event("signal_received");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 1);
  EXPECT_TRUE(processes_of(directory).empty());
}

TEST_F(Launcher, ADrainThatTakesTooLongEndsInAKill) {
  Program program(up({"--hosts=1", "--set=millrace.drain.timeout=100ms"}), {"FAKE_NODE=stubborn"});
  ASSERT_TRUE(program.next_line());
  program.signal(SIGTERM);
  const auto exited = program.next_event("node_exited");
  EXPECT_EQ(exited["signal"].as<int>(), SIGKILL);
  EXPECT_EQ(program.wait_for_exit(), 1);
}

TEST_F(Launcher, DownSaysWhichNodesHadToBeKilled) {
  const Words settings = {"--hosts=1", "--detach", "--set=millrace.drain.timeout=100ms"};
  ASSERT_EQ(run_program(up(settings), {"FAKE_NODE=stubborn"}).exit_code, 0);
  const Finished down = run("down");
  EXPECT_EQ(down.exit_code, 4);
  std::map<std::string, std::string> ends;
  for (const YAML::Node& process : YAML::Load(down.output)) {
    ends[process["kind"].as<std::string>()] = process["how"].as<std::string>();
  }
  EXPECT_EQ(ends["launcher"], "drained");
  EXPECT_EQ(ends["node"], "killed");
}

TEST_F(Launcher, BasePortNamesThePortsOfEachHost) {
  // Any free range will do; the kernel names one.
  Program probe(up({"--hosts=1"}));
  const std::string free = bootstrap_of(probe.next_line().value()).front();
  probe.signal(SIGTERM);
  EXPECT_EQ(probe.wait_for_exit(), 0);
  const int port = std::min(std::stoi(free.substr(free.rfind(':') + 1)), 60'000);
  Program program(up({"--hosts=1", fmt::format("--base-port={}", port)}));
  EXPECT_EQ(bootstrap_of(program.next_line().value()).front(), fmt::format("127.0.0.1:{}", port));
  EXPECT_EQ(run("down").exit_code, 0);
  EXPECT_EQ(program.wait_for_exit(), 0);
}

TEST_F(Launcher, TellsTheServiceManagerWhenAllNodesAreReadyAndWhenTheyDrain) {
  const NotifyListener manager;
  Program program(up(), {"NOTIFY_SOCKET=" + manager.address()});
  const YAML::Node result = YAML::Load(program.next_line().value());
  EXPECT_EQ(manager.next(), fmt::format("READY=1\nSTATUS=hosts 3, bootstrap {}, console {}",
                                        result["bootstrap"].as<std::string>(),
                                        result["console"].as<std::string>()));
  // Agents and nodes do not speak for the whole.
  for (const int process : processes_of(directory)) {
    if (process == program.process_id()) continue;
    std::ifstream file(fmt::format("/proc/{}/environ", process), std::ios::binary);
    const std::string variables{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(variables.find("MILLRACE_"), std::string::npos);
    EXPECT_EQ(variables.find("NOTIFY_SOCKET"), std::string::npos) << process;
  }
  EXPECT_EQ(manager.next(), "nothing");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait_for_exit(), 0);
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(manager.next(), "nothing");
}

TEST_F(Launcher, AStartThatFailsIsNeverReady) {
  const NotifyListener manager;
  const Finished finished =
      run_program(up({"--hosts=2"}), {"FAKE_NODE=fails", "NOTIFY_SOCKET=" + manager.address()});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(manager.next(), "nothing");
}

TEST_F(Launcher, AServiceManagerThatCannotBeToldCostsALine) {
  for (const char* address : {"vsock:2:1", "@millrace-notify-nobody"}) {
    Program program(up({"--hosts=1"}), {std::string("NOTIFY_SOCKET=") + address});
    ASSERT_TRUE(program.next_line()) << address;
    EXPECT_EQ(run("down").exit_code, 0);
    EXPECT_EQ(program.wait_for_exit(), 0);
    const std::string errors = program.rest_of_errors();
    const std::string event =
        *address == '@' ? "service_manager_not_told" : "notify_socket_ignored";
    EXPECT_NE(errors.find(event), std::string::npos) << errors;
  }
}

TEST_F(Launcher, ABadConfigurationStartsNothing) {
  const Finished finished = run_program(up({"--set=security.sasl.enabled.mechanisms=GSSAPI"}));
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_NE(finished.errors.find("security.sasl.enabled.mechanisms"), std::string::npos);
  EXPECT_EQ(run_program(up({"--hosts=0"})).exit_code, 2);
  EXPECT_EQ(run_program(up({"--hots=3"})).exit_code, 2);
  EXPECT_TRUE(fs::is_empty(directory));
}

}  // namespace
}  // namespace millrace
