#include "client/appender.hpp"

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

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

}  // namespace

void Appender::open(Client& client, const TablePath& path, AppenderOptions options,
                    Callback<std::shared_ptr<Appender>> done) {
  const auto cluster = client.cluster();
  cluster->table(path, [cluster, path, options,
                        done = std::move(done)](const Outcome<TablePtr>& table) {
    if (!table) return done(tl::unexpected(table.error()));
    if (auto why = why_unwritable(**table)) return done(tl::unexpected(std::move(*why)));
    if ((*table)->buckets.empty()) {
      return done(refuse(ErrorCode::leader_not_available_exception,
                         "table " + to_string(path) + " has no buckets yet"));
    }
    client::init_writer(
        *cluster, path, [cluster, table = *table, options, done](const Outcome<WriterId>& writer) {
          if (!writer) return done(tl::unexpected(writer.error()));
          done(std::shared_ptr<Appender>(new Appender(cluster, table, *writer, options)));
        });
  });
}

Appender::Appender(std::shared_ptr<Cluster> cluster, TablePtr table, WriterId writer,
                   AppenderOptions options)
    : cluster_(std::move(cluster)),
      table_(std::move(table)),
      writer_(writer),
      options_(options),
      schema_(protocol::to_arrow(table_->descriptor.schema)) {
  for (const BucketInfo& info : table_->buckets) {
    writers_[info.bucket] =
        std::make_shared<BucketWriter>(cluster_, table_, info.bucket, writer_, options_);
  }
}

Status Appender::append(std::shared_ptr<arrow::RecordBatch> rows, Callback<Appended> done) {
  const BucketIndex bucket = table_->buckets[next_bucket_ % table_->buckets.size()].bucket;
  auto status = append_to(bucket, std::move(rows), std::move(done));
  if (status) ++next_bucket_;
  return status;
}

Status Appender::append_to(BucketIndex bucket, std::shared_ptr<arrow::RecordBatch> rows,
                           Callback<Appended> done) {
  if (!has_room())
    return fail(Errc::overloaded, "too many batches wait: " + std::to_string(pending_));
  if (auto why = why_bad_rows(*rows, *schema_)) return fail(Errc::malformed, std::move(*why));
  const auto writer = writers_.find(bucket);
  if (writer == writers_.end())
    return fail(Errc::malformed, "no such bucket: " + to_string(bucket));
  ++pending_;
  writer->second->append(std::move(rows), [weak = weak_from_this(),
                                           done = std::move(done)](Outcome<Appended> outcome) {
    if (const auto self = weak.lock()) --self->pending_;
    done(std::move(outcome));
  });
  return {};
}

}  // namespace millrace::client
