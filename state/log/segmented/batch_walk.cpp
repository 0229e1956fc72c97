#include "state/log/segmented/batch_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/rows_start.hpp"

namespace millrace {
namespace {

// A header walk jumps from batch to batch, a checksum walk reads everything.
constexpr std::size_t header_window_bytes = 4096;
constexpr std::size_t checksum_window_bytes = std::size_t{256} * 1024;

}  // namespace

BatchSummary summary_of(const protocol::LogBatchHeader& header) {
  return {.base = header.base_offset,
          .last = header.last_offset(),
          .timestamp = header.commit_timestamp,
          .writer = header.writer,
          .sequence = header.batch_sequence};
}

Result<std::optional<LocatedBatch>> BatchWalk::next(BatchCheck check) {
  if (position_ >= end_) return std::nullopt;
  const auto bad = [this](const std::string& why) {
    return fail(Errc::corrupt, fmt::format("batch at byte {}: {}", position_, why));
  };
  if (end_ - position_ < protocol::log_batch_header_size) return bad("incomplete header");
  auto bytes = bytes_at_position(protocol::log_batch_header_size, check);
  if (!bytes) return tl::unexpected(bytes.error());
  auto header = protocol::parse_header(*bytes);
  if (!header) return bad(header.error().message);
  if (base_ && header->base_offset != *base_) {
    return bad(
        fmt::format("offset does not follow: expected {}, found {}", *base_, header->base_offset));
  }
  // Checked before the batch is read: a damaged length must not make us allocate.
  if (header->size() > end_ - position_) return bad("incomplete batch");
  if (auto sound = check_magic(*header); !sound) return bad(sound.error().message);
  if (check == BatchCheck::checksum) {
    bytes = bytes_at_position(header->size(), check);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto verified = protocol::verify_crc(*bytes); !verified) {
      return bad(verified.error().message);
    }
  }
  const LocatedBatch found{position_, *header};
  position_ += header->size();
  base_ = header->next_offset();
  last_ = found;
  return found;
}

/// Only batches of format ARROW have statistics.
Status BatchWalk::check_magic(const protocol::LogBatchHeader& header) {
  if (header.magic != protocol::magic_statistics) return {};
  Buffer piece;
  return protocol::check_rows_start(header, [&](std::size_t offset, std::size_t size) {
    auto read = file_.read(position_ + offset, size);
    if (!read) return Result<Bytes>(tl::unexpected(read.error()));
    if (read->size() < size) return Result<Bytes>(fail(Errc::corrupt, "segment is too short"));
    piece = std::move(*read);
    return Result<Bytes>(piece.bytes());
  });
}

Result<Bytes> BatchWalk::bytes_at_position(std::size_t size, BatchCheck check) {
  const bool held =
      position_ >= window_position_ && position_ + size <= window_position_ + window_.size();
  if (!held) {
    const std::size_t ahead =
        check == BatchCheck::header ? header_window_bytes : checksum_window_bytes;
    const auto wanted = std::min<std::uint64_t>(std::max(size, ahead), end_ - position_);
    auto read = file_.read(position_, static_cast<std::size_t>(wanted));
    if (!read) return tl::unexpected(read.error());
    if (read->size() < size) return fail(Errc::corrupt, "segment is shorter than it was");
    window_ = std::move(*read);
    window_position_ = position_;
  }
  return window_.bytes().subspan(static_cast<std::size_t>(position_ - window_position_), size);
}

}  // namespace millrace
