#include "apps/agent/run_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "apps/agent/child_process.hpp"
#include "base/random.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// These test code that is about files and processes, so they use real ones.
class RunFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string shape = (fs::temp_directory_path() / "millrace-run-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(shape.data()), nullptr);
    directory = shape;
    ASSERT_TRUE(make_directories(directory));
  }
  void TearDown() override { fs::remove_all(directory); }

  NodeRecord sample() const {
    NodeRecord record;
    record.process = {4711, 123456, "boot", "/a/host-0"};
    record.member = {NodeId(0), "host-0", Incarnation(3), "FLUSS://127.0.0.1:1", "127.0.0.1:2",
                     "",        true};
    record.state = NodeState::ready;
    record.restart_count = 2;
    record.started_at = 1357017420123;
    return record;
  }

  fs::path directory;
};

TEST_F(RunFiles, NodeRecordComesBack) {
  const NodeRecord written = sample();
  ASSERT_TRUE(write_record(directory, written));
  const auto read = read_node_record(directory);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->process, written.process);
  EXPECT_EQ(read->member, written.member);
  EXPECT_EQ(read->state, written.state);
  EXPECT_EQ(read->restart_count, 2);
  EXPECT_EQ(read->started_at, written.started_at);
}

TEST_F(RunFiles, OtherRecordsComeBack) {
  ASSERT_TRUE(write_record(directory, AgentRecord{sample().process, NodeId(2), "host-2", 5}));
  const auto agent = read_agent_record(directory);
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->process, sample().process);
  EXPECT_EQ(agent->node, NodeId(2));
  ASSERT_TRUE(write_record(directory, LauncherRecord{sample().process, 3, 5}));
  EXPECT_EQ(read_launcher_record(directory)->host_count, 3);
  remove_agent_record(directory);
  EXPECT_EQ(read_agent_record(directory).error().code, Errc::unavailable);
}

TEST_F(RunFiles, DamagedRecordsAreErrors) {
  ASSERT_TRUE(write_record(directory, sample()));
  const fs::path path = directory / "run/node.json";
  std::string valid;
  std::getline(std::ifstream(path), valid);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string text = valid;
    for (int edit = 0; edit < 3; ++edit) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    text.resize(text.size() - random.below(3) * random.below(text.size()) / 4);
    std::ofstream(path, std::ios::trunc | std::ios::binary) << text;
    const auto read = read_node_record(directory);
    if (!read) {
      EXPECT_EQ(read.error().code, Errc::corrupt);
    }
  }
}

TEST_F(RunFiles, IncarnationsGrowAndAreNeverGuessed) {
  EXPECT_EQ(take_next_incarnation(directory), Incarnation(1));
  EXPECT_EQ(take_next_incarnation(directory), Incarnation(2));
  std::ofstream(directory / "run/incarnation", std::ios::trunc) << "";
  EXPECT_EQ(take_next_incarnation(directory).error().code, Errc::corrupt);
  std::ofstream(directory / "run/incarnation", std::ios::trunc) << "41\n";
  EXPECT_EQ(take_next_incarnation(directory), Incarnation(42));
}

TEST_F(RunFiles, ADirectoryIsHeldOnce) {
  auto first = lock_directory(directory, "agent.lock");
  ASSERT_TRUE(first);
  EXPECT_EQ(lock_directory(directory, "agent.lock").error().code, Errc::unavailable);
  first->close();
  EXPECT_TRUE(lock_directory(directory, "agent.lock"));
}

TEST_F(RunFiles, AProcessIsKnownByMoreThanItsId) {
  auto record = record_of_process(::getpid(), own_program().filename().string());
  ASSERT_TRUE(record);
  EXPECT_TRUE(is_alive(*record));
  ProcessRecord other = *record;
  other.start_ticks += 1;
  EXPECT_FALSE(is_alive(other));
  other = *record;
  other.boot_id = "another boot";
  EXPECT_FALSE(is_alive(other));
  other = *record;
  other.mark = "not in the command line";
  EXPECT_FALSE(is_alive(other));
  other.mark = "";
  EXPECT_FALSE(is_alive(other));
  EXPECT_FALSE(is_alive(ProcessRecord{}));
}

TEST_F(RunFiles, LastLinesAreTheLastOnes) {
  std::ofstream file(directory / "log/node.log");
  for (int i = 0; i < 5000; ++i) file << "line " << i << "\n";
  file.close();
  EXPECT_EQ(last_lines(directory / "log/node.log", 2),
            (std::vector<std::string>{"line 4998", "line 4999"}));
  EXPECT_TRUE(last_lines(directory / "missing", 2).empty());
}

}  // namespace
}  // namespace millrace
