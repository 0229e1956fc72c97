#include "protocol/produce_request.hpp"

#include <string>
#include <utility>

#include "protocol/wire_coding.hpp"

namespace millrace::protocol {
namespace {

// Field numbers of ProduceLogRequest and PbProduceLogReqForBucket.
constexpr std::uint32_t acks_field = 1;
constexpr std::uint32_t table_id_field = 2;
constexpr std::uint32_t timeout_field = 3;
constexpr std::uint32_t buckets_field = 4;
constexpr std::uint32_t partition_id_field = 1;
constexpr std::uint32_t bucket_id_field = 2;
constexpr std::uint32_t records_field = 3;

Result<ProduceBucket> parse_bucket(const Buffer& body) {
  ProduceBucket bucket;
  bool has_bucket_id = false;
  bool has_records = false;
  WireReader reader(body.bytes());
  while (const auto field = reader.next()) {
    if (field->number == partition_id_field && !field->is_bytes) {
      bucket.partition_id = static_cast<std::int64_t>(field->value);
    } else if (field->number == bucket_id_field && !field->is_bytes) {
      bucket.bucket_id = static_cast<std::int32_t>(field->value);
      has_bucket_id = true;
    } else if (field->number == records_field && field->is_bytes) {
      bucket.records = body.slice(field->offset, field->length);
      has_records = true;
    }
  }
  if (reader.failed()) return fail(Errc::malformed, "produce request: bucket is no message");
  if (!has_bucket_id) return fail(Errc::malformed, "produce request: bucket without id");
  if (!has_records) return fail(Errc::malformed, "produce request: bucket without records");
  return bucket;
}

std::size_t size_of(const ProduceBucket& bucket) {
  std::size_t size = varint_field_size(bucket_id_field, bucket.bucket_id) +
                     bytes_field_size(records_field, bucket.records.size());
  if (bucket.partition_id) size += varint_field_size(partition_id_field, *bucket.partition_id);
  return size;
}

}  // namespace

Result<ProduceRequest> parse_produce_request(const Buffer& body) {
  ProduceRequest request;
  bool has_acks = false;
  bool has_table_id = false;
  bool has_timeout = false;
  WireReader reader(body.bytes());
  while (const auto field = reader.next()) {
    if (field->number == acks_field && !field->is_bytes) {
      request.acks = static_cast<std::int32_t>(field->value);
      has_acks = true;
    } else if (field->number == table_id_field && !field->is_bytes) {
      request.table_id = static_cast<std::int64_t>(field->value);
      has_table_id = true;
    } else if (field->number == timeout_field && !field->is_bytes) {
      request.timeout_ms = static_cast<std::int32_t>(field->value);
      has_timeout = true;
    } else if (field->number == buckets_field && field->is_bytes) {
      if (request.buckets.size() == produce_buckets_max)
        return fail(Errc::malformed, "produce request: too many buckets");
      auto bucket = parse_bucket(body.slice(field->offset, field->length));
      if (!bucket) return tl::unexpected<Error>(bucket.error());
      request.buckets.push_back(std::move(*bucket));
    }
  }
  if (reader.failed()) return fail(Errc::malformed, "produce request: no message");
  if (!has_acks) return fail(Errc::malformed, "produce request: no acks");
  if (!has_table_id) return fail(Errc::malformed, "produce request: no table id");
  if (!has_timeout) return fail(Errc::malformed, "produce request: no timeout");
  return request;
}

std::vector<Buffer> encode_produce_request(const ProduceRequest& request) {
  PieceWriter writer;
  writer.varint_field(acks_field, request.acks);
  writer.varint_field(table_id_field, request.table_id);
  writer.varint_field(timeout_field, request.timeout_ms);
  for (const ProduceBucket& bucket : request.buckets) {
    writer.open_field(buckets_field, size_of(bucket));
    if (bucket.partition_id) writer.varint_field(partition_id_field, *bucket.partition_id);
    writer.varint_field(bucket_id_field, bucket.bucket_id);
    writer.open_field(records_field, bucket.records.size());
    writer.append(bucket.records);
  }
  return std::move(writer).finish();
}

}  // namespace millrace::protocol
