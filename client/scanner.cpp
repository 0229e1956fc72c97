#include "client/scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "client/parsed_answer.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

namespace {

constexpr std::int32_t not_a_follower = -1;
constexpr Duration first_pause = 50ms;
constexpr Duration longest_pause = 2s;

/// Errors of one bucket that pass by themselves. Source: Fluss log scanner.
bool passes_by(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_server_error:
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::log_storage_exception:
    case ErrorCode::kv_storage_exception:
    case ErrorCode::storage_exception:
    case ErrorCode::fenced_leader_epoch_exception:
    case ErrorCode::unknown_table_or_bucket_exception:
    case ErrorCode::leader_not_available_exception:
      return true;
    default:
      return false;
  }
}

/// Why these cannot be read of the table.
std::optional<ProtocolError> why_bad(std::vector<std::int32_t> columns, const TableInfo& table) {
  const auto bad = [](std::string why) {
    return ProtocolError{ErrorCode::invalid_column_projection, std::move(why)};
  };
  std::sort(columns.begin(), columns.end());
  const auto count = static_cast<std::int32_t>(table.descriptor.schema.columns.size());
  if (std::adjacent_find(columns.begin(), columns.end()) != columns.end())
    return bad("a column is asked for twice");
  if (!columns.empty() && (columns.front() < 0 || columns.back() >= count)) {
    return bad(fmt::format("no such column: position {} of {}",
                           columns.front() < 0 ? columns.front() : columns.back(), count));
  }
  return std::nullopt;
}

std::string name_of(ScanBucket bucket) {
  return (bucket.partition == no_partition ? "" : "p" + to_string(bucket.partition) + "/") +
         to_string(bucket.bucket);
}

ProtocolError damaged(ScanBucket bucket, const std::string& what) {
  return {ErrorCode::corrupt_message, fmt::format("bucket {}: {}", name_of(bucket), what)};
}

}  // namespace

void Scanner::open(Client& client, const TablePath& path, ScanOptions options,
                   Callback<std::shared_ptr<Scanner>> done) {
  const auto& cluster = client.cluster();
  cluster->table(path, [cluster, options = std::move(options),
                        done = std::move(done)](const Outcome<TablePtr>& table) {
    if (!table) return done(tl::unexpected(table.error()));
    if (auto bad = why_bad(options.columns, **table)) return done(tl::unexpected(std::move(*bad)));
    done(std::shared_ptr<Scanner>(new Scanner(cluster, *table, options)));
  });
}

Scanner::Scanner(std::shared_ptr<Cluster> cluster, TablePtr table, ScanOptions options)
    : cluster_(std::move(cluster)),
      table_(std::move(table)),
      options_(std::move(options)),
      decoder_(*table_, options_.columns) {}

void Scanner::subscribe(BucketIndex bucket, Offset from) {
  places_.try_emplace(no_partition, table_);
  start(bucket, from);
}

void Scanner::subscribe(const TablePtr& partition, BucketIndex bucket, Offset from) {
  CHECK(partition->id == table_->id);
  places_.insert_or_assign(partition->partition_id(), partition);
  start({bucket, partition->partition_id()}, from);
}

void Scanner::start(ScanBucket bucket, Offset from) {
  cursors_[bucket] = Cursor();
  cursors_[bucket].next = from;
  if (failure_ && failure_->first == bucket) failure_.reset();
}

void Scanner::unsubscribe(ScanBucket bucket) {
  cursors_.erase(bucket);
  const auto others = std::any_of(cursors_.begin(), cursors_.end(), [&](const auto& entry) {
    return entry.first.partition == bucket.partition;
  });
  if (!others) places_.erase(bucket.partition);
  if (failure_ && failure_->first == bucket) failure_.reset();
}

std::optional<Offset> Scanner::position(ScanBucket bucket) const {
  const auto found = cursors_.find(bucket);
  if (found == cursors_.end()) return std::nullopt;
  return found->second.next;
}

std::optional<Offset> Scanner::high_watermark(ScanBucket bucket) const {
  const auto found = cursors_.find(bucket);
  return found == cursors_.end() ? std::nullopt : found->second.high_watermark;
}

void Scanner::poll(Duration wait_max, Callback<std::vector<ScannedBatch>> done) {
  CHECK(!waiting_poll_);
  waiting_poll_ = std::move(done);
  poll_deadline_ = cluster_->loop().after(wait_max, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->waiting_poll_) self->finish_poll(std::vector<ScannedBatch>());
  });
  cluster_->loop().post([self = shared_from_this()] {
    self->hand_out();
    self->fetch_more();
  });
}

void Scanner::finish_poll(Outcome<std::vector<ScannedBatch>> outcome) {
  cluster_->loop().cancel(poll_deadline_);
  const auto done = std::exchange(waiting_poll_, nullptr);
  done(std::move(outcome));
}

void Scanner::fetch_more() {
  if (resting_ || failure_) return;
  std::map<NodeId, std::vector<Asked>> by_leader;
  bool leader_is_missing = false;
  for (const auto& [bucket, cursor] : cursors_) {
    if (cursor.under_way || !cursor.records.empty()) continue;
    const auto leader = places_.at(bucket.partition)->leader_of(bucket.bucket);
    leader_is_missing = leader_is_missing || !leader;
    if (leader && !busy_leaders_.contains(*leader))
      by_leader[*leader].push_back({bucket, cursor.next});
  }
  for (auto& [leader, asked] : by_leader) {
    // A server fills an answer in the order asked, so those that got rows last come last.
    std::stable_sort(asked.begin(), asked.end(), [this](const Asked& a, const Asked& b) {
      return cursors_.at(a.bucket).fetched_at < cursors_.at(b.bucket).fetched_at;
    });
    fetch(leader, asked);
  }
  if (leader_is_missing)
    on_trouble({ErrorCode::leader_not_available_exception, "a bucket has no leader now"});
}

void Scanner::fetch(NodeId leader, const std::vector<Asked>& asked) {
  wire::FetchLogRequest request;
  request.set_follower_server_id(not_a_follower);
  request.set_max_bytes(options_.answer_bytes_max);
  request.set_min_bytes(1);
  request.set_max_wait_ms(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.server_wait_max).count()));
  auto* table = request.add_tables_req();
  table->set_table_id(table_->id.value());
  table->set_projection_pushdown_enabled(decoder_.server_projects());
  for (const std::int32_t column : decoder_.asked_columns()) table->add_projected_fields(column);
  for (const Asked& one : asked) {
    auto* bucket = table->add_buckets_req();
    bucket->set_bucket_id(one.bucket.bucket.value());
    if (one.bucket.partition != no_partition) {
      bucket->set_partition_id(one.bucket.partition.value());
    }
    bucket->set_fetch_offset(one.from);
    bucket->set_max_fetch_bytes(options_.bucket_bytes_max);
    cursors_.at(one.bucket).under_way = true;
  }
  busy_leaders_.insert(leader);
  ++fetches_;
  cluster_->ask_node(leader, protocol::ApiKey::fetch_log, {protocol::serialize(request)},
                     options_.server_wait_max + options_.answer_time_max,
                     [self = shared_from_this(), leader, asked](const Outcome<Answer>& answer) {
                       self->on_answer(leader, asked, answer);
                     });
}

void Scanner::on_answer(NodeId leader, const std::vector<Asked>& asked,
                        const Outcome<Answer>& answer) {
  busy_leaders_.erase(leader);
  for (const Asked& one : asked) {
    const auto cursor = cursors_.find(one.bucket);
    if (cursor != cursors_.end()) cursor->second.under_way = false;
  }
  if (!answer) {
    on_trouble(answer.error());
  } else {
    wire_bytes_ += answer->wire_bytes;
    auto tables = protocol::parse_fetch_response(answer->body);
    if (!tables) {
      on_trouble({ErrorCode::corrupt_message, tables.error().message});
    } else {
      std::size_t heard = 0;
      trouble_.reset();
      for (auto& table : *tables) {
        if (table.table_id != table_->id.value()) continue;
        heard += table.buckets.size();
        for (auto& bucket : table.buckets) on_bucket(bucket, asked);
      }
      if (heard < asked.size())
        on_trouble({ErrorCode::unknown_server_error, "the server's answer leaves a bucket out"});
      if (!trouble_) failures_ = 0;
    }
  }
  if (!waiting_poll_) return;
  hand_out();
  if (waiting_poll_) fetch_more();
}

void Scanner::on_bucket(protocol::ReceivedBucket& received, const std::vector<Asked>& asked) {
  const ScanBucket bucket{BucketIndex{received.bucket_id}, received.partition_id
                                                               ? PartitionId{*received.partition_id}
                                                               : no_partition};
  const auto question = std::find_if(asked.begin(), asked.end(),
                                     [&](const Asked& one) { return one.bucket == bucket; });
  const auto found = cursors_.find(bucket);
  if (question == asked.end() || found == cursors_.end()) return;
  Cursor& cursor = found->second;
  // Subscribed anew meanwhile.
  if (cursor.next != question->from || !cursor.records.empty()) return;
  if (received.error && passes_by(received.error->code)) return on_trouble(*received.error);
  if (received.error) {
    if (!failure_) failure_ = {bucket, *received.error};
    return;
  }
  if (received.is_remote) {
    failure_ = {bucket,
                {ErrorCode::log_offset_out_of_range_exception,
                 fmt::format("bucket {}: the rows from offset {} on lie in remote storage, which "
                             "this client cannot read yet",
                             name_of(bucket), cursor.next)}};
    return;
  }
  if (received.high_watermark) cursor.high_watermark = received.high_watermark;
  if (received.records.empty()) return;
  cursor.records = std::move(received.records);
  cursor.fetched_at = fetches_;
}

/// Pauses, then asks anew where the leaders are.
void Scanner::on_trouble(const ProtocolError& error) {
  trouble_ = error;
  if (resting_) return;
  resting_ = true;
  const Duration wanted = first_pause * (1 << std::min(failures_, 10));
  ++failures_;
  cluster_->loop().after(cluster_->jittered(std::min(wanted, longest_pause)),
                         [weak = weak_from_this()] {
                           if (const auto self = weak.lock()) self->refresh_all();
                         });
}

void Scanner::refresh_all() {
  const auto places = places_;
  lookups_ = places.size();
  for (const auto& [id, known] : places) refresh(known);
  if (places.empty()) resting_ = false;
}

void Scanner::refresh(const TablePtr& known) {
  cluster_->look_again(*known, [self = shared_from_this(), known](const Outcome<TablePtr>& found) {
    self->refreshed(known, found);
    if (--self->lookups_ > 0) return;
    self->resting_ = false;
    if (!self->waiting_poll_) return;
    self->hand_out();
    if (self->waiting_poll_) self->fetch_more();
  });
}

void Scanner::refreshed(const TablePtr& known, const Outcome<TablePtr>& found) {
  const auto place = places_.find(known->partition_id());
  if (place == places_.end()) return;  // Not wanted any more.
  if (found && !is_another(**found, *known)) {
    place->second = *found;
    if (!known->partition) table_ = *found;
    return;
  }
  if (!found && is_retriable(found.error().code)) {
    trouble_ = found.error();
    return;
  }
  const ProtocolError gone{ErrorCode::unknown_table_or_bucket_exception,
                           "table " + place_of(*known) + " was made anew"};
  for (const auto& [bucket, cursor] : cursors_) {
    if (bucket.partition != known->partition_id() || failure_) continue;
    failure_ = {bucket, found ? gone : found.error()};
  }
}

/// Answers the poll that waits, if there is something to say.
void Scanner::hand_out() {
  while (waiting_poll_) {
    auto oldest = cursors_.end();
    for (auto at = cursors_.begin(); at != cursors_.end(); ++at) {
      Cursor& cursor = at->second;
      if (cursor.records.empty()) continue;
      if (cursor.wants_schema && !decoder_.knows(*cursor.wants_schema)) {
        learn_schema(at->first, *cursor.wants_schema);
        continue;
      }
      if (oldest == cursors_.end() || at->second.fetched_at < oldest->second.fetched_at)
        oldest = at;
    }
    if (oldest == cursors_.end()) {
      if (failure_) finish_poll(tl::unexpected(failure_->second));
      return;
    }
    auto batches = decode(oldest->first, oldest->second);
    if (!batches) failure_ = {oldest->first, batches.error()};
    if (!batches || batches->empty()) continue;
    // The next rows can be on their way while these are being looked at.
    fetch_more();
    finish_poll(std::move(*batches));
  }
}

void Scanner::learn_schema(ScanBucket bucket, std::int32_t id) {
  if (failure_ || !asked_schemas_.insert(id).second) return;
  ask_schema(*cluster_, table_->path, id,
             [self = shared_from_this(), bucket, id](Outcome<protocol::Schema> schema) {
               self->asked_schemas_.erase(id);
               if (schema) {
                 self->decoder_.learn(id, std::move(*schema));
               } else if (!self->failure_) {
                 self->failure_ = {bucket, schema.error()};
               }
               if (!self->waiting_poll_) return;
               self->hand_out();
               if (self->waiting_poll_) self->fetch_more();
             });
}

/// Takes the received records of one bucket and moves its position behind them, up to a batch whose
/// schema has to be asked for.
Outcome<std::vector<ScannedBatch>> Scanner::decode(ScanBucket bucket, Cursor& cursor) {
  std::vector<ScannedBatch> out;
  const Buffer records = std::exchange(cursor.records, {});
  cursor.wants_schema.reset();
  protocol::BatchCursor batches(records);
  // What came before the damage is handed out; the next fetch starts with the damage.
  const auto stop = [&](const std::string& why) -> Outcome<std::vector<ScannedBatch>> {
    if (out.empty()) return tl::unexpected(damaged(bucket, why));
    return std::move(out);
  };
  while (true) {
    const std::size_t start = batches.position();
    const auto batch = batches.next();
    if (!batch) return stop(batch.error().message);
    if (!*batch) break;
    const protocol::LogBatchHeader& header = (*batch)->header;
    if (header.next_offset() <= cursor.next) continue;
    if (cursor.next >= 0 && header.base_offset > cursor.next) {
      return stop(fmt::format("rows {} to {} are missing", cursor.next, header.base_offset - 1));
    }
    if (!decoder_.server_projects()) {
      if (const auto intact = protocol::verify_crc((*batch)->bytes.bytes()); !intact)
        return stop(intact.error().message);
    }
    if (const auto missing = decoder_.missing_schema(header)) {
      cursor.records = records.slice(start, records.size() - start);
      cursor.wants_schema = *missing;
      break;
    }
    auto rows = decoder_.decode(**batch, cursor.next);
    if (!rows) return stop(rows.error().message);
    cursor.next = header.next_offset();
    if (!*rows) continue;
    (*rows)->bucket = bucket.bucket;
    (*rows)->partition = bucket.partition;
    out.push_back(std::move(**rows));
  }
  return out;
}

}  // namespace millrace::client
