#include <fmt/format.h>

#include <optional>
#include <utility>

#include "actors/gateway/access_rules.hpp"
#include "actors/gateway/log_calls.hpp"
#include "actors/gateway/per_bucket_call.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::ProtocolError;

// Source: Fluss LIST_OFFSETS v0, offset_type.
constexpr std::int32_t type_earliest = 0;
constexpr std::int32_t type_latest = 1;
constexpr std::int32_t type_timestamp = 2;

class OffsetsCall final : public PerBucketCall {
 public:
  explicit OffsetsCall(wire::ListOffsetsRequest request)
      : PerBucketCall(request.bucket_id_size()), request_(std::move(request)) {}

 private:
  [[nodiscard]] std::optional<ProtocolError> why_refused(
      const CallContext& context) const override {
    return why_denied(context, TableId{request_.table_id()}, protocol::Operation::describe);
  }

  [[nodiscard]] Question question(const CallContext& context, int entry) const override {
    const BucketId bucket =
        bucket_of(TableId{request_.table_id()}, BucketIndex{request_.bucket_id(entry)}, request_);
    if (auto elsewhere = why_not_here(context, bucket)) return *elsewhere;
    const auto wanted = wanted_offset();
    if (!wanted) {
      return ProtocolError{
          ErrorCode::unknown_server_error,
          fmt::format("Offset type {} without its arguments.", request_.offset_type())};
    }
    return AskReplica{.bucket = bucket, .question = *wanted};
  }

  [[nodiscard]] std::optional<std::int64_t> number_in(const ReplicaAnswer& answer) const override {
    const auto* offset = std::get_if<OffsetAnswer>(&answer);
    return offset == nullptr ? std::nullopt : std::optional(offset->offset);
  }

  [[nodiscard]] CallEffect respond(const std::vector<EntryAnswer>& answers) const override {
    wire::ListOffsetsResponse response;
    for (int i = 0; i < request_.bucket_id_size(); ++i) {
      auto* entry = response.add_buckets_resp();
      entry->set_bucket_id(request_.bucket_id(i));
      const auto offset = number_or_error(answers[static_cast<std::size_t>(i)], *entry);
      if (offset) entry->set_offset(*offset);
    }
    return Respond{{protocol::serialize(response)}};
  }

  [[nodiscard]] std::optional<ReplicaQuestion> wanted_offset() const {
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

  const wire::ListOffsetsRequest request_;
};

}  // namespace

std::unique_ptr<Call> make_offsets_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_message<wire::ListOffsetsRequest>(request.body.bytes());
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  if (auto error = PerBucketCall::why_too_many(parsed->bucket_id_size())) {
    return make_finished_call(RespondError{*error});
  }
  return std::make_unique<OffsetsCall>(std::move(*parsed));
}

}  // namespace millrace::gateway
