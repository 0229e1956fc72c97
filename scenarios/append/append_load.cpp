#include "scenarios/append/append_load.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/checkers/log_checkers.hpp"
#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {

constexpr auto database = "load";
constexpr std::size_t tables_count = 2;
constexpr std::size_t writers_per_table = 2;
constexpr std::int32_t buckets_per_table = 3;
constexpr Duration settle_max = 20s;
// The longest that a client tries to deliver a row, and some.
constexpr Duration answers_max = 70s;
constexpr Duration final_read_max = 30s;
constexpr Duration answer_soon_max = 300ms;

}  // namespace

AppendLoad::AppendLoad(SimulatedCluster& cluster, Random random, const LoadOptions& options)
    : cluster_(cluster), random_(random), options_(options) {
  history_.time_to_live = options.time_to_live;
}

void AppendLoad::start() {
  if (!cluster_.run_until_whole(settle_max)) find("the cluster never came together");
  const client::Blocking blocking = cluster_.blocking();
  client::Client& setup = cluster_.add_client().api();
  const auto created = blocking.wait<void>(
      [&](const client::Callback<void>& done) { setup.create_database(database, false, done); });
  if (!created) find("create database: " + created.error().message);
  constexpr const char* compressions[] = {"NONE", "LZ4_FRAME", "ZSTD"};
  for (std::size_t i = 0; i < tables_count; ++i) {
    const client::TablePath& table = tables_.emplace_back(database, fmt::format("table{}", i));
    auto descriptor = value_table(buckets_per_table, compressions[random_.below(3)]);
    if (history_.time_to_live) {
      descriptor.properties["table.log.ttl"] = fmt::format("{}ms", *history_.time_to_live / 1ms);
    }
    descriptor.properties["table.replication.factor"] = std::to_string(options_.replicas);
    if (options_.durability == protocol::Durability::disk) {
      descriptor.custom_properties[protocol::durability_key] = "disk";
    }
    const auto made = blocking.wait<void>([&](const client::Callback<void>& done) {
      setup.create_table(table, descriptor, false, done);
    });
    if (!made) find("create table: " + made.error().message);
    for (std::size_t w = 0; w < writers_per_table; ++w) make_writer(table);
  }
  for (const auto& writer : writers_) writer->start();
  add_readers();
}

void AppendLoad::make_writer(const client::TablePath& table) {
  AppendPlan plan;
  plan.writer = static_cast<std::int64_t>(writers_.size());
  plan.table = table;
  writers_.push_back(std::make_unique<AppendWriter>(cluster_.add_client(), history_, plan,
                                                    random_.fork(writers_.size())));
}

void AppendLoad::add_writer(const client::TablePath& table) {
  make_writer(table);
  writers_.back()->start();
}

void AppendLoad::add_readers() {
  for (const client::TablePath& table : tables_) {
    ReadPlan plan{.table = table, .name = {}, .projected = random_.chance(1, 2), .lag_max = {}};
    plan.name =
        fmt::format("{} {}", plan.projected ? "projecting reader" : "reader", readers_.size());
    if (history_.time_to_live) plan.lag_max = *history_.time_to_live / 4;
    readers_.push_back(std::make_unique<LogReader>(cluster_.add_client(), history_, std::move(plan),
                                                   random_.fork(1000 + readers_.size())));
    readers_.back()->start();
  }
}

void AppendLoad::stop_readers() {
  for (const auto& reader : readers_) reader->stop();
}

Offset AppendLoad::note_starts() {
  Offset sum = 0;
  using Offsets = std::vector<client::BucketOffset>;
  client::Client& client = cluster_.add_client().api();
  for (const client::TablePath& table : tables_) {
    const Instant asked_at = cluster_.now();
    const auto described =
        cluster_.blocking(answer_soon_max)
            .wait<client::TablePtr>([&](const client::Callback<client::TablePtr>& done) {
              client.describe_table(table, done);
            });
    const auto starts =
        cluster_.blocking(answer_soon_max)
            .wait<Offsets>([&](const client::Callback<Offsets>& done) {
              client.list_offsets(table, {.kind = client::OffsetQuery::Kind::earliest}, done);
            });
    if (!described || !starts) continue;
    for (const client::BucketOffset& start : *starts) {
      if (!start.offset) continue;
      Read read;
      read.reader = "who asked for the start";
      read.bucket = {(*described)->id, start.bucket};
      read.begun_at = cluster_.now();
      read.start_asked_at = asked_at;
      read.from = *start.offset;
      history_.reads.push_back(std::move(read));
      sum += *start.offset;
    }
  }
  return sum;
}

void AppendLoad::stop_writers() {
  for (const auto& writer : writers_) writer->stop();
  const auto idle = [&] {
    return std::all_of(writers_.begin(), writers_.end(),
                       [](const auto& writer) { return writer->is_idle(); });
  };
  if (!cluster_.run_until(idle, answers_max)) find("some appends were never answered");
}

void AppendLoad::finish() {
  stop_writers();
  for (const client::TablePath& table : tables_) read_to_end(table);
  stop_readers();
}

void AppendLoad::read_to_end(const client::TablePath& table) {
  SimulatedClient& client = cluster_.add_client();
  using Offsets = std::vector<client::BucketOffset>;
  const auto ends = cluster_.blocking().wait<Offsets>(
      [&](const client::Callback<Offsets>& done) { client.api().list_offsets(table, {}, done); });
  if (!ends) return find(to_string(table) + " has no end: " + ends.error().message);
  const auto info = cluster_.blocking().wait<client::TablePtr>(
      [&](const client::Callback<client::TablePtr>& done) {
        client.api().describe_table(table, done);
      });
  if (!info) return find(to_string(table) + " is not described: " + info.error().message);
  for (const client::BucketOffset& end : *ends) {
    const bool may_be_refused = history_.refusable.contains({(*info)->id, end.bucket});
    if (end.offset || may_be_refused) continue;
    return find(to_string(table) + " has no end: " + end.offset.error().message);
  }
  // Together, unless one bucket's damage would end the reading of all.
  if (history_.damage.empty()) return read_to_end(client, {.table = table}, *ends);
  for (const client::BucketOffset& end : *ends) {
    if (end.offset) read_to_end(client, {.table = table, .only = end.bucket}, {end});
  }
}

void AppendLoad::read_to_end(SimulatedClient& client, ReadPlan plan,
                             const std::vector<client::BucketOffset>& ends) {
  plan.name = "the final read";
  readers_.push_back(
      std::make_unique<LogReader>(client, history_, std::move(plan), random_.fork(0)));
  LogReader& reader = *readers_.back();
  reader.start();
  const auto at_end = [&] {
    return std::all_of(ends.begin(), ends.end(), [&](const client::BucketOffset& end) {
      return reader.position(end.bucket) >= *end.offset;
    });
  };
  if (!cluster_.run_until(at_end, final_read_max)) find("the final read does not get to the end");
  reader.mark_final();
}

std::size_t AppendLoad::count_acknowledged() const {
  return static_cast<std::size_t>(
      std::count_if(history_.attempts.begin(), history_.attempts.end(),
                    [](const Attempt& one) { return one.fate == Fate::acknowledged; }));
}

std::size_t AppendLoad::count_lost() const {
  std::set<Value> there;
  for (const Read& read : history_.reads) {
    if (!read.is_final) continue;
    for (const ReadRow& row : read.rows) there.insert(row.value);
  }
  return static_cast<std::size_t>(
      std::count_if(history_.attempts.begin(), history_.attempts.end(), [&](const Attempt& one) {
        return one.fate == Fate::acknowledged && !there.contains(one.value);
      }));
}

std::set<BucketId> AppendLoad::acknowledged_since(Instant since) const {
  std::set<BucketId> found;
  for (const Attempt& attempt : history_.attempts) {
    if (attempt.fate == Fate::acknowledged && attempt.asked_at >= since)
      found.insert(attempt.bucket);
  }
  return found;
}

std::set<BucketId> AppendLoad::buckets() {
  std::set<BucketId> all;
  for (std::int32_t node = 0; node < cluster_.shape().nodes; ++node) {
    if (!cluster_.is_up(NodeId{node})) continue;
    const auto view = cluster_.view_of(NodeId{node});
    for (const client::TablePath& path : tables_) {
      const auto table = view->catalog.find_table(path.database, path.table);
      for (std::int32_t i = 0; table && i < buckets_per_table; ++i) {
        all.insert({table->id, BucketIndex{i}});
      }
    }
  }
  return all;
}

std::uint64_t AppendLoad::count_added_values() const {
  std::uint64_t count = 0;
  for (const auto& reader : readers_) count += reader->added_values();
  return count;
}

std::set<BucketId> AppendLoad::buckets_of(NodeId node) {
  std::set<BucketId> found;
  const auto view = cluster_.view_of(node);
  for (const auto& [id, table] : view->catalog.tables()) {
    for (std::size_t i = 0; i < table->buckets.size(); ++i) {
      if (table->buckets[i].leader == node)
        found.insert({id, BucketIndex{static_cast<std::int32_t>(i)}});
    }
  }
  return found;
}

Outcome AppendLoad::outcome() {
  Outcome outcome;
  outcome.violations = check_log(history_);
  for (const std::string& reason : cluster_.unwell())
    outcome.violations.push_back("supervision gave up: " + reason);
  outcome.trace_hash = cluster_.simulation().trace_hash();
  outcome.messages = cluster_.simulation().messages_handled();
  outcome.simulated = cluster_.now().time_since_epoch();
  std::uint64_t rows = 0;
  for (const Read& read : history_.reads) rows += read.rows.size();
  outcome.reached["rows acknowledged"] = count_acknowledged();
  outcome.reached["rows read"] = rows;
  outcome.reached["readers overtaken"] = history_.readers_overtaken;
  outcome.reached["batches given up"] = history_.given_up.size();
  outcome.reached["segments"] = cluster_.count_segments();
  return outcome;
}

}  // namespace millrace::scenarios
