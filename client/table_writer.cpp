#include "client/table_writer.hpp"

#include <arrow/record_batch.h>

#include <iterator>
#include <utility>

#include "client/joint_answer.hpp"
#include "client/row_spreader.hpp"

namespace millrace::client {

Outcome<std::shared_ptr<TableWriter>> TableWriter::make(const std::shared_ptr<Cluster>& cluster,
                                                        const TablePtr& table, WriterId writer,
                                                        const AppenderOptions& options) {
  if (table->buckets.empty()) {
    return refuse(ErrorCode::leader_not_available_exception,
                  "table " + place_of(*table) + " has no buckets yet");
  }
  auto placement = protocol::RowPlacement::make(table->descriptor,
                                                static_cast<std::int32_t>(table->buckets.size()));
  if (!placement) return refuse(ErrorCode::invalid_table_exception, placement.error().message);
  std::shared_ptr<TableWriter> made(new TableWriter(std::move(*placement)));
  for (const BucketInfo& info : table->buckets) {
    made->writers_[info.bucket] =
        std::make_shared<BucketWriter>(cluster, table, info.bucket, writer, options);
  }
  return made;
}

Status TableWriter::append(std::optional<BucketIndex> bucket,
                           const std::shared_ptr<arrow::RecordBatch>& rows,
                           Callback<Appended> done) {
  if (placement_ && !bucket) return append_by_key(rows, std::move(done));
  const auto writer = writer_for(bucket);
  if (!writer) return tl::unexpected(writer.error());
  (*writer)->append(rows, std::move(done));
  return {};
}

Status TableWriter::append_encoded(std::optional<BucketIndex> bucket, Buffer batch,
                                   std::int64_t row_count, Callback<Appended> done) {
  const auto writer = writer_for(bucket);
  if (!writer) return tl::unexpected(writer.error());
  (*writer)->append_encoded(std::move(batch), row_count, std::move(done));
  return {};
}

/// That of `bucket`, or else the next in turn.
Result<BucketWriter*> TableWriter::writer_for(std::optional<BucketIndex> bucket) {
  if (placement_) return fail(Errc::malformed, "the table's bucket keys choose the bucket");
  const auto writer =
      bucket ? writers_.find(*bucket)
             : std::next(writers_.begin(), static_cast<std::ptrdiff_t>(next_ % writers_.size()));
  if (writer == writers_.end())
    return fail(Errc::malformed, "no such bucket: " + to_string(*bucket));
  if (!bucket) ++next_;
  return writer->second.get();
}

Status TableWriter::append_by_key(const std::shared_ptr<arrow::RecordBatch>& rows,
                                  Callback<Appended> done) {
  auto placed = spread_rows(*placement_, rows);
  if (!placed) return tl::unexpected(placed.error());
  for (const PlacedRows& part : *placed) {
    if (!writers_.contains(part.bucket))
      return fail(Errc::malformed, "no such bucket: " + to_string(part.bucket));
  }
  const auto answered = joined(placed->size(), std::move(done));
  for (PlacedRows& part : *placed) writers_.at(part.bucket)->append(std::move(part.rows), answered);
  return {};
}

}  // namespace millrace::client
