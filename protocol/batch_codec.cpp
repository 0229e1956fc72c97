#include "protocol/batch_codec.hpp"

#include <arrow/buffer.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "protocol/arrow_message.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/arrow_status.hpp"
#include "protocol/buffer_compression.hpp"

namespace millrace::protocol {
namespace {

// A MAP is two levels to Arrow.
constexpr int arrow_depth_max = 2 * type_depth_max + 1;

/// Lets Arrow hold on to bytes of ours.
class SharedBytes final : public arrow::Buffer {
 public:
  explicit SharedBytes(millrace::Buffer bytes)
      : arrow::Buffer(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<std::int64_t>(bytes.size())),
        bytes_(std::move(bytes)) {}

 private:
  millrace::Buffer bytes_;
};

/// Checks what compressed buffers claim to become, and turns those that become nothing into buffers
/// of no length: the Java client writes eight zero bytes, which Arrow's LZ4 reader refuses.
Status settle_compressed(ArrowMessage& message) {
  std::int64_t total = 0;
  for (BodyRange& range : message.metadata.buffers) {
    const auto compressed = message.body.bytes().subspan(static_cast<std::size_t>(range.offset),
                                                         static_cast<std::size_t>(range.length));
    auto size = decompressed_size(compressed, message.metadata.codec);
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) range.length = 0;
    total += *size;
    if (total > decompressed_size_max)
      return fail(Errc::overloaded, fmt::format("log batch decompresses to more than {} bytes",
                                                decompressed_size_max));
  }
  return {};
}

/// Appends the compressed buffers of `payload` to `out`, whose body starts at `body_start`, and
/// says in `metadata` where they lie.
Status append_body(const arrow::ipc::IpcPayload& payload, const Compression& compression,
                   std::size_t body_start, std::vector<std::byte>& out, MessageMetadata& metadata) {
  metadata.buffers.clear();
  auto compressor = BufferCompressor::make(compression);
  if (!compressor) return tl::unexpected(compressor.error());
  for (const std::shared_ptr<arrow::Buffer>& buffer : payload.body_buffers) {
    const std::size_t start = out.size();
    if (buffer != nullptr && buffer->size() > 0) {
      const Bytes raw(reinterpret_cast<const std::byte*>(buffer->data()),
                      static_cast<std::size_t>(buffer->size()));
      if (auto appended = compressor->append(raw, out); !appended) return appended;
    }
    metadata.buffers.push_back({static_cast<std::int64_t>(start - body_start),
                                static_cast<std::int64_t>(out.size() - start)});
    out.resize(body_start + static_cast<std::size_t>(
                                padded(static_cast<std::int64_t>(out.size() - body_start))));
    if (out.size() > log_batch_size_max)
      return fail(Errc::overloaded,
                  fmt::format("log batch is larger than {} bytes", log_batch_size_max));
  }
  metadata.body_length = static_cast<std::int64_t>(out.size() - body_start);
  return {};
}

Result<arrow::ipc::IpcPayload> uncompressed_payload(const arrow::RecordBatch& rows) {
  for (const auto& field : rows.schema()->fields()) {
    if (!is_wire_type(*field->type()))
      return fail(Errc::malformed, fmt::format("column type does not travel: {} {}", field->name(),
                                               field->type()->name()));
  }
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.max_recursion_depth = arrow_depth_max;
  options.alignment = body_alignment;
  options.use_threads = false;
  arrow::ipc::IpcPayload payload;
  const arrow::Status status = arrow::ipc::GetRecordBatchPayload(rows, options, &payload);
  if (!status.ok()) return tl::unexpected(error_of(status));
  return payload;
}

}  // namespace

Result<LogBatchHeader> start_header(std::int64_t rows, const EncodeOptions& options) {
  if (rows > std::numeric_limits<std::int32_t>::max())
    return fail(Errc::overloaded, fmt::format("more rows than a log batch holds: {}", rows));
  CHECK(options.changes.empty() || options.changes.size() == static_cast<std::size_t>(rows));
  LogBatchHeader header;
  header.schema_id = options.schema_id;
  header.attributes = options.changes.empty() ? 1 : 0;  // Append-only.
  header.record_count = static_cast<std::int32_t>(rows);
  header.last_offset_delta = std::max(header.record_count - 1, 0);
  header.writer = options.writer;
  header.batch_sequence = options.sequence;
  return header;
}

Result<Buffer> encode_batch(const arrow::RecordBatch& rows, const EncodeOptions& options) {
  const auto header = start_header(rows.num_rows(), options);
  if (!header) return tl::unexpected(header.error());
  std::vector<std::byte> batch(log_batch_header_size);
  if (rows.num_rows() == 0) return finish_batch(std::move(batch), *header);
  for (const ChangeType change : options.changes) batch.push_back(static_cast<std::byte>(change));

  auto payload = uncompressed_payload(rows);
  if (!payload) return wrap(payload.error(), "encode rows");
  const Bytes flatbuffer(reinterpret_cast<const std::byte*>(payload->metadata->data()),
                         static_cast<std::size_t>(payload->metadata->size()));
  auto metadata = read_metadata(flatbuffer, static_cast<std::size_t>(payload->body_length));
  if (!metadata) return wrap(metadata.error(), "encode rows");
  metadata->codec = options.compression.type;
  // Where the buffers end up is known once they are compressed, how much room that takes is not.
  const std::size_t head_size = encode_message_head(*metadata).size();
  const std::size_t head_start = batch.size();
  const std::size_t body_start = head_start + head_size;
  batch.resize(body_start);
  if (auto appended = append_body(*payload, options.compression, body_start, batch, *metadata);
      !appended)
    return wrap(appended.error(), "encode rows");
  const std::vector<std::byte> head = encode_message_head(*metadata);
  CHECK(head.size() == head_size);
  std::ranges::copy(head, batch.begin() + static_cast<std::ptrdiff_t>(head_start));
  return finish_batch(std::move(batch), *header);
}

Result<std::shared_ptr<arrow::RecordBatch>> decode_batch(
    const Buffer& batch, const std::shared_ptr<arrow::Schema>& schema) {
  auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  if (header->record_count == 0) {
    auto none = arrow::RecordBatch::MakeEmpty(schema);
    if (!none.ok()) return tl::unexpected(error_of(none.status()));
    return none.MoveValueUnsafe();
  }
  auto message = read_message(batch, *header);
  if (!message) return tl::unexpected(message.error());
  if (message->metadata.codec != CompressionType::none) {
    if (auto settled = settle_compressed(*message); !settled)
      return tl::unexpected(settled.error());
  }
  const Buffer head = Buffer::from(encode_message_head(message->metadata));
  auto arrow_message =
      arrow::ipc::Message::Open(std::make_shared<SharedBytes>(head.slice(
                                    message_prefix_size, head.size() - message_prefix_size)),
                                std::make_shared<SharedBytes>(message->body));
  if (!arrow_message.ok()) return tl::unexpected(error_of(arrow_message.status()));
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.max_recursion_depth = arrow_depth_max;
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  auto rows = arrow::ipc::ReadRecordBatch(**arrow_message, schema, nullptr, options);
  if (!rows.ok()) return tl::unexpected(error_of(rows.status()));
  if (const arrow::Status valid = (*rows)->ValidateFull(); !valid.ok())
    return tl::unexpected(error_of(valid));
  return rows.MoveValueUnsafe();
}

}  // namespace millrace::protocol
