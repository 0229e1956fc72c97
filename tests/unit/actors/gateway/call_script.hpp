#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/gateway/access_rules.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/fetch_response.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/log_batch.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/produce_request.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

// A gateway call between a client and replicas that are a script.

namespace millrace::gateway {

namespace wire = protocol::wire;
using protocol::ApiKey;
using protocol::ErrorCode;

inline constexpr NodeId self{1};
inline constexpr TableId flights{5};

inline Buffer joined(const std::vector<Buffer>& pieces) {
  std::string bytes;
  for (const Buffer& piece : pieces) bytes += piece.text();
  return Buffer::from(std::move(bytes));
}

/// (id INT, carrier STRING, delay BIGINT): buckets 0, 1 and 3 lead here, bucket 2 on node 2.
inline TableInfo flights_table() {
  TableInfo table;
  table.id = flights;
  table.database = "nyc";
  table.name = "flights";
  table.descriptor.schema =
      protocol::schema_of({{"id", "INT"}, {"carrier", "STRING"}, {"delay", "BIGINT"}});
  table.descriptor.bucket_count = 4;
  table.descriptor.bucket_keys.emplace();
  table.descriptor.properties["table.replication.factor"] = "1";
  for (const int leader : {1, 1, 2, 1}) {
    table.buckets.push_back(
        {NodeId{leader}, LeaderEpoch{3}, {NodeId{leader}}, 0, {NodeId{leader}}});
  }
  table.created_at = 1000;
  table.modified_at = 2000;
  return table;
}

inline ClusterView cluster(TableInfo table = flights_table()) {
  ClusterView view;
  view.revision = Revision{9};
  view.coordinator = NodeId{0};
  for (const int node : {0, 1, 2}) {
    view.members[NodeId{node}] = {
        NodeId{node}, Incarnation{1},        {"h" + std::to_string(node), 9123},
        {},           node == 1 ? "r1" : "", node != 2};
  }
  view.catalog.apply(DatabaseCreated{{"nyc", {}, 10, 20}});
  view.catalog.apply(TableCreated{std::move(table)});
  return view;
}

/// The same table with another log format.
inline TableInfo flights_in(const std::string& format) {
  TableInfo table = flights_table();
  table.descriptor.properties["table.log.format"] = format;
  return table;
}

inline Buffer rows_batch(std::int32_t rows, std::int32_t first_id = 0, std::int16_t schema_id = 1) {
  std::string ids;
  std::string carriers;
  for (std::int32_t i = 0; i < rows; ++i) {
    ids += (i > 0 ? "," : "") + std::to_string(first_id + i);
    carriers += std::string(i > 0 ? "," : "") + "\"UA\"";
  }
  const auto batch = protocol::rows_of(flights_table().descriptor.schema,
                                       {"[" + ids + "]", "[" + carriers + "]", "[" + ids + "]"});
  return protocol::encode_batch(*batch, {.schema_id = schema_id, .compression = {}}).value();
}

/// As a replica hands it out.
inline Buffer stored(const Buffer& batch, Offset base) {
  return joined(protocol::stamp(batch, base, 1000));
}

inline protocol::RequestFrame frame(ApiKey key, Buffer body) {
  return {static_cast<std::int16_t>(key), 0, 7, std::move(body)};
}

/// One call, driven by hand. Checks that it answers once and asks nothing after that.
class CallScript {
 public:
  /// On a listener that asks nobody for a name.
  CallScript(ClusterView view, const protocol::RequestFrame& request, Caller caller = {})
      : view_(std::move(view)), caller_(std::move(caller)) {
    const ListenerSecurity listener;
    Authenticator authenticator(listener);
    call_ = make_admitted_call(authenticator, context(), request);
    take(call_->begin(context()));
  }
  template <class Message>
  CallScript(ClusterView view, ApiKey key, const Message& message, Caller caller = {})
      : CallScript(std::move(view), frame(key, protocol::serialize(message)), std::move(caller)) {}

  void answer(const AskReplica& question, const ReplicaAnswer& reply) {
    if (!over()) take(call_->on_replica(context(), question.slot, reply));
  }
  /// Answers the oldest question.
  void answer_next(const ReplicaAnswer& reply) {
    ASSERT_FALSE(asked.empty());
    const AskReplica next = asked.front();
    asked.pop_front();
    answer(next, reply);
  }
  [[nodiscard]] bool wants_rows(const AskReplica& question) const {
    return call_->wants_rows(question.slot);
  }
  void coordinator_answers(const CoordinatorAnswer& reply) {
    if (!over()) take(call_->on_coordinator(context(), reply));
  }
  void deadline_passes() {
    EXPECT_TRUE(deadline.has_value());
    if (!over()) take(call_->on_deadline(context()));
  }
  void learn(const CatalogDelta& delta) { view_.catalog.apply(delta); }

  [[nodiscard]] bool over() const { return answers_ > 0; }
  [[nodiscard]] ErrorCode error() const { return error_ ? error_->code : ErrorCode::none; }

  template <class Message>
  [[nodiscard]] Message response() const {
    EXPECT_TRUE(over() && !error_) << (error_ ? error_->message : "no answer");
    auto message = protocol::parse_message<Message>(body_.bytes());
    EXPECT_TRUE(message.has_value());
    return message.value_or(Message{});
  }
  [[nodiscard]] const Buffer& body() const { return body_; }

  std::deque<AskReplica> asked;  ///< Questions without an answer so far, oldest first.
  std::vector<CoordinatorCommand> commands;
  std::optional<Duration> deadline;
  Instant now{};  ///< What the call is told the time is.

 private:
  [[nodiscard]] CallContext context() const { return {self, view_, now, caller_, configs_}; }

  void take(const CallEffects& effects) {
    for (const CallEffect& effect : effects) {
      EXPECT_FALSE(over()) << "a call did something after its answer";
      if (const auto* ask = std::get_if<AskReplica>(&effect)) asked.push_back(*ask);
      if (const auto* order = std::get_if<AskCoordinator>(&effect))
        commands.push_back(order->command);
      if (const auto* set = std::get_if<SetDeadline>(&effect)) {
        EXPECT_FALSE(deadline.has_value());
        deadline = set->after;
      }
      if (const auto* done = std::get_if<Respond>(&effect)) {
        ++answers_;
        body_ = joined(done->body);
      }
      if (const auto* refused = std::get_if<RespondError>(&effect)) {
        ++answers_;
        error_ = refused->error;
      }
    }
    // Whoever waits has a deadline: nothing else makes sure that there is an answer.
    EXPECT_TRUE(over() || deadline.has_value());
  }

  ClusterView view_;
  const protocol::Properties configs_{{"data.dir", "/d"}, {"kv.snapshot.interval", "10min"}};
  const Caller caller_;
  std::unique_ptr<Call> call_;
  int answers_ = 0;
  Buffer body_;
  std::optional<protocol::ProtocolError> error_;
};

}  // namespace millrace::gateway
