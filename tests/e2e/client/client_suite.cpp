#include "tests/e2e/client/client_suite.hpp"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "apps/cli/column_list.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace {
namespace {

// What the tests of one run share: gtest wants it static.
std::unique_ptr<LiveCluster> our_cluster;
std::vector<Endpoint> peer_bootstrap;
int databases_made = 0;

}  // namespace

std::shared_ptr<arrow::RecordBatch> rows(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  arrow::DoubleBuilder scores;
  for (std::int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 7 == 0 ? names.AppendNull() : names.Append("name-" + std::to_string(i))).ok());
    EXPECT_TRUE(scores.Append(static_cast<double>(i) / 4).ok());
  }
  return arrow::RecordBatch::Make(
      protocol::to_arrow(log_table().schema), count,
      {ids.Finish().ValueOrDie(), names.Finish().ValueOrDie(), scores.Finish().ValueOrDie()});
}

std::shared_ptr<arrow::Table> joined(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  return arrow::Table::FromRecordBatches(batches).ValueOrDie();
}

std::shared_ptr<arrow::Table> joined(const std::vector<client::ScannedBatch>& found) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const auto& batch : found) batches.push_back(batch.rows);
  return joined(batches);
}

protocol::TableDescriptor log_table(int buckets_count, std::string_view columns) {
  protocol::TableDescriptor table;
  table.schema = cli::parse_columns(columns).value();
  table.bucket_count = buckets_count;
  table.bucket_keys.emplace();
  return table;
}

bool Calls::repeat_until(const std::function<bool()>& call_and_see) {
  const Instant end = loop().now() + call_time_max;
  while (loop().now() < end) {
    if (call_and_see()) return true;
  }
  return false;
}

Outcome<void> Calls::create_database(const std::string& name, bool ignore) {
  return wait<void>([&](auto done) { client().create_database(name, ignore, std::move(done)); });
}

Outcome<void> Calls::drop_database(const std::string& name, bool ignore, bool cascade) {
  return wait<void>(
      [&](auto done) { client().drop_database(name, ignore, cascade, std::move(done)); });
}

Outcome<client::DatabaseInfo> Calls::database_info(const std::string& name) {
  return wait<client::DatabaseInfo>(
      [&](auto done) { client().database_info(name, std::move(done)); });
}

Outcome<std::vector<std::string>> Calls::list_databases() {
  return wait<std::vector<std::string>>(
      [&](auto done) { client().list_databases(std::move(done)); });
}

Outcome<std::vector<std::string>> Calls::list_tables(const std::string& database) {
  return wait<std::vector<std::string>>(
      [&](auto done) { client().list_tables(database, std::move(done)); });
}

Outcome<void> Calls::create_table(const TablePath& path, const protocol::TableDescriptor& table,
                                  bool ignore) {
  return wait<void>(
      [&](auto done) { client().create_table(path, table, ignore, std::move(done)); });
}

Outcome<void> Calls::drop_table(const TablePath& path, bool ignore) {
  return wait<void>([&](auto done) { client().drop_table(path, ignore, std::move(done)); });
}

Outcome<client::TablePtr> Calls::describe(const TablePath& path) {
  return wait<client::TablePtr>([&](auto done) { client().describe_table(path, std::move(done)); });
}

Outcome<std::vector<Offset>> Calls::offsets(const TablePath& path, client::OffsetQuery query) {
  const auto answer = wait<std::vector<client::BucketOffset>>(
      [&](auto done) { client().list_offsets(path, query, std::move(done)); });
  if (!answer) return tl::unexpected(answer.error());
  std::vector<Offset> out;
  for (const auto& bucket : *answer) {
    if (!bucket.offset) return tl::unexpected(bucket.offset.error());
    out.push_back(*bucket.offset);
  }
  return out;
}

Outcome<std::vector<Offset>> Calls::latest(const TablePath& path) {
  return offsets(path, {.kind = client::OffsetQuery::Kind::latest});
}

std::shared_ptr<client::Appender> Calls::appender(const TablePath& path) {
  return must(wait<std::shared_ptr<client::Appender>>(
      [&](auto done) { client::Appender::open(client(), path, {}, std::move(done)); }));
}

std::shared_ptr<client::Scanner> Calls::scanner(const TablePath& path,
                                                std::vector<std::int32_t> columns) {
  return must(wait<std::shared_ptr<client::Scanner>>([&](auto done) {
    client::Scanner::open(client(), path, {.columns = std::move(columns)}, std::move(done));
  }));
}

Outcome<client::Appended> Calls::append(client::Appender& appender,
                                        std::shared_ptr<arrow::RecordBatch> batch, int bucket) {
  return wait<client::Appended>([&](auto done) {
    const auto queued = appender.append_to(BucketIndex{bucket}, std::move(batch), std::move(done));
    if (!queued) throw std::runtime_error(queued.error().message);
  });
}

Scanned poll_rows(Calls& calls, client::Scanner& scanner, std::int64_t count) {
  Scanned found;
  std::int64_t have = 0;
  const bool all = calls.repeat_until([&] {
    const auto batches = must(calls.wait<std::vector<client::ScannedBatch>>(
        [&](auto done) { scanner.poll(200ms, std::move(done)); }));
    for (const auto& batch : batches) {
      found[batch.bucket.value()].push_back(batch);
      have += batch.rows->num_rows();
    }
    return have >= count;
  });
  EXPECT_TRUE(all) << (scanner.trouble() ? scanner.trouble()->message : "rows are missing");
  EXPECT_EQ(have, count);
  return found;
}

Scanned read_rows(Calls& calls, const TablePath& path, std::int64_t count,
                  const std::vector<Offset>& from, std::vector<std::int32_t> columns) {
  const auto scanner = calls.scanner(path, std::move(columns));
  for (std::size_t i = 0; i < from.size(); ++i)
    scanner->subscribe(BucketIndex{static_cast<std::int32_t>(i)}, from[i]);
  return poll_rows(calls, *scanner, count);
}

std::vector<std::int64_t> ids_of(const std::vector<client::ScannedBatch>& found) {
  std::vector<std::int64_t> ids;
  for (const auto& batch : found) {
    const auto& column = dynamic_cast<const arrow::Int64Array&>(*batch.rows->column(0));
    for (std::int64_t i = 0; i < column.length(); ++i) ids.push_back(column.Value(i));
  }
  return ids;
}

bool is_dense(const std::vector<client::ScannedBatch>& found, Offset from) {
  for (const auto& batch : found) {
    if (batch.base_offset != from) return false;
    from += batch.rows->num_rows();
  }
  return true;
}

std::vector<std::int64_t> counted(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

void ClientSuite::SetUpTestSuite() {
  if (const char* const peer = std::getenv("MILLRACE_E2E_BOOTSTRAP")) {
    peer_bootstrap = cli::parse_endpoints(peer).value();
  } else {
    our_cluster = std::make_unique<LiveCluster>();
  }
}

void ClientSuite::TearDownTestSuite() {
  if (our_cluster) our_cluster->end();
  our_cluster.reset();
}

void ClientSuite::SetUp() {
  ASSERT_TRUE(our_cluster || !peer_bootstrap.empty()) << "there is no server";
  // Asked anew for each test: a restarted node may have come back with another port.
  calls_ = std::make_unique<Calls>(our_cluster ? our_cluster->bootstrap() : peer_bootstrap);
  database_ = "client_" + std::to_string(::getpid()) + "_" + std::to_string(databases_made++);
  must(calls_->create_database(database_));
}

void ClientSuite::TearDown() {
  if (calls_) must(calls_->drop_database(database_, true, true));
}

const LiveCluster* ClientSuite::ours() { return our_cluster.get(); }

void ClientSuite::make_table(const protocol::TableDescriptor& table) {
  must(calls().create_table(path(), table));
  const auto wanted = static_cast<std::size_t>(table.bucket_count.value_or(1));
  std::string missing;
  const bool ready = calls().repeat_until([&] {
    const auto found = calls().describe(path());
    if (!found) {
      missing = found.error().message;
      return false;
    }
    const auto led = std::ranges::count_if((*found)->buckets, [](const client::BucketInfo& bucket) {
      return bucket.leader.has_value();
    });
    missing = std::to_string(led) + " of " + std::to_string(wanted) + " buckets have a leader";
    return static_cast<std::size_t>(led) == wanted;
  });
  ASSERT_TRUE(ready) << missing;
}

}  // namespace millrace
