#include "protocol/projection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/null_column.hpp"

namespace millrace::protocol {
namespace {

/// Adds the nodes and buffers of one value of `type`. The depth of types is bounded where they are
/// read.
void add_extent(const DataType& type, ColumnExtent& extent) {
  extent.node_count += 1;
  switch (type.root) {
    case TypeRoot::character:
    case TypeRoot::string:
    case TypeRoot::bytes:
      extent.buffer_count += 3;  // Validity, offsets, data.
      break;
    case TypeRoot::array:
      extent.buffer_count += 2;  // Validity, offsets.
      break;
    case TypeRoot::map:
      extent.buffer_count += 2 + 1;  // The same, and the validity of the struct of key and value.
      extent.node_count += 1;
      break;
    case TypeRoot::row:
      extent.buffer_count += 1;  // Validity.
      break;
    default:
      extent.buffer_count += 2;  // Validity, values.
      break;
  }
  for (const Field& child : type.children) add_extent(child.type, extent);
}

/// Collects stretches of a body as slices, joining those that touch.
class BodyPieces {
 public:
  explicit BodyPieces(const Buffer& body) : body_(body) {}

  /// Takes `range` with the padding behind it; says where it lies in the new body.
  BodyRange take(const BodyRange& range) {
    const BodyRange placed{size_, range.length};
    if (range.length == 0) return placed;
    const std::int64_t wanted = padded(range.length);
    const std::int64_t present =
        std::min(wanted, static_cast<std::int64_t>(body_.size()) - range.offset);
    if (range.offset != pending_.end()) {
      flush();
      pending_.offset = range.offset;
    }
    pending_.length += present;
    if (present < wanted) {  // The writer did not pad the end of its body.
      flush();
      pieces_.push_back(
          Buffer::from(std::vector<std::byte>(static_cast<std::size_t>(wanted - present))));
    }
    size_ += wanted;
    return placed;
  }

  /// Adds bytes that the old body does not have.
  BodyRange put(const Buffer& bytes) {
    const BodyRange placed{size_, static_cast<std::int64_t>(bytes.size())};
    flush();
    const std::int64_t wanted = padded(placed.length);
    if (placed.length > 0) pieces_.push_back(bytes);
    if (wanted > placed.length) {
      pieces_.push_back(
          Buffer::from(std::vector<std::byte>(static_cast<std::size_t>(wanted - placed.length))));
    }
    size_ += wanted;
    return placed;
  }

  [[nodiscard]] std::int64_t size() const { return size_; }

  [[nodiscard]] std::vector<Buffer> finish() && {
    flush();
    return std::move(pieces_);
  }

 private:
  void flush() {
    if (pending_.length > 0)
      pieces_.push_back(body_.slice(static_cast<std::size_t>(pending_.offset),
                                    static_cast<std::size_t>(pending_.length)));
    pending_ = {pending_.end(), 0};
  }

  const Buffer& body_;
  std::vector<Buffer> pieces_;
  BodyRange pending_;      // Of the old body, not in pieces_ yet.
  std::int64_t size_ = 0;  // Of the new body.
};

/// Header, change types and what of the message comes in front of its body. `source` is the header
/// that `batch` has.
Buffer encode_front(const Buffer& batch, const LogBatchHeader& source, const LogBatchHeader& header,
                    const std::vector<std::byte>& head) {
  std::vector<std::byte> front;
  front.reserve(header.message_offset() + head.size());
  append_header(front, header);
  const Bytes change_types = batch.bytes().subspan(
      source.change_types_offset(), source.message_offset() - source.change_types_offset());
  front.insert(front.end(), change_types.begin(), change_types.end());
  front.insert(front.end(), head.begin(), head.end());
  return Buffer::from(std::move(front));
}

}  // namespace

BatchLayout::BatchLayout(const Schema& schema) {
  columns_.reserve(schema.columns.size());
  for (const Column& column : schema.columns) {
    ColumnExtent extent{node_count_, 0, buffer_count_, 0};
    add_extent(column.type, extent);
    node_count_ += extent.node_count;
    buffer_count_ += extent.buffer_count;
    columns_.push_back(extent);
  }
}

Status BatchLayout::check(const MessageMetadata& metadata) const {
  if (metadata.nodes.size() != node_count_ || metadata.buffers.size() != buffer_count_)
    return fail(
        Errc::malformed,
        fmt::format("arrow message does not fit the schema: {} fields and {} buffers, not {} "
                    "and {}",
                    metadata.nodes.size(), metadata.buffers.size(), node_count_, buffer_count_));
  for (const ColumnExtent& column : columns_) {
    if (metadata.nodes[column.first_node].length != metadata.rows)
      return fail(Errc::malformed,
                  fmt::format("arrow column has {} values, its batch {} rows",
                              metadata.nodes[column.first_node].length, metadata.rows));
  }
  return {};
}

Status check_batch(const Buffer& batch, const BatchLayout& layout) {
  auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  if (header->record_count == 0) return {};
  auto message = read_message(batch, *header);
  if (!message) return tl::unexpected(message.error());
  if (auto types = change_types_of(batch); !types) return tl::unexpected(types.error());
  return layout.check(message->metadata);
}

Result<ProjectionPlan> ProjectionPlan::make(const Schema& schema, const Schema& newest,
                                            std::span<const std::int32_t> fields) {
  if (fields.empty()) return fail(Errc::malformed, "projection names no column");
  ProjectionPlan plan{BatchLayout(schema)};
  std::int32_t least = 0;
  for (const std::int32_t field : fields) {
    if (field < least)
      return fail(Errc::malformed,
                  fmt::format("projected columns do not ascend from 0: {}", field));
    const auto position = static_cast<std::size_t>(field);
    if (position >= newest.columns.size())
      return fail(Errc::malformed, fmt::format("projected column does not exist: {} of {}", field,
                                               newest.columns.size()));
    if (position < schema.columns.size()) {
      plan.fields_.push_back(field);
    } else {
      plan.absent_.push_back(newest.columns[position].type);
    }
    least = field + 1;
  }
  return plan;
}

namespace {

/// Columns of the batch itself.
void take_columns(const MessageMetadata& source, const ProjectionPlan& plan,
                  MessageMetadata& target, BodyPieces& body) {
  for (const std::int32_t field : plan.fields()) {
    const ColumnExtent& column = plan.layout().columns()[static_cast<std::size_t>(field)];
    const auto nodes = std::span(source.nodes).subspan(column.first_node, column.node_count);
    target.nodes.insert(target.nodes.end(), nodes.begin(), nodes.end());
    for (const BodyRange& range :
         std::span(source.buffers).subspan(column.first_buffer, column.buffer_count))
      target.buffers.push_back(body.take(range));
  }
}

/// Columns that are younger than the batch: they come last, as they were added.
Status put_absent_columns(const ProjectionPlan& plan, MessageMetadata& target, BodyPieces& body) {
  std::size_t room = null_columns_bytes_max;
  for (const DataType& type : plan.absent()) {
    auto column = null_column(type, target.rows, target.codec, room);
    if (!column) return tl::unexpected(column.error());
    target.nodes.insert(target.nodes.end(), column->nodes.begin(), column->nodes.end());
    for (const Buffer& buffer : column->buffers) target.buffers.push_back(body.put(buffer));
  }
  return {};
}

}  // namespace

Result<std::vector<Buffer>> project(const Buffer& batch, const ProjectionPlan& plan) {
  auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  if (header->record_count == 0) return std::vector<Buffer>{batch};
  auto message = read_message(batch, *header);
  if (!message) return tl::unexpected(message.error());
  const MessageMetadata& source = message->metadata;
  if (auto fits = plan.layout().check(source); !fits) return tl::unexpected(fits.error());

  MessageMetadata target{source.rows, source.codec, {}, {}, 0};
  BodyPieces body(message->body);
  take_columns(source, plan, target, body);
  if (auto put = put_absent_columns(plan, target, body); !put) return tl::unexpected(put.error());
  target.body_length = body.size();
  const std::vector<std::byte> head = encode_message_head(target);
  LogBatchHeader projected = *header;
  projected.statistics_length = 0;
  const std::size_t size =
      projected.message_offset() + head.size() + static_cast<std::size_t>(target.body_length);
  if (size > log_batch_size_max)  // Its writer left out the padding that is added here.
    return fail(Errc::malformed, fmt::format("projected log batch is too large: {} bytes", size));
  projected.length = static_cast<std::int32_t>(size - length_field_end);
  std::vector<Buffer> pieces{encode_front(batch, *header, projected, head)};
  for (Buffer& piece : std::move(body).finish()) pieces.push_back(std::move(piece));
  return pieces;
}

}  // namespace millrace::protocol
