#include <fmt/format.h>

#include <optional>
#include <utility>

#include "actors/gateway/access_rules.hpp"
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

// Source: Fluss LIST_OFFSETS v0, offset_type.
constexpr std::int32_t type_earliest = 0;
constexpr std::int32_t type_latest = 1;
constexpr std::int32_t type_timestamp = 2;

class OffsetsCall final : public Call {
 public:
  explicit OffsetsCall(wire::ListOffsetsRequest request)
      : request_(std::move(request)),
        answers_(static_cast<std::size_t>(request_.bucket_id_size())) {}

  CallEffects begin(const CallContext& context) override {
    const auto question = question_of();
    const auto denied =
        why_denied(context, TableId{request_.table_id()}, protocol::Operation::describe);
    CallEffects effects;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const BucketId bucket =
          bucket_of(TableId{request_.table_id()},
                    BucketIndex{request_.bucket_id(static_cast<int>(i))}, request_);
      if (denied) {
        answers_[i] = *denied;
      } else if (auto elsewhere = why_not_here(context, bucket)) {
        answers_[i] = *elsewhere;
      } else if (!question) {
        answers_[i] = ProtocolError{
            ErrorCode::unknown_server_error,
            fmt::format("Offset type {} without its arguments.", request_.offset_type())};
      } else {
        ++open_;
        effects.push_back(AskReplica{static_cast<std::uint32_t>(i), bucket, *question});
      }
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
    } else if (const auto* offset = std::get_if<OffsetAnswer>(&answer)) {
      answers_[slot] = offset->offset;
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
  [[nodiscard]] std::optional<ReplicaQuestion> question_of() const {
    switch (request_.offset_type()) {
      case type_earliest:
        return EarliestQuestion{};
      case type_latest:
        return LatestQuestion{};
      case type_timestamp:
        if (!request_.has_starttimestamp()) return std::nullopt;
        return TimestampQuestion{request_.starttimestamp()};
      default:
        return std::nullopt;
    }
  }

  [[nodiscard]] CallEffect respond() const {
    wire::ListOffsetsResponse response;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      auto* entry = response.add_buckets_resp();
      entry->set_bucket_id(request_.bucket_id(static_cast<int>(i)));
      if (const auto* error = std::get_if<ProtocolError>(&*answers_[i])) {
        entry->set_error_code(static_cast<std::int32_t>(error->code));
        entry->set_error_message(protocol::wire_text(error->message));
      } else {
        entry->set_offset(std::get<Offset>(*answers_[i]));
      }
    }
    return Respond{{protocol::serialize(response)}};
  }

  const wire::ListOffsetsRequest request_;
  std::vector<std::optional<std::variant<Offset, ProtocolError>>> answers_;  // By position.
  std::size_t open_ = 0;
};

}  // namespace

std::unique_ptr<Call> make_offsets_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_message<wire::ListOffsetsRequest>(request.body.bytes());
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  if (parsed->bucket_id_size() > buckets_max) {
    return make_finished_call(
        RespondError{{ErrorCode::corrupt_message,
                      fmt::format("too many buckets: {}", parsed->bucket_id_size())}});
  }
  return std::make_unique<OffsetsCall>(std::move(*parsed));
}

}  // namespace millrace::gateway
