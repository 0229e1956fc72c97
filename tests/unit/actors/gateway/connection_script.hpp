#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/gateway/connection_actor.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "protocol/api.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "runtime/actor_names.hpp"
#include "runtime/simulator/simulation.hpp"
#include "runtime/transport_inbox.hpp"
#include "schemas/replica.capnp.h"
#include "tests/unit/actors/gateway/call_script.hpp"

// A gateway on a simulated network, and clients of it.

namespace millrace::gateway {

inline constexpr ProcessId server_process{1};
inline constexpr ProcessId client_process{2};
inline constexpr ProcessId other_process{3};
inline const Endpoint gateway_at{"127.0.0.1", 9123};
inline const Endpoint guarded_at{"127.0.0.1", 9223};

/// A whole API_VERSIONS request.
inline std::string request() {
  std::string bytes;
  for (const Buffer& piece :
       protocol::encode_request(protocol::ApiKey::api_versions, 0, 1,
                                {Buffer::from(std::string("\x0a\x01\x61\x12\x01\x31"))})) {
    bytes += piece.text();
  }
  return bytes;
}

/// The beginning of a request that announces `announced` bytes, with `arrived` of them.
inline std::string beginning(std::size_t announced, std::size_t arrived) {
  std::string bytes(4 + arrived, '\0');
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(announced >> (24 - 8 * i));
  return bytes;
}

class Client {
 public:
  explicit Client(Simulation& simulation, ProcessId process = client_process,
                  const Endpoint& to = gateway_at)
      : transport_(simulation.network().transport_of(process)) {
    connection_ = transport_->connect(to, [this](const TransportEvent& event) {
      if (const auto* received = std::get_if<Received>(&event)) {
        answered += received->bytes.size();
        heard += received->bytes.text();
      }
      if (std::holds_alternative<Closed>(event)) closed = true;
      if (!closed && !std::holds_alternative<Sent>(event)) transport_->receive(connection_);
    });
  }
  void write(std::string bytes) { transport_->send(connection_, {Buffer::from(std::move(bytes))}); }

  std::size_t answered = 0;
  std::string heard;
  bool closed = false;

 private:
  std::unique_ptr<Transport> transport_;
  ConnectionId connection_;
};

/// Reads all of a bucket of `flights` that fits into the answer.
inline std::string fetch(std::int32_t index = 0) {
  wire::FetchLogRequest request;
  request.set_follower_server_id(-1);
  request.set_max_bytes(1 << 20);
  auto* table = request.add_tables_req();
  table->set_table_id(flights.value());
  table->set_projection_pushdown_enabled(false);
  auto* bucket = table->add_buckets_req();
  bucket->set_bucket_id(index);
  bucket->set_fetch_offset(0);
  bucket->set_max_fetch_bytes(1 << 20);
  const Buffer frame =
      joined(protocol::encode_request(ApiKey::fetch_log, 0, 1, {protocol::serialize(request)}));
  return std::string(frame.text());
}

/// In the place of a replica: whatever is read, there are two batches more.
class Replica final : public Actor {
 public:
  using Actor::Actor;

 protected:
  void on_envelope(const Envelope& envelope) override {
    const Buffer batch = rows_batch(100);
    const Buffer rows = joined({stored(batch, 0), stored(batch, 100)});
    Envelope answer = seal<schemas::ReplicaReply>(
        [](schemas::ReplicaReply::Builder reply) { reply.initData().setHighWatermark(200); },
        {rows});
    reply(envelope, std::move(answer));
  }
};

inline std::string frame_of(protocol::ApiKey key, Buffer body) {
  std::string bytes;
  for (const Buffer& piece : protocol::encode_request(key, 0, 1, {std::move(body)})) {
    bytes += piece.text();
  }
  return bytes;
}

/// The codes of whole answers; 0 for success.
inline std::vector<int> codes_in(const std::string& bytes) {
  protocol::FrameSplitter frames(std::size_t{1} << 20);
  frames.push(Buffer::from(bytes));
  std::vector<int> codes;
  for (auto payload = frames.next(); payload && *payload; payload = frames.next()) {
    const auto response = protocol::parse_response(**payload).value();
    protocol::wire::ErrorResponse error;
    if (response.is_error) (void)protocol::parse_into(error, response.body.bytes());
    codes.push_back(error.error_code());
  }
  return codes;
}

/// A gateway with two listeners: the second is for those who are described in the options.
class ConnectionActorTest : public testing::Test {
 protected:
  static constexpr std::size_t requests_max = 10'000;
  static constexpr std::size_t answers_max = 10'000;

  explicit ConnectionActorTest(GatewayOptions options = {},
                               std::size_t requests_bytes_max = requests_max)
      : budgets_(requests_bytes_max, answers_max, 2, [](BucketId bucket) {
          return static_cast<std::size_t>(bucket.bucket.value() % 2);
        }) {
    node_ = &simulation_.start_process({"c-1", self, Incarnation{1}}, 1'700'000'000'000);
    transport_ = simulation_.network().transport_of(server_process);
    options.connection.frame_time_max = 20s;
    options.connection.answer_time_max = 8s;
    (void)node_->spawn<GatewayActor>(gateway_name, "node", Placement::scheduled, *transport_, view_,
                                     budgets_, options);
    EXPECT_TRUE(
        transport_->listen(gateway_at, accept_to(*node_, *transport_, gateway_name)).has_value());
    EXPECT_TRUE(transport_->listen(guarded_at, accept_to(*node_, *transport_, gateway_name, 1))
                    .has_value());
    view_.set(cluster());
    simulation_.run_for(1ms);
  }

  [[nodiscard]] std::ptrdiff_t connections() const {
    const auto actors = node_->actors();
    return std::count_if(actors.begin(), actors.end(), [](const ActorView& actor) {
      return actor.name.starts_with("connection/");
    });
  }

  PublishedView view_;
  GatewayBudgets budgets_;
  std::unique_ptr<Transport> transport_;
  Simulation simulation_{1};
  NodeContext* node_ = nullptr;
};

}  // namespace millrace::gateway
