#include "client/bucket_writer.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "client/client.hpp"
#include "client/parsed_answer.hpp"
#include "protocol/produce_request.hpp"
#include "protocol/row_batch_codec.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

namespace {

constexpr std::int32_t all_in_sync = -1;

std::int32_t after(std::int32_t sequence) {
  return sequence == std::numeric_limits<std::int32_t>::max() ? 0 : sequence + 1;
}

bool says_writer_is_lost(ErrorCode code) {
  return code == ErrorCode::out_of_order_sequence_exception ||
         code == ErrorCode::unknown_writer_id_exception;
}

/// False when the server refused before it stored anything. A leader that is deposed while it waits
/// for its followers answers "not leader" although the rows may survive, so that one is in doubt.
bool leaves_doubt(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_server_error:
      return true;
    case ErrorCode::schema_not_exist:
    case ErrorCode::corrupt_record_exception:
    case ErrorCode::unknown_table_or_bucket_exception:
    case ErrorCode::not_enough_replicas_exception:
    case ErrorCode::disk_write_locked:
    case ErrorCode::storage_backpressure_exception:
      return false;
    default:
      return is_retriable(code);
  }
}

std::int32_t milliseconds(Duration duration) {
  return static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// What the answer says about `bucket`.
Outcome<std::optional<Offset>> outcome_for(BucketIndex bucket, const Outcome<Answer>& answer) {
  if (!answer) return tl::unexpected(answer.error());
  const auto message = protocol::parse_message<wire::ProduceLogResponse>(answer->body.bytes());
  if (!message) return refuse(ErrorCode::corrupt_message, message.error().message);
  for (const auto& entry : message->buckets_resp()) {
    if (entry.bucket_id() != bucket.value()) continue;
    if (auto error = error_in_entry(entry)) return tl::unexpected(std::move(*error));
    if (!entry.has_base_offset()) return std::optional<Offset>();
    return std::optional<Offset>(entry.base_offset());
  }
  return refuse(ErrorCode::unknown_server_error, "the server's answer leaves this bucket out");
}

}  // namespace

BucketWriter::BucketWriter(std::shared_ptr<Cluster> cluster, TablePtr table, BucketIndex bucket,
                           WriterId writer, AppenderOptions options)
    : cluster_(std::move(cluster)),
      table_(std::move(table)),
      bucket_(bucket),
      options_(options),
      opened_(table_),
      format_(protocol::log_format_of(table_->descriptor)),
      compression_(protocol::compression_of(table_->descriptor)),
      writer_(writer) {
  CHECK(options.in_flight_per_bucket_max >= 1);
  CHECK(options.in_flight_per_bucket_max <= 5);
}

void BucketWriter::append(std::shared_ptr<arrow::RecordBatch> rows, Callback<Appended> done) {
  auto entry = std::make_shared<Entry>();
  entry->row_count = rows->num_rows();
  entry->rows = std::move(rows);
  entry->done = std::move(done);
  queue(std::move(entry));
}

void BucketWriter::append_encoded(Buffer batch, std::int64_t row_count, Callback<Appended> done) {
  auto entry = std::make_shared<Entry>();
  entry->encoded_ahead = std::move(batch);
  entry->row_count = row_count;
  entry->done = std::move(done);
  queue(std::move(entry));
}

void BucketWriter::queue(EntryPtr entry) {
  entry->give_up_at = cluster_->loop().now() + options_.delivery_time_max;
  entries_.push_back(std::move(entry));
  // Not from here: an entry that fails at once must not call back from inside append().
  cluster_->loop().post([self = shared_from_this()] { self->pump(); });
}

void BucketWriter::pump() {
  if (stalled_ || draining_ || entries_.empty()) return;
  if (needs_writer_) return renew_writer();
  const auto leader = table_->leader_of(bucket_);
  if (leader_is_stale_ || !leader) return look_up_leader();
  // The server confirms repeats of the last five batches only, so the window starts at the oldest
  // one without confirmation, not at the number under way.
  const std::size_t window = std::min(entries_.size(), options_.in_flight_per_bucket_max);
  const std::vector<EntryPtr> next(entries_.begin(),
                                   entries_.begin() + static_cast<std::ptrdiff_t>(window));
  for (const EntryPtr& entry : next) {
    if (entry->phase != Phase::queued && entry->phase != Phase::retry) continue;
    if (encode(*entry)) {
      send(entry, *leader);
    } else {
      std::erase(entries_, entry);
      entry->done(tl::unexpected(entry->error));
    }
  }
}

void BucketWriter::look_up_leader() {
  stalled_ = true;
  cluster_->look_again(*table_, [self = shared_from_this()](const Outcome<TablePtr>& found) {
    self->stalled_ = false;
    if (!found && !is_retriable(found.error().code)) return self->fail_all(found.error());
    if (found && is_another(**found, *self->table_)) {
      return self->fail_all({ErrorCode::unknown_table_or_bucket_exception,
                             "table " + place_of(*self->table_) + " was made anew"});
    }
    if (found) {
      self->table_ = *found;
      self->leader_is_stale_ = false;
    }
    if (!found || !self->table_->leader_of(self->bucket_)) return self->pause();
    self->pump();
  });
}

void BucketWriter::renew_writer() {
  stalled_ = true;
  init_writer(*cluster_, table_->path, [self = shared_from_this()](Outcome<WriterId> writer) {
    self->stalled_ = false;
    if (!writer) return self->fail_all(writer.error());
    self->writer_ = *writer;
    self->next_sequence_ = 0;
    self->needs_writer_ = false;
    self->pump();
  });
}

void BucketWriter::pause() {
  stalled_ = true;
  const Duration wanted = options_.first_pause * (1 << std::min(failures_, 10));
  ++failures_;
  const Duration length = cluster_->jittered(std::min(wanted, options_.longest_pause));
  cluster_->loop().after(length, [self = shared_from_this()] {
    self->stalled_ = false;
    self->expire();
    self->settle();
    self->pump();
  });
}

/// Gives an entry its sequence and bytes. False: it can never be sent, and `error` says why.
bool BucketWriter::encode(Entry& entry) {
  if (!entry.encoded.empty()) return true;
  const std::int32_t sequence = entry.phase == Phase::retry ? entry.sequence : next_sequence_;
  auto batch = encoded(entry, sequence);
  if (!batch) {
    const bool is_too_large = batch.error().code == Errc::overloaded;
    entry.error = {
        is_too_large ? ErrorCode::record_too_large_exception : ErrorCode::invalid_target_column,
        batch.error().message};
    return false;
  }
  if (entry.phase == Phase::queued) next_sequence_ = after(next_sequence_);
  entry.sequence = sequence;
  entry.encoded = std::move(*batch);
  return true;
}

Result<Buffer> BucketWriter::encoded(const Entry& entry, std::int32_t sequence) const {
  if (!entry.rows) return protocol::signed_by(entry.encoded_ahead, writer_, sequence);
  const protocol::EncodeOptions options{.schema_id = static_cast<std::int16_t>(opened_->schema_id),
                                        .compression = compression_,
                                        .writer = writer_,
                                        .sequence = sequence};
  if (format_ == protocol::LogFormat::arrow) return protocol::encode_batch(*entry.rows, options);
  return protocol::encode_row_batch(*entry.rows, opened_->descriptor.schema,
                                    protocol::row_format_of(format_), options);
}

void BucketWriter::send(const EntryPtr& entry, NodeId leader) {
  entry->phase = Phase::in_flight;
  protocol::ProduceRequest request;
  request.acks = all_in_sync;
  request.table_id = table_->id.value();
  request.timeout_ms = milliseconds(options_.server_time_max);
  request.buckets.push_back({{}, bucket_.value(), entry->encoded});
  if (table_->partition) request.buckets.back().partition_id = table_->partition->id.value();
  cluster_->ask_node(leader, protocol::ApiKey::produce_log,
                     protocol::encode_produce_request(request), options_.answer_time_max,
                     [self = shared_from_this(), entry](const Outcome<Answer>& answer) {
                       self->on_answer(entry, answer);
                     });
}

void BucketWriter::on_answer(const EntryPtr& entry, const Outcome<Answer>& answer) {
  const auto outcome = outcome_for(bucket_, answer);
  if (outcome) {
    acknowledge(entry, *outcome);
  } else if (outcome.error().code == ErrorCode::duplicate_sequence_exception) {
    acknowledge(entry, std::nullopt);
  } else {
    classify(*entry, outcome.error());
    draining_ = true;
  }
  if (!draining_) return pump();
  if (count(Phase::in_flight) > 0) return;
  const bool again = count(Phase::retry) > 0;
  settle();
  if (again) return pause();
  pump();
}

void BucketWriter::classify(Entry& entry, const ProtocolError& error) {
  entry.error = error;
  if (is_stale_metadata(error.code)) leader_is_stale_ = true;
  // Behind a batch that failed, "not the next number" is an echo of that failure.
  const auto first_open = std::find_if(entries_.begin(), entries_.end(), [](const EntryPtr& other) {
    return other->phase != Phase::acked;
  });
  const bool echo =
      error.code == ErrorCode::out_of_order_sequence_exception && first_open->get() != &entry;
  entry.phase = echo || is_retriable(error.code) ? Phase::retry : Phase::failed;
  entry.writer_is_lost = !echo && says_writer_is_lost(error.code);
  entry.may_be_stored = entry.may_be_stored || leaves_doubt(error.code);
}

void BucketWriter::acknowledge(const EntryPtr& entry, std::optional<Offset> base_offset) {
  entry->phase = Phase::acked;
  entry->encoded = {};
  failures_ = 0;
  forget_acked();
  Appended appended{bucket_, base_offset, entry->row_count};
  if (table_->partition) appended.partition = table_->partition->name;
  entry->done(std::move(appended));
}

/// One that was confirmed ahead of its turn stays: it counts for the window.
void BucketWriter::forget_acked() {
  while (!entries_.empty() && entries_.front()->phase == Phase::acked) entries_.pop_front();
}

/// Marks what has waited too long. Only between drains: nothing is in flight.
void BucketWriter::expire() {
  const Instant now = cluster_->loop().now();
  for (const EntryPtr& entry : entries_) {
    if (now < entry->give_up_at) continue;
    if (entry->phase != Phase::queued && entry->phase != Phase::retry) continue;
    const std::string last =
        entry->error.message.empty() ? "the bucket has no leader now" : entry->error.message;
    entry->error = {
        ErrorCode::request_time_out,
        fmt::format(
            "gave up after {} s: {}",
            std::chrono::duration_cast<std::chrono::seconds>(options_.delivery_time_max).count(),
            last)};
    entry->phase = Phase::failed;
  }
}

/// Every answer is in: ends what failed for good and puts the rest in order for the next attempt.
void BucketWriter::settle() {
  draining_ = false;
  if (must_start_over()) {
    needs_writer_ = true;
    std::erase_if(entries_, [](const EntryPtr& entry) { return entry->phase == Phase::acked; });
    for (const EntryPtr& entry : entries_) {
      // Under a new writer id the server could not tell that it has these rows already.
      if (entry->phase == Phase::retry && entry->may_be_stored) entry->phase = Phase::failed;
      if (entry->phase != Phase::retry) continue;
      entry->phase = Phase::queued;
      entry->encoded = {};
    }
  } else {
    close_gaps();
  }
  std::vector<EntryPtr> failed;
  for (const EntryPtr& entry : entries_) {
    if (entry->phase == Phase::failed) failed.push_back(entry);
  }
  std::erase_if(entries_, [](const EntryPtr& entry) { return entry->phase == Phase::failed; });
  forget_acked();
  for (const EntryPtr& entry : failed) entry->done(tl::unexpected(entry->error));
}

/// True when it is not known which sequence the server expects next.
bool BucketWriter::must_start_over() const {
  std::int32_t gaps = 0;
  for (const EntryPtr& entry : entries_) {
    if (entry->phase == Phase::failed) {
      if (entry->may_be_stored || entry->writer_is_lost) return true;
      if (entry->sequence >= 0) ++gaps;
    } else if (entry->phase == Phase::acked && gaps > 0) {
      return true;  // Stored behind a failure: the failed number was used after all.
    } else if (entry->phase == Phase::retry && entry->may_be_stored && gaps > 0) {
      return true;  // Perhaps the same.
    } else if (entry->phase == Phase::retry && entry->sequence < gaps) {
      return true;  // Numbers wrapped around here: rare enough for the long way.
    }
  }
  return next_sequence_ < gaps;
}

/// Gives the numbers of refused batches to those behind them.
void BucketWriter::close_gaps() {
  std::int32_t gaps = 0;
  for (const EntryPtr& entry : entries_) {
    if (entry->phase == Phase::failed && entry->sequence >= 0) ++gaps;
    if (entry->phase != Phase::retry || gaps == 0) continue;
    entry->sequence -= gaps;
    entry->encoded = {};
  }
  next_sequence_ -= gaps;
}

std::size_t BucketWriter::count(Phase phase) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [phase](const EntryPtr& entry) { return entry->phase == phase; }));
}

/// Ends everything that waits. Only when nothing is in flight.
void BucketWriter::fail_all(const ProtocolError& error) {
  for (const EntryPtr& entry : entries_) {
    if (entry->phase == Phase::acked) continue;
    needs_writer_ = needs_writer_ || entry->phase == Phase::retry;
    entry->phase = Phase::failed;
    entry->error = error;
  }
  for (const EntryPtr& entry : std::exchange(entries_, {})) {
    if (entry->phase == Phase::failed) entry->done(tl::unexpected(entry->error));
  }
}

}  // namespace millrace::client
