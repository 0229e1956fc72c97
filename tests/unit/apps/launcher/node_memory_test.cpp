#include "apps/launcher/node_memory.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <thread>

#include "apps/agent/file_descriptor.hpp"
#include "apps/launcher/console_client.hpp"

namespace millrace {
namespace {

const std::string page =
    R"({"node":0,"resident_bytes":85000000,"budgets":[)"
    R"({"name":"open_logs_of_device","unit":"logs","limit":1024,"holders":2,"used":30,"fullest":20},)"
    R"({"name":"requests","unit":"bytes","limit":268435456,"holders":1,"used":1500,"fullest":1500}]})";

NodeMemory memory_of_page() { return parse_memory_page(page).value(); }

TEST(NodeMemory, APageIsReadAndWhatIsNoneIsRefused) {
  const NodeMemory memory = memory_of_page();
  EXPECT_EQ(memory.resident_bytes, 85'000'000U);
  ASSERT_EQ(memory.budgets.size(), 2U);
  EXPECT_EQ(memory.budgets[0].fullest, 20U);
  EXPECT_EQ(memory.budgets[1].limit, 268'435'456U);
  EXPECT_FALSE(parse_memory_page(R"({"resident_bytes":null,"budgets":[]})")->resident_bytes);
  for (const std::string bad :
       {"", "not a page", "{", R"({"resident_bytes":-1,"budgets":[]})",
        R"({"resident_bytes":null})", R"({"resident_bytes":null,"budgets":[{"name":"x"}]})"}) {
    const auto refused = parse_memory_page(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Errc::malformed) << bad;
  }
}

TEST(NodeMemory, TheTableHasALineForEachBudgetAndAColumnForEachNode) {
  NodeMemory silent;
  silent.problem = "console: no answer in time";
  const std::string table = memory_table({{"host-0", memory_of_page()}, {"host-1", silent}});
  EXPECT_EQ(table,
            "MEMORY               host-0            host-1\n"
            "resident             81.1mb            console: no answer in time\n"
            "open_logs_of_device  20 of 1024\n"
            "requests             1.5kb of 256.0mb\n")
      << table;
  EXPECT_EQ(memory_table({{"host-1", silent}}), "");
}

TEST(NodeMemory, TheDocumentHasAllItsKeysWhateverIsKnown) {
  for (const NodeMemory& memory : {NodeMemory{}, memory_of_page()}) {
    const YAML::Node document = YAML::Load(document_of(memory).json());
    EXPECT_TRUE(document["error"].IsScalar());
    EXPECT_TRUE(document["resident_bytes"].IsDefined());
    EXPECT_TRUE(document["budgets"].IsSequence());
  }
  const YAML::Node document = YAML::Load(document_of(memory_of_page()).json());
  EXPECT_EQ(document["budgets"][1]["used"].as<int>(), 1500);
}

/// Gives one answer to whoever comes, or none.
class OneAnswer {
 public:
  explicit OneAnswer(std::optional<std::string> answer)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, sizeof address), 0);
    EXPECT_EQ(::listen(socket_.get(), 4), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
    if (!answer) return;
    thread_ = std::thread([this, text = *std::move(answer)] {
      const FileDescriptor client(::accept(socket_.get(), nullptr, nullptr));
      char part[4096];
      const ssize_t got = ::recv(client.get(), part, sizeof part, 0);
      asked_.assign(part, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      EXPECT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(text.size()));
    });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// What came.
  [[nodiscard]] std::string asked() {
    thread_.join();
    return asked_;
  }

 private:
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::string asked_;
};

TEST(NodeMemory, AConsoleIsAskedWithItsToken) {
  OneAnswer console("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + page);
  const NodeMemory memory = read_node_memory(console.address(), "secret");
  EXPECT_EQ(memory.problem, "");
  EXPECT_EQ(memory.budgets.size(), 2U);
  EXPECT_EQ(console.asked(), "GET /v1/memory HTTP/1.1\r\nHost: " + console.address() +
                                 "\r\nConnection: close\r\nAuthorization: Bearer secret\r\n\r\n");
}

TEST(NodeMemory, WhatIsNoAnswerIsAProblemByName) {
  EXPECT_EQ(read_node_memory("", "").problem, "no console");
  OneAnswer refusal("HTTP/1.1 401 Unauthorized\r\n\r\n{}");
  EXPECT_EQ(read_node_memory(refusal.address(), "").problem, "console: 401 Unauthorized");
  OneAnswer stranger("SSH-2.0\r\n");
  EXPECT_EQ(read_node_memory(stranger.address(), "").problem, "console: that is no console");
  OneAnswer liar("HTTP/1.1 200 OK\r\n\r\nhello");
  EXPECT_EQ(read_node_memory(liar.address(), "").problem.substr(0, 32),
            "console: not a page about memory");
}

TEST(NodeMemory, AConsoleThatDoesNotAnswerIsNotWaitedForLong) {
  const OneAnswer deaf(std::nullopt);
  const auto begun = std::chrono::steady_clock::now();
  const auto page_of_deaf =
      read_console_page({"", "127.0.0.1", 0}, "/v1/memory", "", 100ms);  // Nobody listens there.
  EXPECT_FALSE(page_of_deaf);
  const auto listener = parse_listeners(deaf.address()).value().front();
  EXPECT_EQ(read_console_page(listener, "/v1/memory", "", 100ms).error().message,
            "no answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

}  // namespace
}  // namespace millrace
