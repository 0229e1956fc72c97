#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "actors/gateway/access_rules.hpp"
#include "actors/gateway/log_calls.hpp"
#include "protocol/batch_check.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/log_batch.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/produce_request.hpp"
#include "protocol/table_options.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::refuse;

constexpr std::int32_t timeout_millis_max = 60 * 1000;
constexpr Duration local_wait_max = 10s;

/// What batches of a table's schemas must be, each check made when a batch first names it.
class SchemaChecks {
 public:
  explicit SchemaChecks(const TableInfo& table) : table_(table) {}

  /// Whether batches may carry statistics: readers of old releases cannot read those that do.
  [[nodiscard]] bool with_statistics() const { return protocol::has_statistics(table_.descriptor); }

  /// Null if there is no such schema.
  [[nodiscard]] const protocol::BatchCheck* find(std::int32_t id) {
    const auto known = checks_.find(id);
    if (known != checks_.end()) return &known->second;
    const protocol::Schema* schema = table_.find_schema(id);
    if (schema == nullptr) return nullptr;
    return &checks_
                .emplace(id,
                         protocol::BatchCheck(protocol::log_format_of(table_.descriptor), *schema))
                .first->second;
  }

 private:
  const TableInfo& table_;
  std::map<std::int32_t, protocol::BatchCheck> checks_;
};

/// Cuts a bucket's records into batches and checks each: checksum, schema, format. What passes can
/// be stored and served without being looked at again.
Outcome<std::vector<Buffer>> check_records(const Buffer& records, SchemaChecks& checks) {
  auto batches = protocol::split_batches(records);
  if (!batches) return refuse(ErrorCode::corrupt_record_exception, batches.error().message);
  if (batches->empty()) return refuse(ErrorCode::corrupt_record_exception, "no batch was sent");
  for (const Buffer& batch : *batches) {
    if (auto fine = protocol::verify_crc(batch.bytes()); !fine) {
      return refuse(ErrorCode::corrupt_record_exception, fine.error().message);
    }
    const auto header = protocol::parse_header(batch.bytes());
    if (header->magic == protocol::magic_statistics && !checks.with_statistics()) {
      return refuse(ErrorCode::corrupt_record_exception,
                    "The table does not ask for statistics: table.statistics.columns is not set.");
    }
    const protocol::BatchCheck* format = checks.find(header->schema_id);
    if (format == nullptr) {
      return refuse(ErrorCode::schema_not_exist,
                    fmt::format("Schema {} does not exist.", header->schema_id));
    }
    if (auto fine = format->check(batch); !fine) {
      return refuse(ErrorCode::corrupt_record_exception, fine.error().message);
    }
  }
  return std::move(*batches);
}

class ProduceCall final : public Call {
 public:
  explicit ProduceCall(protocol::ProduceRequest request)
      : request_(std::move(request)), answers_(request_.buckets.size()) {}

  CallEffects begin(const CallContext& context) override {
    if (request_.acks < -1 || request_.acks > 1) {
      return {RespondError{{ErrorCode::invalid_required_acks,
                            fmt::format("Invalid required acks: {}.", request_.acks)}}};
    }
    CallEffects effects;
    const TableId id{request_.table_id};
    const auto table = context.view.catalog.find_table(id);
    const TableInfo unknown;
    SchemaChecks checks(table ? *table : unknown);
    const auto denied = why_denied(context, id, protocol::Operation::write);
    std::set<BucketId> seen;
    for (std::size_t i = 0; i < request_.buckets.size(); ++i) {
      const protocol::ProduceBucket& bucket = request_.buckets[i];
      const BucketId bucket_id{
          id, BucketIndex{bucket.bucket_id},
          bucket.partition_id ? PartitionId{*bucket.partition_id} : no_partition};
      if (denied) {
        answer(i, *denied);
      } else if (auto elsewhere = why_not_here(context, bucket_id)) {
        answer(i, *elsewhere);
      } else if (!seen.insert(bucket_id).second) {
        answer(i, ProtocolError{ErrorCode::corrupt_message, "the bucket is named twice"});
      } else if (auto batches = check_records(bucket.records, checks); !batches) {
        answer(i, batches.error());
      } else {
        ++open_;
        effects.push_back(AskReplica{static_cast<std::uint32_t>(i), bucket_id,
                                     AppendQuestion{std::move(*batches), request_.acks == -1}});
      }
    }
    if (open_ == 0) return respond();
    // The client's time-out is about replication; with other acks only a lost replica takes long.
    const Duration timeout =
        request_.acks == -1
            ? std::chrono::milliseconds(std::clamp(request_.timeout_ms, 0, timeout_millis_max))
            : local_wait_max;
    effects.push_back(SetDeadline{timeout});
    return effects;
  }

  CallEffects on_replica(const CallContext& /*context*/, std::uint32_t slot,
                         const ReplicaAnswer& reply) override {
    if (slot >= answers_.size() || answers_[slot]) return {};
    if (const auto* error = std::get_if<ProtocolError>(&reply)) {
      answer(slot, *error);
    } else if (const auto* appended = std::get_if<AppendedAnswer>(&reply)) {
      answers_[slot] = appended->base;
    } else {
      return {};
    }
    if (--open_ > 0) return {};
    return respond();
  }

  CallEffects on_deadline(const CallContext& /*context*/) override {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      if (answers_[i]) continue;
      answer(i,
             ProtocolError{ErrorCode::request_time_out, "The append was not confirmed in time."});
    }
    return respond();
  }

 private:
  void answer(std::size_t slot, ProtocolError error) { answers_[slot] = std::move(error); }

  [[nodiscard]] CallEffects respond() const {
    wire::ProduceLogResponse response;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      auto* entry = response.add_buckets_resp();
      const protocol::ProduceBucket& bucket = request_.buckets[i];
      if (bucket.partition_id) entry->set_partition_id(*bucket.partition_id);
      entry->set_bucket_id(bucket.bucket_id);
      if (const auto* error = std::get_if<ProtocolError>(&*answers_[i])) {
        entry->set_error_code(static_cast<std::int32_t>(error->code));
        entry->set_error_message(protocol::wire_text(error->message));
      } else {
        entry->set_base_offset(std::get<Offset>(*answers_[i]));
      }
    }
    return {Respond{{protocol::serialize(response)}}};
  }

  const protocol::ProduceRequest request_;
  std::vector<std::optional<std::variant<Offset, ProtocolError>>> answers_;  // By bucket.
  std::size_t open_ = 0;
};

}  // namespace

std::unique_ptr<Call> make_produce_call(const protocol::RequestFrame& request) {
  auto parsed = protocol::parse_produce_request(request.body);
  if (!parsed) return make_finished_call(RespondError{to_protocol(parsed.error())});
  return std::make_unique<ProduceCall>(std::move(*parsed));
}

}  // namespace millrace::gateway
