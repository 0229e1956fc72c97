#include "client/appender.hpp"

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "client/joint_answer.hpp"
#include "client/row_spreader.hpp"
#include "client/table_support.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/log_batch.hpp"

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

}  // namespace

void Appender::open(Client& client, const TablePath& path, AppenderOptions options,
                    Callback<std::shared_ptr<Appender>> done) {
  const auto& cluster = client.cluster();
  cluster->table(path, [cluster, path, options,
                        done = std::move(done)](const Outcome<TablePtr>& table) {
    if (!table) return done(tl::unexpected(table.error()));
    if (auto why = why_unwritable(**table)) return done(tl::unexpected(std::move(*why)));
    client::init_writer(
        *cluster, path, [cluster, table = *table, options, done](const Outcome<WriterId>& writer) {
          if (!writer) return done(tl::unexpected(writer.error()));
          const std::shared_ptr<Appender> appender(new Appender(cluster, table, *writer, options));
          if (!table->is_partitioned()) {
            auto whole = TableWriter::make(cluster, table, *writer, options);
            if (!whole) return done(tl::unexpected(whole.error()));
            appender->whole_ = std::move(*whole);
          }
          done(appender);
        });
  });
}

Appender::Appender(std::shared_ptr<Cluster> cluster, TablePtr table, WriterId writer,
                   AppenderOptions options)
    : cluster_(std::move(cluster)),
      table_(std::move(table)),
      writer_(writer),
      options_(options),
      schema_(protocol::to_arrow(table_->descriptor.schema)) {}

Status Appender::append(const std::shared_ptr<arrow::RecordBatch>& rows, Callback<Appended> done) {
  return put(std::nullopt, rows, std::move(done));
}

Status Appender::append_to(BucketIndex bucket, const std::shared_ptr<arrow::RecordBatch>& rows,
                           Callback<Appended> done) {
  return put(bucket, rows, std::move(done));
}

Status Appender::append_encoded(std::optional<BucketIndex> bucket, const Buffer& batch,
                                Callback<Appended> done) {
  if (!has_room())
    return fail(Errc::overloaded, "too many batches wait: " + std::to_string(pending_));
  if (!whole_) return fail(Errc::malformed, "partitions are chosen by rows, not by whole batches");
  const auto header = protocol::parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  if (header->record_count == 0) return fail(Errc::malformed, "a batch without rows");
  if (header->schema_id != table_->schema_id) {
    return fail(Errc::malformed,
                "the batch is of another schema: " + std::to_string(header->schema_id) +
                    ", the table's is " + std::to_string(table_->schema_id));
  }
  auto put = whole_->append_encoded(bucket, batch, header->record_count, counted(std::move(done)));
  if (!put) --pending_;
  return put;
}

Status Appender::put(std::optional<BucketIndex> bucket,
                     const std::shared_ptr<arrow::RecordBatch>& rows, Callback<Appended> done) {
  if (!has_room())
    return fail(Errc::overloaded, "too many batches wait: " + std::to_string(pending_));
  if (auto why = why_bad_rows(*rows, *schema_)) return fail(Errc::malformed, std::move(*why));
  if (whole_) {
    auto put = whole_->append(bucket, rows, counted(std::move(done)));
    if (!put) --pending_;
    return put;
  }
  auto parts = split_by_partition(table_->descriptor, rows);
  if (!parts) return tl::unexpected(parts.error());
  const auto answered = joined(parts->size(), counted(std::move(done)));
  for (PartitionRows& part : *parts) {
    writer_of(part.values)->append({bucket, std::move(part.rows), answered});
  }
  return {};
}

PartitionWriter* Appender::writer_of(const std::vector<std::string>& values) {
  auto& writer = partitions_[values];
  // One that failed has told its rows; it may be there, or be created, by now. Which of its
  // sequences are stored nobody knows, so the next one does not go on with its id.
  if (!writer || writer->has_failed()) {
    const auto id = writer ? std::nullopt : std::optional(writer_);
    writer = std::make_shared<PartitionWriter>(cluster_, table_, values, id, options_);
  }
  return writer.get();
}

Callback<Appended> Appender::counted(Callback<Appended> done) {
  ++pending_;
  return [weak = weak_from_this(), done = std::move(done)](Outcome<Appended> outcome) {
    if (const auto self = weak.lock()) --self->pending_;
    done(std::move(outcome));
  };
}

}  // namespace millrace::client
