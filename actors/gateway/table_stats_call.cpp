#include <optional>
#include <utility>

#include "actors/gateway/log_calls.hpp"
#include "actors/gateway/per_bucket_call.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;

/// The rows of a log's bucket are those between its first kept offset and its high watermark: a
/// read of no bytes tells both. Clients in Rust ask one server about all buckets, so the leaders on
/// other nodes are asked, too.
class TableStatsCall final : public PerBucketCall {
 public:
  explicit TableStatsCall(wire::GetTableStatsRequest request)
      : PerBucketCall(request.buckets_req_size()), request_(std::move(request)) {}

 private:
  [[nodiscard]] Question question(const CallContext& context, int entry) const override {
    const auto& asked = request_.buckets_req(entry);
    const BucketId bucket =
        bucket_of(TableId{request_.table_id()}, BucketIndex{asked.bucket_id()}, asked);
    const BucketInfo* const info = context.view.catalog.find_bucket(bucket);
    auto elsewhere = why_not_here(context, bucket);
    const bool is_elsewhere = info != nullptr && info->leader != context.self;
    if (elsewhere && !(is_elsewhere && is_alive(context.view, info->leader))) return *elsewhere;
    return AskReplica{.bucket = bucket,
                      .question = ReadQuestion{.from = earliest_offset, .bytes_max = 0},
                      .node = info->leader};
  }

  [[nodiscard]] std::optional<std::int64_t> number_in(const ReplicaAnswer& answer) const override {
    const auto* data = std::get_if<DataAnswer>(&answer);
    if (data == nullptr) return std::nullopt;
    return data->high_watermark - data->log_start;
  }

  [[nodiscard]] CallEffect respond(const std::vector<EntryAnswer>& answers) const override {
    wire::GetTableStatsResponse response;
    for (int i = 0; i < request_.buckets_req_size(); ++i) {
      const auto& asked = request_.buckets_req(i);
      auto* entry = response.add_buckets_resp();
      if (asked.has_partition_id()) entry->set_partition_id(asked.partition_id());
      entry->set_bucket_id(asked.bucket_id());
      const auto rows = number_or_error(answers[static_cast<std::size_t>(i)], *entry);
      if (rows) entry->set_row_count(*rows);
    }
    return Respond{{protocol::serialize(response)}};
  }

  const wire::GetTableStatsRequest request_;
};

}  // namespace

std::unique_ptr<Call> make_table_stats_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_message<wire::GetTableStatsRequest>(request.body.bytes());
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  if (auto error = PerBucketCall::why_too_many(parsed->buckets_req_size())) {
    return make_finished_call(RespondError{*error});
  }
  return std::make_unique<TableStatsCall>(std::move(*parsed));
}

}  // namespace millrace::gateway
