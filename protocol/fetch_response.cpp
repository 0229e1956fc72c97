#include "protocol/fetch_response.hpp"

#include <string>
#include <utility>

#include "protocol/wire_coding.hpp"

namespace millrace::protocol {
namespace {

// Field numbers of FetchLogResponse, PbFetchLogRespForTable and PbFetchLogRespForBucket.
constexpr std::uint32_t tables_field = 1;
constexpr std::uint32_t table_id_field = 1;
constexpr std::uint32_t buckets_field = 2;
constexpr std::uint32_t partition_id_field = 1;
constexpr std::uint32_t bucket_id_field = 2;
constexpr std::uint32_t error_code_field = 3;
constexpr std::uint32_t error_message_field = 4;
constexpr std::uint32_t high_watermark_field = 5;
constexpr std::uint32_t log_start_offset_field = 6;
constexpr std::uint32_t remote_field = 7;
constexpr std::uint32_t records_field = 8;
constexpr std::uint32_t filtered_end_offset_field = 9;

std::size_t records_size(const FetchedBucket& bucket) {
  std::size_t size = 0;
  for (const Buffer& piece : bucket.records) size += piece.size();
  return size;
}

std::size_t size_of(const FetchedBucket& bucket, const std::string& error_message) {
  std::size_t size = varint_field_size(bucket_id_field, bucket.bucket_id);
  if (bucket.partition_id) size += varint_field_size(partition_id_field, *bucket.partition_id);
  if (bucket.error) {
    size += varint_field_size(error_code_field, static_cast<std::int32_t>(bucket.error->code));
    if (!error_message.empty()) size += bytes_field_size(error_message_field, error_message.size());
    return size;
  }
  if (bucket.filtered_end_offset)
    size += varint_field_size(filtered_end_offset_field, *bucket.filtered_end_offset);
  return size + varint_field_size(high_watermark_field, bucket.high_watermark) +
         varint_field_size(log_start_offset_field, bucket.log_start_offset) +
         bytes_field_size(records_field, records_size(bucket));
}

std::string error_message_of(const FetchedBucket& bucket) {
  return bucket.error ? wire_text(bucket.error->message) : std::string();
}

std::size_t size_of(const FetchedTable& table) {
  std::size_t size = varint_field_size(table_id_field, table.table_id);
  for (const FetchedBucket& bucket : table.buckets)
    size += bytes_field_size(buckets_field, size_of(bucket, error_message_of(bucket)));
  return size;
}

void write_bucket(PieceWriter& writer, const FetchedBucket& bucket) {
  const std::string error_message = error_message_of(bucket);
  writer.open_field(buckets_field, size_of(bucket, error_message));
  if (bucket.partition_id) writer.varint_field(partition_id_field, *bucket.partition_id);
  writer.varint_field(bucket_id_field, bucket.bucket_id);
  if (bucket.error) {
    writer.varint_field(error_code_field, static_cast<std::int32_t>(bucket.error->code));
    if (!error_message.empty()) writer.bytes_field(error_message_field, error_message);
    return;
  }
  writer.varint_field(high_watermark_field, bucket.high_watermark);
  writer.varint_field(log_start_offset_field, bucket.log_start_offset);
  writer.open_field(records_field, records_size(bucket));
  for (const Buffer& piece : bucket.records) writer.append(piece);
  if (bucket.filtered_end_offset)
    writer.varint_field(filtered_end_offset_field, *bucket.filtered_end_offset);
}

/// Gathers the error fields, which may come in any order. Source: fluss-rs treats code 0 as
/// success.
struct ErrorFields {
  std::int32_t code = 0;
  std::string message;

  [[nodiscard]] std::optional<ProtocolError> error() && {
    const ErrorCode known = error_code_of(code);
    if (known == ErrorCode::none) return std::nullopt;
    if (message.empty()) message = default_message(known);
    return ProtocolError{known, std::move(message)};
  }
};

void read_number(ReceivedBucket& bucket, ErrorFields& error, const WireField& field) {
  const auto value = static_cast<std::int64_t>(field.value);
  switch (field.number) {
    case partition_id_field:
      bucket.partition_id = value;
      break;
    case error_code_field:
      error.code = static_cast<std::int32_t>(value);
      break;
    case high_watermark_field:
      bucket.high_watermark = value;
      break;
    case log_start_offset_field:
      bucket.log_start_offset = value;
      break;
    case filtered_end_offset_field:
      bucket.filtered_end_offset = value;
      break;
    default:
      break;
  }
}

Result<ReceivedBucket> parse_bucket(const Buffer& body) {
  ReceivedBucket bucket;
  ErrorFields error;
  bool has_bucket_id = false;
  WireReader reader(body.bytes());
  while (const auto field = reader.next()) {
    if (field->number == bucket_id_field && !field->is_bytes) {
      bucket.bucket_id = static_cast<std::int32_t>(field->value);
      has_bucket_id = true;
    } else if (!field->is_bytes) {
      read_number(bucket, error, *field);
    } else if (field->number == records_field) {
      bucket.records = body.slice(field->offset, field->length);
    } else if (field->number == error_message_field) {
      error.message = body.slice(field->offset, field->length).text();
    } else if (field->number == remote_field) {
      bucket.is_remote = true;
    }
  }
  if (reader.failed()) return fail(Errc::malformed, "fetch response: bucket is no message");
  if (!has_bucket_id) return fail(Errc::malformed, "fetch response: bucket without id");
  bucket.error = std::move(error).error();
  return bucket;
}

Result<ReceivedTable> parse_table(const Buffer& body) {
  ReceivedTable table;
  bool has_table_id = false;
  WireReader reader(body.bytes());
  while (const auto field = reader.next()) {
    if (field->number == table_id_field && !field->is_bytes) {
      table.table_id = static_cast<std::int64_t>(field->value);
      has_table_id = true;
    } else if (field->number == buckets_field && field->is_bytes) {
      auto bucket = parse_bucket(body.slice(field->offset, field->length));
      if (!bucket) return tl::unexpected<Error>(bucket.error());
      table.buckets.push_back(std::move(*bucket));
    }
  }
  if (reader.failed()) return fail(Errc::malformed, "fetch response: table is no message");
  if (!has_table_id) return fail(Errc::malformed, "fetch response: table without id");
  return table;
}

}  // namespace

std::vector<Buffer> encode_fetch_response(const std::vector<FetchedTable>& tables) {
  PieceWriter writer;
  for (const FetchedTable& table : tables) {
    writer.open_field(tables_field, size_of(table));
    writer.varint_field(table_id_field, table.table_id);
    for (const FetchedBucket& bucket : table.buckets) write_bucket(writer, bucket);
  }
  return std::move(writer).finish();
}

Result<std::vector<ReceivedTable>> parse_fetch_response(const Buffer& body) {
  std::vector<ReceivedTable> tables;
  WireReader reader(body.bytes());
  while (const auto field = reader.next()) {
    if (field->number != tables_field || !field->is_bytes) continue;
    auto table = parse_table(body.slice(field->offset, field->length));
    if (!table) return tl::unexpected<Error>(table.error());
    tables.push_back(std::move(*table));
  }
  if (reader.failed()) return fail(Errc::malformed, "fetch response: no message");
  return tables;
}

}  // namespace millrace::protocol
