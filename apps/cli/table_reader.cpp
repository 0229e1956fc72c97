#include "apps/cli/table_reader.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "apps/config/nearest_name.hpp"

namespace millrace::cli {

namespace {

constexpr Duration idle_after = 200ms;

bool parse_whole(std::string_view text, std::int64_t& out) {
  const char* const end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, out).ptr == end && out >= 0;
}

Done<std::vector<std::int32_t>> positions_of(const std::vector<std::string>& names,
                                             const protocol::Schema& schema) {
  std::vector<std::int32_t> out;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(schema.columns.begin(), schema.columns.end(),
                     [&](const protocol::Column& column) { return column.name == name; });
    if (found == schema.columns.end()) {
      std::vector<std::string_view> all;
      for (const protocol::Column& column : schema.columns) all.push_back(column.name);
      const std::string_view nearest = nearest_name(name, all);
      return usage_failure("the table has no column " + name,
                           nearest.empty() ? "millrace table describe TABLE"
                                           : fmt::format("did you mean {}?", nearest));
    }
    out.push_back(static_cast<std::int32_t>(found - schema.columns.begin()));
  }
  return out;
}

struct Range {
  client::TablePtr place;
  Offset from = 0;
  Offset to = 0;  // Not read any more.
};
using Ranges = std::map<client::ScanBucket, Range>;

/// What to read of each bucket of a table or partition. With `follow` the end means nothing.
Done<void> add_ranges(Session& session, const ReadRequest& request, const client::TablePtr& place,
                      Ranges& ranges) {
  using Kind = client::OffsetQuery::Kind;
  const auto ask = [&](Kind kind, EpochMillis timestamp = 0) {
    return offsets_of(session, *place, {kind, timestamp});
  };
  const auto ends = ask(Kind::latest);
  if (!ends) return tl::unexpected(ends.error());
  Done<std::vector<Offset>> starts = *ends;
  if (request.start.kind == StartAt::Kind::timestamp) {
    starts = ask(Kind::timestamp, request.start.timestamp);
  } else if (request.start.kind != StartAt::Kind::latest) {
    starts = ask(Kind::earliest);
  }
  if (!starts) return tl::unexpected(starts.error());
  for (std::size_t i = 0; i < std::min(starts->size(), ends->size()); ++i) {
    Offset from = (*starts)[i];
    if (request.start.kind == StartAt::Kind::offset)
      from = std::clamp(request.start.offset, from, std::max(from, (*ends)[i]));
    const BucketIndex bucket{static_cast<std::int32_t>(i)};
    ranges.insert_or_assign({bucket, place->partition_id()}, Range{place, from, (*ends)[i]});
  }
  return {};
}

Done<Ranges> ranges_of(Session& session, const ReadRequest& request) {
  const auto places = places_of(session, request.table);
  if (!places) return tl::unexpected(places.error());
  Ranges ranges;
  for (const client::TablePtr& place : *places) {
    if (auto added = add_ranges(session, request, place, ranges); !added) {
      return tl::unexpected(added.error());
    }
  }
  return ranges;
}

/// One reading: hands out rows until every range, or the number of rows, is used up.
class Reading {
 public:
  Reading(const ReadRequest& request, Ranges ranges, const RowSink& sink)
      : request_(request), ranges_(std::move(ranges)), sink_(sink) {}

  void subscribe(client::Scanner& scanner) {
    for (const auto& [bucket, range] : ranges_) {
      if (!request_.follow && range.from >= range.to) continue;
      scanner.subscribe(range.place, bucket.bucket, range.from);
      ++open_;
    }
  }

  [[nodiscard]] bool is_over() const {
    return stopped_ || open_ == 0 || (request_.rows_max && rows_ >= *request_.rows_max);
  }
  [[nodiscard]] std::int64_t rows() const { return rows_; }

  void take(client::ScannedBatch batch) {
    if (is_over()) return;
    std::int64_t count = batch.rows->num_rows();
    if (!request_.follow) {
      const Offset end = ranges_.at({batch.bucket, batch.partition}).to;
      count = std::clamp<std::int64_t>(end - batch.base_offset, 0, count);
    }
    if (request_.rows_max) count = std::min(count, *request_.rows_max - rows_);
    if (count == 0) return;
    if (count < batch.rows->num_rows()) batch.rows = batch.rows->Slice(0, count);
    rows_ += count;
    stopped_ = !sink_.on_rows(batch);
  }

  /// Leaves the buckets that have been read to their end.
  void leave_finished(client::Scanner& scanner) {
    if (request_.follow) return;
    for (const auto& [bucket, range] : ranges_) {
      const auto position = scanner.position(bucket);
      if (!position || *position < range.to) continue;
      scanner.unsubscribe(bucket);
      --open_;
    }
  }

 private:
  const ReadRequest& request_;
  const Ranges ranges_;
  const RowSink& sink_;
  std::size_t open_ = 0;
  std::int64_t rows_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<StartAt> parse_start(std::string_view text) {
  StartAt out;
  if (text == "earliest") return out;
  if (text == "latest") {
    out.kind = StartAt::Kind::latest;
    return out;
  }
  if (parse_whole(text, out.offset)) {
    out.kind = StartAt::Kind::offset;
    return out;
  }
  out.kind = StartAt::Kind::timestamp;
  if (text.starts_with('@')) {
    const std::string_view time = text.substr(1);
    if (parse_whole(time, out.timestamp)) return out;
    const bool utc = time.ends_with('Z');
    const std::string_view plain = time.substr(0, time.size() - (utc ? 1 : 0));
    if (arrow::internal::ParseTimestampISO8601(plain.data(), plain.size(), arrow::TimeUnit::MILLI,
                                               &out.timestamp))
      return out;
  }
  return fail(Errc::malformed,
              "a start is earliest, latest, an offset, @MILLISECONDS or @2013-01-01T08:00:00Z: " +
                  std::string(text));
}

namespace {

using BucketOffsets = std::vector<client::BucketOffset>;

Done<std::vector<Offset>> all_known(const BucketOffsets& buckets) {
  std::vector<Offset> out;
  for (const client::BucketOffset& bucket : buckets) {
    if (!bucket.offset) {
      auto error = bucket.offset.error();
      error.message = fmt::format("bucket {}: {}", bucket.bucket.value(), error.message);
      return failed(error);
    }
    out.push_back(*bucket.offset);
  }
  return out;
}

}  // namespace

Done<std::vector<Offset>> offsets_of(Session& session, const client::TablePath& table,
                                     client::OffsetQuery query) {
  const auto buckets = session.wait<BucketOffsets>(
      [&](auto done) { session.client().list_offsets(table, query, std::move(done)); });
  if (!buckets) return tl::unexpected(buckets.error());
  return all_known(*buckets);
}

Done<std::vector<Offset>> offsets_of(Session& session, const client::TableInfo& place,
                                     client::OffsetQuery query) {
  if (!place.partition) return offsets_of(session, place.path, query);
  const auto buckets = session.wait<BucketOffsets>([&](auto done) {
    session.client().list_offsets(place.path, place.partition->name, query, std::move(done));
  });
  if (!buckets) return tl::unexpected(buckets.error());
  return all_known(*buckets);
}

Done<std::vector<client::TablePtr>> places_of(Session& session, const client::TablePath& path) {
  const auto table = session.wait<client::TablePtr>(
      [&](auto done) { session.client().describe_table(path, std::move(done)); });
  if (!table) return tl::unexpected(table.error());
  if (!(*table)->is_partitioned()) return std::vector{*table};
  const auto partitions = session.wait<std::vector<client::PartitionInfo>>(
      [&](auto done) { session.client().list_partitions(path, {}, std::move(done)); });
  if (!partitions) return tl::unexpected(partitions.error());
  std::vector<client::TablePtr> places;
  for (const client::PartitionInfo& partition : *partitions) {
    auto place = session.wait<client::TablePtr>([&](auto done) {
      session.client().describe_partition(path, partition.name(), std::move(done));
    });
    if (!place) return tl::unexpected(place.error());
    places.push_back(std::move(*place));
  }
  return places;
}

Done<ReadSummary> read_table(Session& session, const ReadRequest& request, Duration silence_max,
                             const RowSink& sink) {
  const auto info = session.wait<client::TablePtr>(
      [&](auto done) { session.client().describe_table(request.table, std::move(done)); });
  if (!info) return tl::unexpected(info.error());
  auto columns = positions_of(request.columns, (*info)->descriptor.schema);
  if (!columns) return tl::unexpected(columns.error());
  auto ranges = ranges_of(session, request);
  if (!ranges) return tl::unexpected(ranges.error());
  auto opened = session.wait<std::shared_ptr<client::Scanner>>([&](auto done) {
    client::Scanner::open(session.client(), request.table, {.columns = *columns}, std::move(done));
  });
  if (!opened) return tl::unexpected(opened.error());
  client::Scanner& scanner = **opened;
  sink.on_open(scanner);
  const Instant start = session.loop().now();
  Instant heard_at = start;
  Reading reading(request, std::move(*ranges), sink);
  reading.subscribe(scanner);
  while (!reading.is_over()) {
    auto batches = session.wait<std::vector<client::ScannedBatch>>(
        [&](auto done) { scanner.poll(idle_after, std::move(done)); });
    if (!batches) return tl::unexpected(batches.error());
    if (batches->empty()) sink.on_idle();
    // To follow is to wait for as long as it takes; but not for a server that is away.
    const bool waits_in_vain = !request.follow || scanner.trouble().has_value();
    if (!batches->empty() || !waits_in_vain) heard_at = session.loop().now();
    if (session.loop().now() - heard_at > silence_max) {
      return failed(protocol::ProtocolError{
          protocol::ErrorCode::request_time_out,
          scanner.trouble() ? "no rows within the time limit: " + scanner.trouble()->message
                            : "no rows within the time limit"});
    }
    for (client::ScannedBatch& batch : *batches) reading.take(std::move(batch));
    reading.leave_finished(scanner);
  }
  return ReadSummary{reading.rows(), scanner.wire_bytes(), session.loop().now() - start};
}

}  // namespace millrace::cli
