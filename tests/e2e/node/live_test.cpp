// A real node against clients that misbehave: each costs its own connection and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "base/random.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/fetch_response.hpp"
#include "protocol/produce_request.hpp"
#include "tests/e2e/node/blocking_client.hpp"
#include "tests/e2e/node/live_node.hpp"
#include "tests/unit/actors/coordinator/commands.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace {
namespace {

using protocol::ApiKey;

std::string bytes_of_length(std::int32_t length, std::size_t follow) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(length >> shift));
  return bytes + std::string(follow, 'x');
}

TEST(LiveNode, AConnectionThatSpeaksGarbageEndsAndOthersGoOn) {
  LiveNode node;
  BlockingClient fine(node.client());
  ASSERT_TRUE(fine.is_served());
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), std::string(64, '\xff'),
        bytes_of_length(0, 4), bytes_of_length(-1, 9), bytes_of_length(7, 7),
        bytes_of_length(1, 1)}) {
    BlockingClient client(node.client());
    client.write(garbage);
    EXPECT_TRUE(client.ends());
    EXPECT_TRUE(fine.is_served());
  }
}

TEST(LiveNode, RandomBytesNeverStopTheNode) {
  LiveNode node;
  Random random(5);
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    // A frame that is cut right, filled with anything, for any API.
    std::string body;
    for (std::uint64_t n = random.below(60); n > 0; --n) {
      body.push_back(static_cast<char>(random.below(256)));
    }
    BlockingClient client(node.client());
    ASSERT_TRUE(client.request(static_cast<ApiKey>(random.between(995, 1070)), 3, body));
    const auto answer = client.next();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->request_id, 3);
    EXPECT_TRUE(client.is_served());
  }
}

TEST(LiveNode, AFrameAboveTheBoundEndsItsConnectionBeforeItArrives) {
  gateway::GatewayOptions options;
  options.connection.request_bytes_max = 4096;
  LiveNode node(options);
  BlockingClient fine(node.client());
  BlockingClient large(node.client());
  ASSERT_TRUE(large.is_served());
  large.write(bytes_of_length(4097, 0));
  EXPECT_TRUE(large.ends());
  BlockingClient largest(node.client());
  EXPECT_TRUE(largest.request(static_cast<ApiKey>(1), 9, std::string(4096 - 8, 'x')));
  EXPECT_TRUE(largest.next().has_value());
  EXPECT_TRUE(fine.is_served());
}

TEST(LiveNode, ATruncatedOrHalfOpenFrameHoldsNobodyUp) {
  LiveNode node;
  BlockingClient fine(node.client());
  const std::string frame = request_frame(ApiKey::api_versions, 1, handshake_body());
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    BlockingClient client(node.client());
    client.write(frame.substr(0, cut));
    client.hang_up();
  }
  BlockingClient silent(node.client());
  silent.write(frame.substr(0, 11));
  EXPECT_TRUE(fine.is_served());
  silent.write(frame.substr(11));
  EXPECT_TRUE(silent.next().has_value());
}

TEST(LiveNode, ASlowDripIsServedOnceItIsWhole) {
  LiveNode node;
  BlockingClient drip(node.client());
  BlockingClient fine(node.client());
  const std::string frame = request_frame(ApiKey::api_versions, 77, handshake_body());
  for (const char byte : frame) {
    ASSERT_TRUE(drip.write({&byte, 1}));
    ASSERT_TRUE(fine.is_served());
  }
  const auto answer = drip.next();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->request_id, 77);
}

TEST(LiveNode, PipelinedRequestsAreAllAnsweredOnce) {
  constexpr std::int32_t requests = 2000;  // More than may be on their way at once.
  LiveNode node;
  BlockingClient client(node.client());
  std::string all;
  for (std::int32_t id = 0; id < requests; ++id) {
    all += request_frame(ApiKey::api_versions, id, handshake_body());
  }
  ASSERT_TRUE(client.write(all));
  std::set<std::int32_t> answered;
  for (std::int32_t i = 0; i < requests; ++i) {
    const auto answer = client.next();
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answered.insert(answer->request_id).second);
  }
  EXPECT_EQ(answered.size(), static_cast<std::size_t>(requests));
}

TEST(LiveNode, ConnectionsBeyondTheCapAreClosed) {
  gateway::GatewayOptions options;
  options.connections_max = 2;
  LiveNode node(options);
  BlockingClient one(node.client());
  ASSERT_TRUE(one.is_served());
  {
    BlockingClient two(node.client());
    ASSERT_TRUE(two.is_served());
    BlockingClient three(node.client());
    EXPECT_TRUE(three.ends());
    EXPECT_TRUE(one.is_served());
  }
  // Once the node has noticed that the second is gone, there is room again.
  bool is_served = false;
  for (int attempt = 0; attempt < 10'000 && !is_served; ++attempt) {
    is_served = BlockingClient(node.client()).is_served();
  }
  EXPECT_TRUE(is_served);
  EXPECT_TRUE(one.is_served());
}

/// docs/limits.md has the same list, and every one that can pile up while a node runs is here.
TEST(LiveNode, EveryBoundOfTheNodeIsInItsBook) {
  LiveNode node;
  BlockingClient client(node.client());
  ASSERT_TRUE(client.is_served());
  // A node serves before its devices have started.
  const std::size_t bounds = 10;
  for (int attempt = 0; attempt < 10'000; ++attempt) {
    if (node.context().budgets().uses().size() >= bounds) break;
    ASSERT_TRUE(client.is_served());
  }
  std::vector<std::string> names;
  for (const BudgetUse& use : node.context().budgets().uses()) {
    names.push_back(use.name);
    EXPECT_GT(use.limit, 0U) << use.name;
    EXPECT_LE(use.fullest, use.limit) << use.name;
    if (use.name == "connections") {
      EXPECT_EQ(use.used, 1U);
    }
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"answers", "answers_of_connection", "appends_of_device",
                                      "calls_of_connection", "commands_of_coordinator",
                                      "connections", "deltas_of_coordinator", "open_logs_of_device",
                                      "requests", "requests_of_connection"}));
}

TEST(LiveNode, AnIdleConnectionIsClosed) {
  gateway::GatewayOptions options;
  options.connection.idle_max = 50ms;
  LiveNode node(options);
  EXPECT_TRUE(BlockingClient(node.client()).ends());
}

/// By bucket: base offset, or error negated.
using Outcomes = std::map<std::int32_t, std::int64_t>;

/// A node with a table of two buckets, and a client of it.
class LiveTable : public testing::Test {
 protected:
  explicit LiveTable(const LiveNode::Shape& shape = {}) : node({}, shape) {
    table_id_ = create_table("flights");
  }

  /// Returns its id.
  std::int64_t create_table(const std::string& name) {
    wire::CreateTableRequest create;
    create.mutable_table_path()->set_database_name("fluss");
    create.mutable_table_path()->set_table_name(name);
    protocol::TableDescriptor table = coordinator::log_table();
    table.bucket_count = 2;
    schema_ = table.schema;
    create.set_table_json(to_json(table));
    create.set_ignore_if_exists(false);
    (void)client.ask_body(ApiKey::create_table, protocol::serialize(create).text());
    wire::GetTableInfoRequest info;
    *info.mutable_table_path() = create.table_path();
    return client.ask<wire::GetTableInfoResponse>(ApiKey::get_table_info, info).table_id();
  }

  [[nodiscard]] Buffer rows(int count) const {
    std::string ids = "0";
    std::string carriers = "\"UA\"";
    for (int i = 1; i < count; ++i) {
      ids += "," + std::to_string(i);
      carriers += ",\"UA\"";
    }
    const auto batch = protocol::rows_of(schema_, {"[" + ids + "]", "[" + carriers + "]"});
    return protocol::encode_batch(*batch, {.compression = {}}).value();
  }

  [[nodiscard]] std::string produce_body(int count, std::int32_t timeout_millis = 30'000) const {
    protocol::ProduceRequest request;
    request.table_id = table_id_;
    request.timeout_ms = timeout_millis;
    for (const std::int32_t bucket : {0, 1}) request.buckets.push_back({{}, bucket, rows(count)});
    std::string body;
    for (const Buffer& piece : protocol::encode_produce_request(request)) body += piece.text();
    return body;
  }

  static Outcomes outcomes(const Buffer& body) {
    Outcomes found;
    const auto response = BlockingClient::parsed<wire::ProduceLogResponse>(body);
    for (const auto& bucket : response.buckets_resp()) {
      const std::int64_t outcome =
          bucket.has_error_code() ? -bucket.error_code() : bucket.base_offset();
      EXPECT_TRUE(found.emplace(bucket.bucket_id(), outcome).second);
    }
    return found;
  }
  Outcomes produce(int count) {
    return outcomes(client.ask_body(ApiKey::produce_log, produce_body(count)));
  }

  /// One row; what is lost on the way is given up soon.
  Outcomes produce_within(std::int32_t timeout_millis) {
    return outcomes(client.ask_body(ApiKey::produce_log, produce_body(1, timeout_millis)));
  }

  [[nodiscard]] std::string fetch_body(Offset from, std::int32_t wait_millis) const {
    return fetch_body_of(table_id_, from, wait_millis);
  }
  static std::string fetch_body_of(std::int64_t table_id, Offset from, std::int32_t wait_millis) {
    wire::FetchLogRequest request;
    request.set_follower_server_id(-1);
    request.set_max_bytes(1 << 20);
    request.set_min_bytes(1);
    request.set_max_wait_ms(wait_millis);
    auto* table = request.add_tables_req();
    table->set_table_id(table_id);
    table->set_projection_pushdown_enabled(false);
    for (const std::int32_t index : {0, 1}) {
      auto* bucket = table->add_buckets_req();
      bucket->set_bucket_id(index);
      bucket->set_fetch_offset(from);
      bucket->set_max_fetch_bytes(1 << 20);
    }
    return std::string(protocol::serialize(request).text());
  }
  /// High watermarks of both buckets.
  static std::vector<Offset> watermarks(const Buffer& body) {
    std::vector<Offset> found;
    const auto tables = protocol::parse_fetch_response(body).value();
    for (const auto& bucket : tables.at(0).buckets) {
      EXPECT_FALSE(bucket.error.has_value());
      found.push_back(bucket.high_watermark.value_or(-1));
    }
    return found;
  }

  [[nodiscard]] std::int64_t table_id() const { return table_id_; }

  LiveNode node;
  BlockingClient client{node.client()};

 private:
  protocol::Schema schema_;
  std::int64_t table_id_ = -1;
};

TEST_F(LiveTable, AFullDiskIsError26PerBucketAndRecoversAlone) {
  EXPECT_EQ(produce(3), (Outcomes{{0, 0}, {1, 0}}));
  node.disk().set_free_bytes(20);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(produce(3), (Outcomes{{0, -26}, {1, -26}}));
  EXPECT_EQ(watermarks(client.ask_body(ApiKey::fetch_log, fetch_body(0, 0))),
            (std::vector<Offset>{3, 3}));  // What is there is still read.
  node.disk().set_free_bytes({});
  EXPECT_EQ(produce(2), (Outcomes{{0, 3}, {1, 3}}));
}

TEST_F(LiveTable, WhatAppendsUseOfTheBoundsIsInTheBook) {
  EXPECT_EQ(produce(3), (Outcomes{{0, 0}, {1, 0}}));
  std::map<std::string, BudgetUse> uses;
  for (BudgetUse& use : node.context().budgets().uses()) uses[use.name] = use;
  EXPECT_EQ(uses["open_logs_of_device"].used, 2U);
  EXPECT_EQ(uses["appends_of_bucket"].holders, 2U);
  EXPECT_EQ(uses["readers_of_bucket"].limit, 100'000U);
  EXPECT_EQ(uses["writers_of_bucket"].limit, 65'536U);
}

TEST_F(LiveTable, AFullDiskUnderPipelinedAppendsRecoversAsWell) {
  node.disk().set_free_bytes(20);
  for (std::int32_t id = 0; id < 20; ++id) {
    ASSERT_TRUE(client.request(ApiKey::produce_log, id, produce_body(5)));
  }
  for (int i = 0; i < 20; ++i) {
    const auto answer = client.next();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(outcomes(answer->body), (Outcomes{{0, -26}, {1, -26}}));
  }
  node.disk().set_free_bytes({});
  EXPECT_EQ(produce(2), (Outcomes{{0, 0}, {1, 0}}));
}

TEST_F(LiveTable, PipelinedAppendsKeepTheirOrder) {
  for (std::int32_t id = 0; id < 300; ++id) {
    ASSERT_TRUE(client.request(ApiKey::produce_log, id, produce_body(2)));
  }
  std::map<std::int32_t, Outcomes> answers;
  for (int i = 0; i < 300; ++i) {
    const auto answer = client.next();
    ASSERT_TRUE(answer.has_value());
    answers[answer->request_id] = outcomes(answer->body);
  }
  for (std::int32_t id = 0; id < 300; ++id) {
    EXPECT_EQ(answers[id], (Outcomes{{0, id * 2}, {1, id * 2}})) << id;
  }
}

TEST_F(LiveTable, ALongPollIsWokenByAnAppendOnItsOwnConnection) {
  ASSERT_TRUE(client.request(ApiKey::fetch_log, 1, fetch_body(0, 25'000)));
  ASSERT_TRUE(client.request(ApiKey::produce_log, 2, produce_body(4)));
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.next();
    ASSERT_TRUE(answer.has_value());
    if (answer->request_id == 1) {
      const auto ends = watermarks(answer->body);
      EXPECT_EQ(std::max(ends.at(0), ends.at(1)), 4);
    } else {
      EXPECT_EQ(outcomes(answer->body), (Outcomes{{0, 0}, {1, 0}}));
    }
  }
}

TEST_F(LiveTable, AReplicaThatFailsComesBackWithItsLog) {
  EXPECT_EQ(produce(3), (Outcomes{{0, 0}, {1, 0}}));
  for (int i = 0; i < 5; ++i) {
    for (const char* actor : {"replica/0/0", "replica/0/1"}) node.context().kill(actor);
    // Appends are refused, retriably, until the log is open again.
    Outcomes last;
    for (int attempt = 0; attempt < 10'000; ++attempt) {
      last = produce_within(100);
      if (last[0] >= 0 && last[1] >= 0) break;
    }
    EXPECT_GE(last[0], 3 + i);
    EXPECT_GE(last[1], 3 + i);
  }
}

/// Two disks. On the one that bucket 0 lies on an append takes about a second: it is three writes,
/// of rows and of two indexes. Some twenty appends are a disk's share.
class SlowDiskTest : public LiveTable {
 protected:
  static constexpr std::size_t node_bytes_max = std::size_t{64} << 20;
  static constexpr std::size_t share = node_bytes_max / 8 * 3;
  static constexpr int writers = 3;
  static constexpr int appends = 32;

  SlowDiskTest() : LiveTable({2, node_bytes_max}), rows_(rows(rows_per_append)) {
    EXPECT_GT(rows_.size(), share / 32);
    // What is read meanwhile lies on the same disks, and its logs are open.
    quiet_fetch_ = fetch_body_of(create_table("quiet"), 0, 0);
    (void)client.ask_body(ApiKey::fetch_log, quiet_fetch_);
    slow().set_append_delay(330ms);
  }
  ~SlowDiskTest() override { set_delays(Duration::zero()); }

  [[nodiscard]] FaultyDisk& slow() { return table_id() % 2 == 0 ? node.disk() : node.other_disk(); }
  void set_delays(Duration per_write) {
    node.disk().set_append_delay(per_write);
    node.other_disk().set_append_delay(per_write);
  }
  [[nodiscard]] std::string device(std::int32_t bucket) const {
    return "device/" + std::to_string((table_id() + bucket) % 2);
  }
  [[nodiscard]] std::string body(std::int32_t bucket) const {
    protocol::ProduceRequest request;
    request.table_id = table_id();
    request.timeout_ms = 60'000;
    request.buckets.push_back({{}, bucket, rows_});
    std::string body;
    for (const Buffer& piece : protocol::encode_produce_request(request)) body += piece.text();
    return body;
  }
  /// Appends as fast as it can and takes the answers afterwards. What is refused, because too much
  /// waits for the slow disk already, is sent again.
  std::future<std::vector<Offset>> write_all(std::int32_t bucket = 0) {
    return std::async(std::launch::async, [this, bucket, body = body(bucket)] {
      BlockingClient writer(node.client());
      for (int i = 0; i < appends; ++i) {
        EXPECT_TRUE(writer.request(ApiKey::produce_log, i, body));
        ++written_;
      }
      std::vector<Offset> bases;
      while (bases.size() < static_cast<std::size_t>(appends)) {
        const auto answer = writer.next();
        if (!answer) break;
        const std::int64_t outcome = outcomes(answer->body).at(bucket);
        if (outcome >= 0) {
          bases.push_back(outcome);
          continue;
        }
        EXPECT_EQ(outcome, -26);
        if (outcome != -26) break;
        ++refused_;
        std::this_thread::sleep_for(20ms);
        EXPECT_TRUE(writer.request(ApiKey::produce_log, answer->request_id, body));
      }
      return bases;
    });
  }
  [[nodiscard]] std::uint64_t fullest(const std::string& budget) {
    for (const BudgetUse& use : node.context().budgets().uses()) {
      if (use.name == budget) return use.fullest;
    }
    return UINT64_MAX;
  }
  static bool comes_true(const std::function<bool()>& what) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!what()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }
  [[nodiscard]] ActorStats::View stats_of(const std::string& actor) {
    for (const ActorView& view : node.context().actors()) {
      if (view.name == actor) return view.stats;
    }
    return {};
  }

  static constexpr int rows_per_append = 160'000;
  const Buffer rows_;
  std::string quiet_fetch_;  // Of a table that nobody appends to.
  std::atomic<int> written_ = 0;
  std::atomic<int> refused_ = 0;
};

TEST_F(SlowDiskTest, ShowsAsTimeInMailboxAndIsThrottledNotBuffered) {
  std::vector<std::future<std::vector<Offset>>> all;
  for (int i = 0; i < writers; ++i) all.push_back(write_all());
  std::uint64_t most = 0;
  std::uint64_t most_of_device = 0;
  EXPECT_TRUE(comes_true([&] {
    most = std::max(most, fullest("requests"));
    most_of_device = std::max(most_of_device, fullest("appends_of_device"));
    return stats_of(device(0)).waited_p99 >= 2s;
  }));
  EXPECT_LT(most, node_bytes_max);
  EXPECT_LT(most_of_device, share + writers * rows_.size());
  EXPECT_GE(most_of_device, share);
  EXPECT_LT(written_, writers * appends);  // The rest is with the clients.
  // The other disk is as quick as ever.
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(outcomes(client.ask_body(ApiKey::produce_log, body(1))), (Outcomes{{1, 0}}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 900ms);
  EXPECT_LT(stats_of(device(1)).waited_p99, 900ms);
  slow().set_append_delay(Duration::zero());
  std::set<Offset> bases;
  for (auto& one : all) {
    const std::vector<Offset> own = one.get();
    EXPECT_EQ(own.size(), static_cast<std::size_t>(appends));
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    bases.insert(own.begin(), own.end());
  }
  EXPECT_EQ(bases.size(), static_cast<std::size_t>(writers * appends));
  EXPECT_EQ(*bases.begin(), 0);
  EXPECT_EQ(*bases.rbegin(), (writers * appends - 1) * rows_per_append);
  EXPECT_TRUE(client.is_served());
  EXPECT_TRUE(comes_true([&] { return fullest("appends_of_device") == 0; }));
}

TEST_F(SlowDiskTest, WhenAllAreSlowWhoDoesNotAppendIsServed) {
  constexpr int crowd = 16;  // What they send at once is more than the shares leave.
  set_delays(330ms);
  std::vector<std::future<std::vector<Offset>>> all;
  for (int i = 0; i < crowd; ++i) all.push_back(write_all(i % 2));
  EXPECT_TRUE(comes_true([&] {
    return stats_of(device(0)).waited_p99 >= 2s && stats_of(device(1)).waited_p99 >= 2s &&
           refused_ > 0;
  }));
  for (int i = 0; i < 20; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(client.is_served());
    EXPECT_EQ(watermarks(client.ask_body(ApiKey::fetch_log, quiet_fetch_)),
              (std::vector<Offset>{0, 0}));
    EXPECT_FALSE(client.ask_body(ApiKey::list_databases, {}).empty());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LT(written_, crowd * appends);
  set_delays(Duration::zero());
  std::set<std::pair<int, Offset>> bases;
  for (int i = 0; i < crowd; ++i) {
    for (const Offset base : all[static_cast<std::size_t>(i)].get()) bases.emplace(i % 2, base);
  }
  EXPECT_EQ(bases.size(), static_cast<std::size_t>(crowd * appends));
  EXPECT_TRUE(comes_true([&] { return fullest("appends_of_device") == 0; }));
}

}  // namespace
}  // namespace millrace
