#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "client/appender.hpp"
#include "protocol/produce_request.hpp"
#include "tests/unit/client/fake_cluster.hpp"

namespace millrace::client {

/// A client of a cluster of one table that remembers what became of each batch.
class AppenderTest : public testing::Test {
 protected:
  explicit AppenderTest(int buckets = 1) : cluster(loop, peer, 2, buckets) { restart(1); }

  void restart(std::uint64_t seed) {
    client = std::make_unique<Client>(
        peer, loop, ClientOptions{.bootstrap = {FakeCluster::address_of(0)}, .seed = seed});
  }

  std::shared_ptr<Appender> open(AppenderOptions options = {}) {
    std::shared_ptr<Appender> out;
    Appender::open(*client, cluster.path, options,
                   [&](const Outcome<std::shared_ptr<Appender>>& opened) {
                     ASSERT_TRUE(opened) << opened.error().message;
                     out = *opened;
                   });
    loop.run_for(1s);
    return out;
  }

  /// One batch of one row; its outcome lands in `outcomes[id]`.
  void append(Appender& appender, std::int64_t id) {
    ASSERT_TRUE(appender.append(cluster.rows({id}), [this, id](Outcome<Appended> outcome) {
      EXPECT_FALSE(outcomes.contains(id)) << "answered twice";
      outcomes[id] = std::move(outcome);
    }));
  }

  void answer_error(const Request& request, ErrorCode code) {
    protocol::wire::ProduceLogResponse answer;
    auto* entry = answer.add_buckets_resp();
    entry->set_bucket_id(
        protocol::parse_produce_request(request.body).value().buckets.at(0).bucket_id);
    entry->set_error_code(static_cast<std::int32_t>(code));
    peer.answer(request, answer);
  }

  /// Keeps produce requests for the test to answer.
  void hold_produces() {
    cluster.intercept = [this](const Request& request) {
      if (request.api != protocol::ApiKey::produce_log) return false;
      held.push_back(request);
      return true;
    };
  }

  VirtualLoop loop;
  FakePeer peer{loop};
  FakeCluster cluster;
  std::unique_ptr<Client> client;
  std::map<std::int64_t, Outcome<Appended>> outcomes;
  std::vector<Request> held;
};

}  // namespace millrace::client
