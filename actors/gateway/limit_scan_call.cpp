// LIMIT_SCAN of a log: whole batches that hold the last rows of a bucket. Where they begin follows
// from the high watermark, so that is asked for first; then they are read piece by piece. Errors
// end the request as a whole: readers take a body with an error for a bucket without rows.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/gateway/log_calls.hpp"
#include "actors/gateway/stored_batch.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/log_batch.hpp"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::ProtocolError;

constexpr Duration answer_wait_max = 30s;
constexpr std::size_t read_bytes = std::size_t{4} << 20;
// How often the log's start may move past the place to read before somebody else should try.
constexpr int restarts_max = 3;
// A limit counts rows, and rows may be large.
constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;

class LimitScanCall final : public Call {
 public:
  explicit LimitScanCall(wire::LimitScanRequest request)
      : request_(std::move(request)),
        bucket_(
            bucket_of(TableId{request_.table_id()}, BucketIndex{request_.bucket_id()}, request_)) {}

  CallEffects begin(const CallContext& context) override {
    if (auto elsewhere = why_not_here(context, bucket_)) return {RespondError{*elsewhere}};
    return {SetDeadline{answer_wait_max}, ask_for_ends()};
  }

  CallEffects on_replica(const CallContext& context, std::uint32_t /*slot*/,
                         const ReplicaAnswer& answer) override {
    if (const auto* error = std::get_if<ProtocolError>(&answer)) return on_error(*error);
    const auto* data = std::get_if<DataAnswer>(&answer);
    if (data == nullptr) return {};
    if (!end_) {
      end_ = data->high_watermark;
      next_ = std::max(data->log_start, *end_ - std::max(request_.limit(), 0));
      return read_on();
    }
    return take(context, *data);
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    return {
        RespondError{{ErrorCode::not_leader_or_follower, "The replica did not answer in time."}}};
  }

 private:
  [[nodiscard]] AskReplica ask_for_ends() const {
    return {0, bucket_, ReadQuestion{.from = earliest_offset, .bytes_max = 0}};
  }

  /// Rows that were deleted meanwhile are not among the last ones any more.
  [[nodiscard]] CallEffects on_error(const ProtocolError& error) {
    const bool was_deleted = error.code == ErrorCode::log_offset_out_of_range_exception;
    if (!was_deleted || ++restarts_ > restarts_max) return {RespondError{error}};
    records_.clear();
    end_.reset();
    return {ask_for_ends()};
  }

  [[nodiscard]] CallEffects read_on() {
    if (next_ >= *end_) return {respond()};
    return {AskReplica{0, bucket_, ReadQuestion{.from = next_, .bytes_max = read_bytes}}};
  }

  [[nodiscard]] CallEffects take(const CallContext& context, const DataAnswer& data) {
    protocol::BatchCursor cursor(data.batches);
    for (;;) {
      auto batch = cursor.next();
      if (!batch) return {RespondError{damaged(batch.error())}};
      if (!*batch || (*batch)->header.base_offset >= *end_) break;
      if (auto bad = why_damaged(context, bucket_, **batch)) return {RespondError{*bad}};
      next_ = (*batch)->header.next_offset();
      records_ += (*batch)->bytes.text();
      if (records_.size() > answer_bytes_max) {
        return {
            RespondError{{ErrorCode::record_too_large_exception,
                          fmt::format("The last {} rows of bucket {} take more than {} bytes.",
                                      request_.limit(), to_string(bucket_), answer_bytes_max)}}};
      }
    }
    if (data.batches.empty()) return {respond()};  // Nothing is left of what was there.
    return read_on();
  }

  [[nodiscard]] CallEffect respond() {
    wire::LimitScanResponse response;
    response.set_is_log_table(true);
    response.set_records(std::move(records_));
    return Respond{{protocol::serialize(response)}};
  }

  const wire::LimitScanRequest request_;
  const BucketId bucket_;
  std::optional<Offset> end_;  // The high watermark, once it is known.
  Offset next_ = 0;
  std::string records_;
  int restarts_ = 0;
};

}  // namespace

std::unique_ptr<Call> make_limit_scan_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_message<wire::LimitScanRequest>(request.body.bytes());
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  return std::make_unique<LimitScanCall>(std::move(*parsed));
}

}  // namespace millrace::gateway
