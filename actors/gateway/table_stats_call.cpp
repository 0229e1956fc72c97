#include <fmt/format.h>

#include <optional>
#include <utility>

#include "actors/gateway/log_calls.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::ProtocolError;

constexpr Duration answer_wait_max = 10s;
constexpr int buckets_max = 100'000;

/// The rows of a log's bucket are those between its first kept offset and its high watermark: a
/// read of no bytes tells both. Clients in Rust ask one server about all buckets, so the leaders on
/// other nodes are asked, too.
class TableStatsCall final : public Call {
 public:
  explicit TableStatsCall(wire::GetTableStatsRequest request)
      : request_(std::move(request)),
        answers_(static_cast<std::size_t>(request_.buckets_req_size())) {}

  CallEffects begin(const CallContext& context) override {
    CallEffects effects;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const auto& asked = request_.buckets_req(static_cast<int>(i));
      const BucketId bucket =
          bucket_of(TableId{request_.table_id()}, BucketIndex{asked.bucket_id()}, asked);
      const BucketInfo* const info = context.view.catalog.find_bucket(bucket);
      auto elsewhere = why_not_here(context, bucket);
      if (elsewhere && (info == nullptr || !is_alive(context.view, info->leader))) {
        answers_[i] = std::move(*elsewhere);
        continue;
      }
      ++open_;
      effects.push_back(AskReplica{static_cast<std::uint32_t>(i), bucket,
                                   ReadQuestion{.from = earliest_offset, .bytes_max = 0},
                                   info->leader});
    }
    if (open_ == 0) return {respond()};
    effects.push_back(SetDeadline{answer_wait_max});
    return effects;
  }

  CallEffects on_replica(const CallContext& /*context*/, std::uint32_t slot,
                         const ReplicaAnswer& answer) override {
    if (slot >= answers_.size() || answers_[slot]) return {};
    if (const auto* error = std::get_if<ProtocolError>(&answer)) {
      answers_[slot] = *error;
    } else if (const auto* data = std::get_if<DataAnswer>(&answer)) {
      answers_[slot] = data->high_watermark - data->log_start;
    } else {
      return {};
    }
    if (--open_ > 0) return {};
    return {respond()};
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    for (auto& answer : answers_) {
      if (answer) continue;
      answer =
          ProtocolError{ErrorCode::not_leader_or_follower, "The replica did not answer in time."};
    }
    return {respond()};
  }

 private:
  [[nodiscard]] CallEffect respond() const {
    wire::GetTableStatsResponse response;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const auto& asked = request_.buckets_req(static_cast<int>(i));
      auto* entry = response.add_buckets_resp();
      if (asked.has_partition_id()) entry->set_partition_id(asked.partition_id());
      entry->set_bucket_id(asked.bucket_id());
      if (const auto* error = std::get_if<ProtocolError>(&*answers_[i])) {
        entry->set_error_code(static_cast<std::int32_t>(error->code));
        entry->set_error_message(protocol::wire_text(error->message));
      } else {
        entry->set_row_count(std::get<std::int64_t>(*answers_[i]));
      }
    }
    return Respond{{protocol::serialize(response)}};
  }

  const wire::GetTableStatsRequest request_;
  std::vector<std::optional<std::variant<std::int64_t, ProtocolError>>> answers_;  // By bucket.
  std::size_t open_ = 0;
};

}  // namespace

std::unique_ptr<Call> make_table_stats_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_message<wire::GetTableStatsRequest>(request.body.bytes());
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  if (parsed->buckets_req_size() > buckets_max) {
    return make_finished_call(
        RespondError{{ErrorCode::corrupt_message,
                      fmt::format("too many buckets: {}", parsed->buckets_req_size())}});
  }
  return std::make_unique<TableStatsCall>(std::move(*parsed));
}

}  // namespace millrace::gateway
