// FETCH_LOG: read every bucket, and while that is less than the client wants and its time is not
// up, wait for one of them to grow and read on. A few rows that come while they are waited for are
// brought by the news itself. A bucket is read piece by piece: with a projection
// the pieces shrink on their way to the client, so several reads may fit one answer.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/gateway/access_rules.hpp"
#include "actors/gateway/batch_filter.hpp"
#include "actors/gateway/log_calls.hpp"
#include "actors/gateway/stored_batch.hpp"
#include "actors/gateway/table_projection.hpp"
#include "protocol/fetch_response.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/log_batch.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/table_options.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::ProtocolError;

constexpr std::size_t reads_at_once_max = 16;
constexpr std::size_t buckets_max = 100'000;
// Awaits have slots of their own, so that a late one is not taken for the answer to a read.
constexpr std::uint32_t await_slots = 1U << 19;
static_assert(buckets_max < await_slots);
// Against a replica that answers awaits at once because too many readers wait already.
constexpr std::size_t rounds_max = 1000;
constexpr std::int64_t bytes_max_cap = std::int64_t{64} << 20;
constexpr std::size_t share_min_bytes = std::size_t{64} << 10;
// What may come with the news that a bucket has grown: enough for a tail, too little to be missed
// in any budget when everybody who waits gets it.
constexpr std::size_t awaited_bytes = std::size_t{64} << 10;
// What is read at once of a bucket whose columns are pruned.
constexpr std::size_t pruned_read_bytes = std::size_t{4} << 20;
// A fetch is answered once its filter has left out so much, whatever that brought.
constexpr std::size_t left_out_bytes_max = std::size_t{16} << 20;
constexpr std::int32_t wait_millis_default = 100;
constexpr std::int32_t wait_millis_max = 60'000;
// Replicas answer reads within milliseconds; beyond the wait, this much is patience with a restart.
constexpr Duration grace = 5s;

struct BucketFetch {
  std::size_t table = 0;  // Position in the request.
  BucketId id;
  std::optional<std::int64_t> partition;
  Offset from = 0;
  Offset next = 0;  // Where the next read begins.
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
  std::vector<Buffer> records;
  std::optional<Offset> filtered_end;  // If the last batches that were read are left out.
  Offset high_watermark = 0;
  Offset log_start = 0;
  std::optional<ProtocolError> error;
  std::size_t reserved = 0;  // Of the answer, for the read on its way.
  bool asked = false;
  bool done = false;
  bool cut_short = false;  // Trouble lies behind the rows that it has.
};

std::size_t cap(std::int32_t bytes) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(bytes, 0, bytes_max_cap));
}

class FetchCall final : public Call {
 public:
  explicit FetchCall(const wire::FetchLogRequest& request)
      : bytes_max_(cap(request.max_bytes())),
        min_bytes_(request.has_min_bytes() ? cap(request.min_bytes()) : 0),
        wait_(std::chrono::milliseconds(
            std::clamp(request.has_max_wait_ms() ? request.max_wait_ms() : wait_millis_default, 0,
                       wait_millis_max))) {
    for (const auto& table : request.tables_req()) add_table(table);
  }

  CallEffects begin(const CallContext& context) override {
    now_ = context.now;
    end_ = context.now + wait_;
    for (TableFetch& table : tables_) {
      table.denied = why_denied(context, table.id, protocol::Operation::read);
    }
    for (BucketFetch& bucket : buckets_) prepare(context, bucket);
    CallEffects effects{SetDeadline{wait_ + grace}};
    pump(effects);
    return effects;
  }

  CallEffects on_replica(const CallContext& context, std::uint32_t slot,
                         const ReplicaAnswer& answer) override {
    CallEffects effects;
    now_ = context.now;
    if (slot >= await_slots) return on_news(context, slot - await_slots, answer);
    if (slot >= buckets_.size() || !buckets_[slot].asked) return effects;
    BucketFetch& bucket = buckets_[slot];
    bucket.asked = false;
    --asked_;
    reserved_ -= std::exchange(bucket.reserved, 0);
    if (const auto* data = std::get_if<DataAnswer>(&answer)) {
      take(context, bucket, *data);
    } else if (const auto* error = std::get_if<ProtocolError>(&answer)) {
      fail(bucket, *error);
    }
    pump(effects);
    return effects;
  }

  /// A bucket has grown, or cannot be waited for, or the time is up: one more round, unless the
  /// news brings what is wanted. An await that ends after another one did is no news any more.
  CallEffects on_news(const CallContext& context, std::size_t which, const ReplicaAnswer& answer) {
    if (!std::exchange(waiting_, false) || which >= buckets_.size()) return {};
    ++rounds_;
    CallEffects effects;
    const auto* data = std::get_if<DataAnswer>(&answer);
    if (data != nullptr) take(context, buckets_[which], *data);
    if (data != nullptr && enough()) {
      effects.push_back(respond());
      return effects;
    }
    for (BucketFetch& bucket : buckets_) bucket.done = bucket.error.has_value();
    pump(effects);
    return effects;
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    for (BucketFetch& bucket : buckets_) {
      // Codes 12 and 21 are the ones that make readers look for the leader again.
      if (!bucket.done && bucket.records.empty() && !bucket.filtered_end) {
        bucket.error = {ErrorCode::not_leader_or_follower, "The replica did not answer in time."};
      }
    }
    return {respond()};
  }

  [[nodiscard]] bool wants_rows(std::uint32_t slot) const override {
    return slot < await_slots || waiting_;
  }

 private:
  void add_table(const wire::PbFetchLogReqForTable& table) {
    TableFetch& fetch = tables_.emplace_back();
    fetch.id = TableId{table.table_id()};
    if (table.projection_pushdown_enabled()) {
      fetch.fields.emplace(table.projected_fields().begin(), table.projected_fields().end());
    }
    // A filter that cannot be read leaves nothing out.
    if (table.has_filter_predicate()) {
      const std::string& bytes = table.filter_predicate();
      auto predicate = protocol::parse_predicate(
          Bytes(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()));
      if (predicate) fetch.filter.emplace(fetch.id, std::move(*predicate));
    }
    for (const auto& request : table.buckets_req()) {
      BucketFetch& bucket = buckets_.emplace_back();
      bucket.table = tables_.size() - 1;
      bucket.id = bucket_of(fetch.id, BucketIndex{request.bucket_id()}, request);
      if (request.has_partition_id()) bucket.partition = request.partition_id();
      bucket.from = bucket.next = request.fetch_offset();
      bucket.bytes_max = cap(request.max_fetch_bytes());
    }
  }

  void prepare(const CallContext& context, BucketFetch& bucket) {
    TableFetch& table = tables_[bucket.table];
    if (table.denied) return fail(bucket, *table.denied);
    if (auto elsewhere = why_not_here(context, bucket.id)) return fail(bucket, *elsewhere);
    if (!table.fields || table.projection) return;
    const auto info = context.view.catalog.find_table(table.id);
    if (protocol::log_format_of(info->descriptor) != protocol::LogFormat::arrow) {
      return fail(bucket, {ErrorCode::invalid_column_projection,
                           "Only tables of log format ARROW can be projected."});
    }
    auto projection = TableProjection::make(info, *table.fields);
    if (!projection) return fail(bucket, projection.error());
    table.projection.emplace(std::move(*projection));
  }

  static void fail(BucketFetch& bucket, ProtocolError error) {
    bucket.done = true;
    // Sound rows in front of damage are served; the next fetch begins with the damage.
    bucket.cut_short = !bucket.records.empty();
    if (!bucket.cut_short) bucket.error = std::move(error);
  }

  /// Asks for as much as may be asked now; when nothing is left to ask, waits or answers.
  void pump(CallEffects& effects) {
    std::size_t open = 0;
    for (const BucketFetch& bucket : buckets_) open += !bucket.done && !bucket.asked ? 1 : 0;
    const std::size_t at_once = left_out_bytes_ < left_out_bytes_max ? reads_at_once_max : 0;
    for (std::size_t i = 0; i < buckets_.size() && asked_ < at_once; ++i) {
      BucketFetch& bucket = buckets_[i];
      if (bucket.done || bucket.asked) continue;
      const std::size_t size = read_size(bucket, open--);
      // What others may bring is spoken for: it is known when they are back.
      if (size == 0 && reserved_ > 0) break;
      bucket.asked = true;
      ++asked_;
      bucket.reserved = size;
      reserved_ += size;
      effects.push_back(
          AskReplica{static_cast<std::uint32_t>(i), bucket.id, ReadQuestion{bucket.next, size}});
    }
    if (asked_ > 0 || waiting_) return;
    if (enough()) {
      effects.push_back(respond());
    } else {
      wait(effects);
    }
  }

  /// What is left of the answer is shared between the buckets that are still open, so that the
  /// empty ones among many do not wait for each other.
  [[nodiscard]] std::size_t read_size(const BucketFetch& bucket, std::size_t open) const {
    const std::size_t spoken_for = bytes_ + reserved_;
    const std::size_t left = bytes_max_ - std::min(bytes_max_, spoken_for);
    const std::size_t left_here = bucket.bytes_max - std::min(bucket.bytes_max, bucket.bytes);
    if (std::min(left, left_here) == 0 && spoken_for > 0) return 0;  // Only the high watermark.
    const std::size_t share = std::max(std::min(left, share_min_bytes), left / open);
    const std::size_t most = tables_[bucket.table].is_pruned() ? pruned_read_bytes : left_here;
    return std::max<std::size_t>(std::min(share, most), 1);
  }

  void take(const CallContext& context, BucketFetch& bucket, const DataAnswer& data) {
    bucket.high_watermark = data.high_watermark;
    bucket.log_start = data.log_start;
    bucket.next = std::max(bucket.next, data.from);
    if (data.batches.empty()) {
      bucket.done = true;
      return;
    }
    protocol::BatchCursor cursor(data.batches);
    for (;;) {
      auto batch = cursor.next();
      if (!batch) return fail(bucket, damaged(batch.error()));
      if (!*batch) break;
      if (auto bad = why_damaged(context, bucket.id, **batch)) return fail(bucket, *bad);
      if (!add(context, bucket, **batch)) {
        bucket.done = true;
        return;
      }
    }
    const bool is_full = bucket.bytes >= bucket.bytes_max || bytes_ >= bytes_max_ ||
                         left_out_bytes_ >= left_out_bytes_max;
    bucket.done = is_full || bucket.next >= bucket.high_watermark;
  }

  /// Adds a batch if it fits; the first one of the whole answer always does.
  [[nodiscard]] bool add(const CallContext& context, BucketFetch& bucket,
                         const protocol::LogBatch& batch) {
    TableFetch& table = tables_[bucket.table];
    if (table.filter && !table.filter->may_want(context.view.catalog, batch)) {
      ++left_out_;
      left_out_bytes_ += batch.bytes.size();
      bucket.next = batch.header.next_offset();
      bucket.filtered_end = bucket.next;
      return true;
    }
    std::vector<Buffer> pieces{batch.bytes};
    if (table.projection) {
      auto projected = table.projection->project(context.view.catalog, batch);
      if (!projected) {
        fail(bucket, projected.error());
        return false;
      }
      pieces = std::move(*projected);
    }
    const std::size_t size = protocol::sum_of(pieces);
    const bool fits = bucket.bytes + size <= bucket.bytes_max && bytes_ + size <= bytes_max_;
    if (!fits && bytes_ > 0) return false;
    bucket.bytes += size;
    bytes_ += size;
    bucket.next = batch.header.next_offset();
    bucket.filtered_end.reset();
    bucket.records.insert(bucket.records.end(), pieces.begin(), pieces.end());
    return true;
  }

  [[nodiscard]] bool enough() const {
    if (bytes_ >= min_bytes_ || now_ >= end_ || rounds_ >= rounds_max) return true;
    if (left_out_bytes_ >= left_out_bytes_max) return true;
    bool any_served = false;
    for (const BucketFetch& bucket : buckets_) {
      if (bucket.cut_short) return true;
      if (!bucket.error) any_served = true;
      if (bucket.error && bucket.error->code != ErrorCode::not_leader_or_follower &&
          bucket.error->code != ErrorCode::unknown_table_or_bucket_exception) {
        return true;
      }
    }
    return !any_served;
  }

  void wait(CallEffects& effects) {
    waiting_ = true;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      const BucketFetch& bucket = buckets_[i];
      if (bucket.error) continue;
      effects.push_back(AskReplica{await_slots + static_cast<std::uint32_t>(i), bucket.id,
                                   AwaitQuestion{bucket.next, end_ - now_, room_for(bucket)}});
    }
  }

  /// For rows that come with news.
  [[nodiscard]] std::size_t room_for(const BucketFetch& bucket) const {
    const std::size_t left = bytes_max_ - std::min(bytes_max_, bytes_);
    return std::min(
        {left, bucket.bytes_max - std::min(bucket.bytes_max, bucket.bytes), awaited_bytes});
  }

  [[nodiscard]] CallEffect respond() {
    std::vector<protocol::FetchedTable> answer;
    answer.reserve(tables_.size());
    for (const TableFetch& table : tables_) answer.push_back({table.id.value(), {}});
    for (BucketFetch& bucket : buckets_) {
      protocol::FetchedBucket out;
      out.partition_id = bucket.partition;
      out.bucket_id = bucket.id.bucket.value();
      out.error = std::move(bucket.error);
      out.high_watermark = bucket.high_watermark;
      out.log_start_offset = bucket.log_start;
      out.filtered_end_offset = bucket.filtered_end;
      out.records = std::move(bucket.records);
      answer[bucket.table].buckets.push_back(std::move(out));
    }
    return Respond{protocol::encode_fetch_response(answer), left_out_};
  }

  struct TableFetch {
    TableId id;
    std::optional<std::vector<std::int32_t>> fields;
    std::optional<TableProjection> projection;
    std::optional<BatchFilter> filter;
    std::optional<ProtocolError> denied;

    /// Whether less may be sent than is read.
    [[nodiscard]] bool is_pruned() const { return projection || filter; }
  };

  const std::size_t bytes_max_;
  const std::size_t min_bytes_;
  const Duration wait_;
  std::vector<TableFetch> tables_;
  std::vector<BucketFetch> buckets_;
  std::size_t bytes_ = 0;
  std::size_t left_out_bytes_ = 0;
  std::uint64_t left_out_ = 0;  // Batches.
  std::size_t asked_ = 0;
  std::size_t reserved_ = 0;  // Sum over the buckets.
  Instant now_{};
  Instant end_{};  // Of the wait for min_bytes_.
  bool waiting_ = false;
  std::size_t rounds_ = 0;
};

}  // namespace

std::unique_ptr<Call> make_fetch_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_message<wire::FetchLogRequest>(request.body.bytes());
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  std::size_t buckets = 0;
  for (const auto& table : parsed->tables_req()) {
    if (table.has_filter_predicate() != table.has_filter_schema_id()) {
      return make_finished_call(RespondError{
          {ErrorCode::unknown_server_error, "A filter and its schema id come together."}});
    }
    buckets += static_cast<std::size_t>(table.buckets_req_size());
  }
  if (buckets > buckets_max) {
    return make_finished_call(
        RespondError{{ErrorCode::corrupt_message, fmt::format("too many buckets: {}", buckets)}});
  }
  return std::make_unique<FetchCall>(*parsed);
}

}  // namespace millrace::gateway
