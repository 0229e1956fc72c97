#pragma once
#include <cstdint>
#include <optional>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/log_batch.hpp"
#include "state/disk/port/disk.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace {

/// How much of each batch a walk looks at.
enum class BatchCheck { header, checksum };

struct LocatedBatch {
  std::uint64_t position;
  protocol::LogBatchHeader header;
};

[[nodiscard]] BatchSummary summary_of(const protocol::LogBatchHeader& header);

/// Walks a stretch of a segment file batch by batch, reading ahead only as far as the check needs.
class BatchWalk {
 public:
  struct Stretch {
    std::uint64_t position;
    std::uint64_t end;
    /// Base offset of the first batch, if it is known.
    std::optional<Offset> first_base;
  };
  /// `file` must outlive the walk.
  BatchWalk(File& file, const Stretch& stretch)
      : file_(file),
        position_(stretch.position),
        end_(stretch.end),
        base_(stretch.first_base),
        told_(stretch.first_base.has_value()) {}

  /// The next batch; nothing at the end. Errors: corrupt (a header that cannot be, an offset that
  /// does not follow, a batch that reaches beyond the end, a checksum that differs), unavailable.
  /// After an error the walk stays where it is.
  [[nodiscard]] Result<std::optional<LocatedBatch>> next(BatchCheck check);

  /// Whether it was told what its first batch is: else what it finds there may be bytes that look
  /// like one.
  [[nodiscard]] bool was_told() const { return told_; }
  /// Where the next batch starts.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// Its first row; nothing before the first batch of a walk that was not told.
  [[nodiscard]] std::optional<Offset> base() const { return base_; }
  /// The batch that next() returned last; nothing before the first and after a jump.
  [[nodiscard]] const std::optional<LocatedBatch>& last() const { return last_; }
  /// Goes on at a place further behind, where the batch of row `base` starts.
  void jump(std::uint64_t position, Offset base) {
    position_ = position;
    base_ = base;
    last_.reset();
  }

 private:
  [[nodiscard]] Status check_magic(const protocol::LogBatchHeader& header);
  [[nodiscard]] Result<Bytes> bytes_at_position(std::size_t size, BatchCheck check);

  File& file_;
  std::uint64_t position_;
  std::uint64_t end_;
  std::optional<Offset> base_;
  bool told_;
  std::optional<LocatedBatch> last_;
  Buffer window_;
  std::uint64_t window_position_ = 0;
};

}  // namespace millrace
