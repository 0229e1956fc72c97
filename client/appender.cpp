#include "client/appender.hpp"

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "client/row_spreader.hpp"
#include "client/table_support.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::client {

namespace {

/// Empty when `rows` fit the table.
std::optional<std::string> why_bad_rows(const arrow::RecordBatch& rows,
                                        const arrow::Schema& wanted) {
  if (rows.num_rows() == 0) return "a batch without rows";
  if (rows.num_columns() != wanted.num_fields()) {
    return "wrong number of columns: " + std::to_string(rows.num_columns()) + ", the table has " +
           std::to_string(wanted.num_fields());
  }
  for (int i = 0; i < wanted.num_fields(); ++i) {
    const auto& field = wanted.field(i);
    if (!rows.column(i)->type()->Equals(*field->type())) {
      return "column " + field->name() + " is " + rows.column(i)->type()->ToString() +
             ", the table needs " + field->type()->ToString();
    }
    if (!field->nullable() && rows.column(i)->null_count() > 0)
      return "null in NOT NULL column " + field->name();
  }
  return std::nullopt;
}

/// One answer out of those of several buckets.
class JointAnswer {
 public:
  JointAnswer(std::size_t parts, Callback<Appended> done) : open_(parts), done_(std::move(done)) {}

  void add(const Outcome<Appended>& part) {
    if (part) rows_ += part->rows;
    if (!part && !error_) error_ = part.error();
    if (--open_ > 0) return;
    if (error_) return done_(tl::unexpected(*error_));
    done_(Appended{std::nullopt, std::nullopt, rows_});
  }

 private:
  std::size_t open_;
  const Callback<Appended> done_;
  std::int64_t rows_ = 0;
  std::optional<ProtocolError> error_;  // The first one.
};

}  // namespace

void Appender::open(Client& client, const TablePath& path, AppenderOptions options,
                    Callback<std::shared_ptr<Appender>> done) {
  const auto cluster = client.cluster();
  cluster->table(
      path, [cluster, path, options, done = std::move(done)](const Outcome<TablePtr>& table) {
        if (!table) return done(tl::unexpected(table.error()));
        if (auto why = why_unwritable(**table)) return done(tl::unexpected(std::move(*why)));
        if ((*table)->buckets.empty()) {
          return done(refuse(ErrorCode::leader_not_available_exception,
                             "table " + to_string(path) + " has no buckets yet"));
        }
        auto placement = protocol::RowPlacement::make(
            (*table)->descriptor, static_cast<std::int32_t>((*table)->buckets.size()));
        if (!placement)
          return done(refuse(ErrorCode::invalid_table_exception, placement.error().message));
        client::init_writer(*cluster, path,
                            [cluster, table = *table, options, placement = std::move(*placement),
                             done](const Outcome<WriterId>& writer) {
                              if (!writer) return done(tl::unexpected(writer.error()));
                              done(std::shared_ptr<Appender>(
                                  new Appender(cluster, table, *writer, options, placement)));
                            });
      });
}

Appender::Appender(std::shared_ptr<Cluster> cluster, TablePtr table, WriterId writer,
                   AppenderOptions options, std::optional<protocol::RowPlacement> placement)
    : cluster_(std::move(cluster)),
      table_(std::move(table)),
      writer_(writer),
      options_(options),
      placement_(std::move(placement)),
      schema_(protocol::to_arrow(table_->descriptor.schema)) {
  for (const BucketInfo& info : table_->buckets) {
    writers_[info.bucket] =
        std::make_shared<BucketWriter>(cluster_, table_, info.bucket, writer_, options_);
  }
}

Status Appender::append(std::shared_ptr<arrow::RecordBatch> rows, Callback<Appended> done) {
  if (placement_) return append_by_key(rows, std::move(done));
  const BucketIndex bucket = table_->buckets[next_bucket_ % table_->buckets.size()].bucket;
  auto status = append_to(bucket, std::move(rows), std::move(done));
  if (status) ++next_bucket_;
  return status;
}

Status Appender::append_to(BucketIndex bucket, std::shared_ptr<arrow::RecordBatch> rows,
                           Callback<Appended> done) {
  if (auto fine = why_refused(*rows); !fine) return fine;
  if (placement_) return fail(Errc::malformed, "the table's bucket keys choose the bucket");
  const auto writer = writers_.find(bucket);
  if (writer == writers_.end())
    return fail(Errc::malformed, "no such bucket: " + to_string(bucket));
  writer->second->append(std::move(rows), counted(std::move(done)));
  return {};
}

Status Appender::append_by_key(const std::shared_ptr<arrow::RecordBatch>& rows,
                               Callback<Appended> done) {
  if (auto fine = why_refused(*rows); !fine) return fine;
  auto placed = spread_rows(*placement_, rows);
  if (!placed) return tl::unexpected(placed.error());
  for (const PlacedRows& part : *placed) {
    if (!writers_.contains(part.bucket))
      return fail(Errc::malformed, "no such bucket: " + to_string(part.bucket));
  }
  auto answered = counted(std::move(done));
  if (placed->size() > 1) {
    const auto joint = std::make_shared<JointAnswer>(placed->size(), std::move(answered));
    answered = [joint](const Outcome<Appended>& part) { joint->add(part); };
  }
  for (PlacedRows& part : *placed) writers_.at(part.bucket)->append(std::move(part.rows), answered);
  return {};
}

Status Appender::why_refused(const arrow::RecordBatch& rows) const {
  if (!has_room())
    return fail(Errc::overloaded, "too many batches wait: " + std::to_string(pending_));
  if (auto why = why_bad_rows(rows, *schema_)) return fail(Errc::malformed, std::move(*why));
  return {};
}

Callback<Appended> Appender::counted(Callback<Appended> done) {
  ++pending_;
  return [weak = weak_from_this(), done = std::move(done)](Outcome<Appended> outcome) {
    if (const auto self = weak.lock()) --self->pending_;
    done(std::move(outcome));
  };
}

}  // namespace millrace::client
