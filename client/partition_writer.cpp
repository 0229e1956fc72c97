#include "client/partition_writer.hpp"

#include <algorithm>
#include <utility>

#include "client/client.hpp"

namespace millrace::client {

namespace {

std::string name_of(const std::vector<std::string>& values) {
  std::string name;
  for (const std::string& value : values) name += (name.empty() ? "" : "$") + value;
  return name;
}

}  // namespace

PartitionWriter::PartitionWriter(std::shared_ptr<Cluster> cluster, TablePtr table,
                                 std::vector<std::string> values, std::optional<WriterId> writer,
                                 AppenderOptions options)
    : cluster_(std::move(cluster)),
      table_(std::move(table)),
      values_(std::move(values)),
      writer_id_(writer),
      options_(options) {}

void PartitionWriter::append(Rows rows) {
  if (writer_) return pass_on(rows);
  waiting_.push_back(std::move(rows));
  if (std::exchange(is_looking_, true)) return;
  give_up_at_ = cluster_->loop().now() + options_.delivery_time_max;
  look_up();
}

void PartitionWriter::look_up() {
  cluster_->partition(
      table_->path, name_of(values_), [self = shared_from_this()](const Outcome<TablePtr>& answer) {
        if (answer) return self->found(*answer);
        const bool is_missing = answer.error().code == ErrorCode::partition_not_exists;
        const bool is_late = self->cluster_->loop().now() >= self->give_up_at_;
        if (is_missing && self->options_.create_partitions && !is_late) return self->create();
        self->again_or_fail(answer.error());
      });
}

void PartitionWriter::found(const TablePtr& partition) {
  if (partition->id != table_->id) {
    return fail_all({ErrorCode::unknown_table_or_bucket_exception,
                     "table " + to_string(table_->path) + " was made anew"});
  }
  if (!writer_id_) return begin_anew(partition);
  // Rows have the columns that the table had when it was opened, whatever it has by now.
  auto place = std::make_shared<TableInfo>(*table_);
  place->buckets = partition->buckets;
  place->partition = partition->partition;
  auto made = TableWriter::make(cluster_, place, *writer_id_, options_);
  if (!made) return again_or_fail(made.error());
  writer_ = std::move(*made);
  for (const Rows& rows : std::exchange(waiting_, {})) pass_on(rows);
}

void PartitionWriter::begin_anew(const TablePtr& partition) {
  init_writer(*cluster_, table_->path,
              [self = shared_from_this(), partition](const Outcome<WriterId>& id) {
                if (!id) return self->again_or_fail(id.error());
                self->writer_id_ = *id;
                self->found(partition);
              });
}

void PartitionWriter::create() {
  PartitionSpec spec;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    spec.emplace_back(table_->descriptor.partition_keys[i], values_[i]);
  }
  create_partition(*cluster_, table_->path, spec, true,
                   [self = shared_from_this()](const Outcome<void>& created) {
                     if (!created) return self->again_or_fail(created.error());
                     // A server that has not heard of it yet is asked again, not told again.
                     self->look_up();
                   });
}

void PartitionWriter::again_or_fail(const ProtocolError& error) {
  if (!is_retriable(error.code) || cluster_->loop().now() >= give_up_at_) return fail_all(error);
  const Duration wanted = options_.first_pause * (1 << std::min(failures_, 10));
  ++failures_;
  cluster_->loop().after(cluster_->jittered(std::min(wanted, options_.longest_pause)),
                         [self = shared_from_this()] { self->look_up(); });
}

void PartitionWriter::fail_all(const ProtocolError& error) {
  has_failed_ = true;
  for (const Rows& rows : std::exchange(waiting_, {})) rows.done(tl::unexpected(error));
}

void PartitionWriter::pass_on(const Rows& rows) {
  auto done = [weak = weak_from_this(), done = rows.done](const Outcome<Appended>& outcome) {
    const auto self = weak.lock();
    const bool is_gone =
        !outcome && (outcome.error().code == ErrorCode::partition_not_exists ||
                     outcome.error().code == ErrorCode::unknown_table_or_bucket_exception);
    if (self && is_gone) self->has_failed_ = true;
    done(outcome);
  };
  const Status taken = writer_->append(rows.bucket, rows.rows, std::move(done));
  if (taken) return;
  // Not from here: nobody is called back from inside append().
  const ProtocolError why{ErrorCode::corrupt_record_exception, taken.error().message};
  cluster_->loop().post([done = rows.done, why] { done(tl::unexpected(why)); });
}

}  // namespace millrace::client
