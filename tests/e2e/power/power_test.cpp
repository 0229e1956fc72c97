// A node whose disk fails or whose host loses power, as a real process with a shim in front of its
// files. Everything that was acknowledged must be there afterwards, once and in order.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "apps/config/listener.hpp"
#include "base/random.hpp"
#include "tests/e2e/client/client_suite.hpp"
#include "tests/e2e/launcher/program.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t rows_per_batch = 20;

class PowerTest : public testing::Test {
 protected:
  PowerTest() {
    std::string pattern = (fs::temp_directory_path() / "millrace-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~PowerTest() override {
    node_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void start_node() {
    const std::string shim = FAULT_SHIM;
    node_.emplace(
        std::vector<std::string>{"node"},
        std::vector<std::string>{
            "MILLRACE_DATA_DIR=" + (folder_ / "data").string(), "MILLRACE_CLUSTER_ID=one",
            "MILLRACE_NODE_ID=0", "MILLRACE_COORDINATOR_NODE=0",
            "MILLRACE_BIND_LISTENERS=FLUSS://127.0.0.1:" + std::to_string(address_.port),
            "MILLRACE_LINK_LISTENER=127.0.0.1:0",
            "MILLRACE_HTTP_LISTENER=", "MILLRACE_LOG_FORMAT=logfmt", "LD_PRELOAD=" + shim,
            "FAULT_SHIM_FAULTS=" + faults().string(), "FAULT_SHIM_SYNCED=" + notes().string()});
    while (const auto line = node_->next_error_line()) {
      const std::size_t at = line->find("client=");
      if (line->find("event=node_ready") == std::string::npos || at == std::string::npos) continue;
      const auto listener = parse_listener(line->substr(at + 7, line->find(' ', at) - at - 7));
      ASSERT_TRUE(listener) << *line;
      address_ = {listener->host, listener->port};
      return;
    }
    FAIL() << "the node ended before it was ready";
  }

  void end_node(int signal) {
    node_->signal(signal);
    const int code = node_->wait_for_exit();
    EXPECT_EQ(code, signal == SIGTERM ? 0 : -signal) << node_->rest_of_errors();
  }

  void set_fault(const std::string& fault) { std::ofstream(faults()) << fault; }

  /// What was not synced survives as a prefix or not at all; what was torn ends in other bytes.
  /// Room that was made behind the end may be there all the same.
  void lose_power(Random& random) {
    std::map<std::string, std::uint64_t> synced;
    std::ifstream lines(notes());
    for (std::string path, size; lines >> size >> path;) synced[path] = std::stoull(size);
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "data" / "log")) {
      if (!entry.is_regular_file() || entry.path().extension().empty()) continue;
      const std::uint64_t size = fs::file_size(entry);
      const std::uint64_t safe = synced[entry.path().string()];
      const std::uint64_t end = end_of_contents(entry.path(), size);
      if (end <= safe) continue;
      const std::uint64_t kept = safe + random.below(end - safe + 1);
      fs::resize_file(entry, kept);
      lost_bytes_ += end - kept;
      if (random.chance(1, 2)) fs::resize_file(entry, size);  // Zeros come in its place.
      if (kept == safe || random.chance(1, 2)) continue;
      std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(
          static_cast<std::streamoff>(std::max(safe, kept - std::min<std::uint64_t>(kept, 512))));
      while (static_cast<std::uint64_t>(file.tellp()) < kept)
        file.put(static_cast<char>(random.below(256)));
    }
  }

  /// Where the zeros begin that a file ends with, if any.
  static std::uint64_t end_of_contents(const fs::path& path, std::uint64_t size) {
    std::ifstream file(path, std::ios::binary);
    std::string content(size, '\0');
    file.read(content.data(), static_cast<std::streamsize>(size));
    const std::size_t last = content.find_last_not_of('\0');
    return last == std::string::npos ? 0 : last + 1;
  }

  void create_table(Calls& calls, const std::string& durability) {
    must(calls.create_database("power"));
    auto table = log_table();
    table.custom_properties["millrace.durability"] = durability;
    must(calls.create_table(path_, table));
  }

  /// Appends and counts what was answered.
  void queue(client::Appender& appender) {
    const int batch = queued_++;
    const auto queued = appender.append_to(
        BucketIndex{0}, rows(batch * rows_per_batch, rows_per_batch),
        [this, batch](const Outcome<client::Appended>& outcome) {
          EXPECT_TRUE(outcome) << "batch " << batch << ": " << outcome.error().message;
          ++answered_;
        });
    ASSERT_TRUE(queued) << queued.error().message;
  }

  void append_until(Calls& calls, client::Appender& appender, int answers) {
    while (answered_ < answers) {
      ASSERT_TRUE(calls.until([&] { return answered_ >= answers || appender.has_room(); }));
      if (appender.has_room()) queue(appender);
    }
  }

  static void wait_for(Calls& calls, Duration time) {
    const auto end = std::chrono::steady_clock::now() + time;
    (void)calls.until([&] { return std::chrono::steady_clock::now() > end; });
  }

  void check_all(Calls& calls) {
    ASSERT_TRUE(calls.until([&] { return answered_ == queued_; }));
    const std::int64_t count = queued_ * rows_per_batch;
    const auto found = read_rows(calls, path_, count);
    EXPECT_TRUE(is_dense(found.at(0), 0));
    EXPECT_EQ(ids_of(found.at(0)), counted(0, count));
  }

  [[nodiscard]] fs::path faults() const { return folder_ / "faults"; }
  [[nodiscard]] fs::path notes() const { return folder_ / "synced"; }

  const TablePath path_{"power", "rows"};
  std::optional<Program> node_;
  Endpoint address_{"127.0.0.1", 0};
  int queued_ = 0;
  int answered_ = 0;
  std::uint64_t lost_bytes_ = 0;

 private:
  fs::path folder_;
};

TEST_F(PowerTest, ADurableTableLosesNothingWithThePower) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const char* const given = std::getenv("MILLRACE_E2E_SEED");
  const std::uint64_t seed =
      given == nullptr ? static_cast<std::uint64_t>(now) : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE(testing::Message() << "MILLRACE_E2E_SEED=" << seed);
  Random random(seed);
  start_node();
  Calls calls({address_});
  create_table(calls, "disk");
  const auto appender = calls.appender(path_);
  for (int round = 0; round < 8; ++round) {
    append_until(calls, *appender, answered_ + static_cast<int>(random.between(1, 200)));
    end_node(SIGKILL);
    lose_power(random);
    start_node();
  }
  check_all(calls);
  EXPECT_GT(lost_bytes_, 0U);
  end_node(SIGTERM);
}

TEST_F(PowerTest, WritesThatFailAreRepeatedAndNothingElseIsLost) {
  start_node();
  Calls calls({address_});
  create_table(calls, "memory");
  const auto appender = calls.appender(path_);
  for (const std::string fault : {"write-eio", "write-enospc", "read-eio"}) {
    append_until(calls, *appender, answered_ + 50);
    set_fault(fault);
    while (appender->has_room()) queue(*appender);
    // For the fault to do something.
    wait_for(calls, 1s);
    if (fault.starts_with("write")) {
      EXPECT_LT(answered_, queued_) << fault;
    }
    set_fault("");
    ASSERT_TRUE(calls.until([&] { return answered_ == queued_; })) << fault;
  }
  check_all(calls);
  end_node(SIGTERM);
}

TEST_F(PowerTest, AFailedSyncIsNotBelievedUntilTheNodeStartsAnew) {
  start_node();
  Calls calls({address_});
  create_table(calls, "disk");
  const auto appender = calls.appender(path_);
  append_until(calls, *appender, 50);
  set_fault("sync-eio");
  while (appender->has_room()) queue(*appender);
  wait_for(calls, 1s);  // The client works only while somebody waits.
  while (const auto line = node_->next_error_line()) {
    if (line->find("event=directory_fenced") != std::string::npos) break;
  }
  set_fault("");
  wait_for(calls, 1s);  // Answers from before the fault may still be on their way.
  const int before = answered_;
  wait_for(calls, 1s);
  EXPECT_EQ(answered_, before);  // The disk is well again, and still nothing is written.
  end_node(SIGTERM);
  start_node();
  check_all(calls);
  end_node(SIGTERM);
}

}  // namespace
}  // namespace millrace
