// Partitioned tables through the C++ client: partitions made by hand and by writing, rows that find
// theirs, and what happens to writers and readers when a partition goes.
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "protocol/arrow_schema.hpp"
#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

using client::PartitionSpec;

class PartitionSuite : public ClientSuite {
 protected:
  /// id BIGINT, region STRING, day DATE, partitioned by the keys given.
  void make_partitioned(std::vector<std::string> keys, int buckets_count = 1) {
    auto table = log_table(buckets_count, "id BIGINT, region STRING, day DATE");
    table.partition_keys = std::move(keys);
    must(calls().create_table(path(), table));
  }
  Outcome<void> create(const PartitionSpec& spec, bool ignore = false) {
    return calls().wait<void>([&](auto done) {
      calls().client().create_partition(path(), spec, ignore, std::move(done));
    });
  }
  Outcome<void> drop(const PartitionSpec& spec, bool ignore = false) {
    return calls().wait<void>(
        [&](auto done) { calls().client().drop_partition(path(), spec, ignore, std::move(done)); });
  }
  Outcome<std::vector<client::PartitionInfo>> list(const PartitionSpec& partial = {}) {
    return calls().wait<std::vector<client::PartitionInfo>>(
        [&](auto done) { calls().client().list_partitions(path(), partial, std::move(done)); });
  }
  std::vector<std::string> names(const PartitionSpec& partial = {}) {
    std::vector<std::string> names;
    for (const auto& one : must(list(partial))) names.push_back(one.name());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::shared_ptr<client::Appender> appender_with(client::AppenderOptions options) {
    return must(calls().wait<std::shared_ptr<client::Appender>>([&](auto done) {
      client::Appender::open(calls().client(), path(), options, std::move(done));
    }));
  }
  Outcome<client::Appended> append_rows(client::Appender& appender, const std::string& json) {
    const auto schema = protocol::to_arrow(appender.table().descriptor.schema);
    const auto structs =
        arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json).ValueOrDie();
    auto batch = arrow::RecordBatch::FromStructArray(structs).ValueOrDie();
    return calls().wait<client::Appended>([&](auto done) {
      const Status taken = appender.append(batch, done);
      if (taken) return;
      calls().loop().post([done, error = taken.error()] {
        done(client::refuse(ErrorCode::corrupt_record_exception, error.message));
      });
    });
  }
  Outcome<void> alter(std::vector<protocol::ConfigChange> configs,
                      std::vector<protocol::AddedColumn> columns = {}) {
    const protocol::AlterTable alteration{database(),         path().table,       false,
                                          std::move(configs), std::move(columns), {}};
    return calls().wait<void>(
        [&](auto done) { calls().client().alter_table(alteration, std::move(done)); });
  }
  /// The ids that lie in a partition's bucket 0.
  std::vector<std::int64_t> ids_in(const std::string& name, std::int64_t count) {
    const auto scanner = calls().scanner(path());
    const auto place = must(calls().wait<client::TablePtr>(
        [&](auto done) { calls().client().describe_partition(path(), name, std::move(done)); }));
    scanner->subscribe(place, BucketIndex{0}, client::from_earliest);
    return ids_of(poll_rows(calls(), *scanner, count)[0]);
  }
};

using Names = std::vector<std::string>;
using Ids = std::vector<std::int64_t>;

TEST_F(PartitionSuite, PartitionsComeAndGo) {
  make_partitioned({"region", "day"});
  EXPECT_EQ(names(), Names{});
  const PartitionSpec monday = {{"region", "eu"}, {"day", "2024-12-02"}};
  must(create(monday));
  EXPECT_EQ(code_of(create(monday)), ErrorCode::partition_already_exists);
  must(create(monday, true));
  must(create({{"day", "2024-12-02"}, {"region", "us"}}));
  EXPECT_EQ(names(), (Names{"eu$2024-12-02", "us$2024-12-02"}));
  EXPECT_EQ(names({{"region", "us"}}), Names{"us$2024-12-02"});
  // Fluss 0.9.1 has no code for it.
  EXPECT_EQ(code_of(list({{"id", "1"}})),
            ours() ? ErrorCode::partition_spec_invalid_exception : ErrorCode::unknown_server_error);
  must(drop(monday));
  EXPECT_EQ(code_of(drop(monday)), ErrorCode::partition_not_exists);
  must(drop(monday, true));
  EXPECT_EQ(names(), Names{"us$2024-12-02"});
}

TEST_F(PartitionSuite, RowsOfOneBatchGoEachToItsPartition) {
  make_partitioned({"region", "day"});
  const auto appender = calls().appender(path());
  const auto appended = must(append_rows(
      *appender,
      R"([[1, "eu", 20059], [2, "us", 20059], [3, "eu", 20059], [4, "eu", 20060], [5, "us", 20059]])"));
  EXPECT_EQ(appended.rows, 5);
  EXPECT_FALSE(appended.partition.has_value());
  EXPECT_EQ(names(), (Names{"eu$2024-12-02", "eu$2024-12-03", "us$2024-12-02"}));
  EXPECT_EQ(ids_in("eu$2024-12-02", 2), (Ids{1, 3}));
  EXPECT_EQ(ids_in("eu$2024-12-03", 1), Ids{4});
  EXPECT_EQ(ids_in("us$2024-12-02", 2), (Ids{2, 5}));
  const auto again = must(append_rows(*appender, R"([[6, "us", 20059]])"));
  EXPECT_EQ(again.partition, "us$2024-12-02");
  EXPECT_EQ(again.base_offset, 2);
  const auto ends = must(calls().wait<std::vector<client::BucketOffset>>([&](auto done) {
    calls().client().list_offsets(path(), "us$2024-12-02", client::OffsetQuery{}, std::move(done));
  }));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].offset, 3);
}

TEST_F(PartitionSuite, OneScannerReadsSeveralPartitions) {
  make_partitioned({"region"}, 2);
  const auto appender = calls().appender(path());
  for (int i = 0; i < 10; ++i) {
    must(append_rows(*appender, R"([[1, "a", 1], [2, "b", 1], [3, "c", 1]])"));
  }
  const auto scanner = calls().scanner(path(), {0});
  for (const std::string name : {"a", "c"}) {
    const auto place = must(calls().wait<client::TablePtr>(
        [&](auto done) { calls().client().describe_partition(path(), name, std::move(done)); }));
    for (const auto& bucket : place->buckets) {
      scanner->subscribe(place, bucket.bucket, client::from_earliest);
    }
  }
  std::map<PartitionId, std::int64_t> sums;
  for (const auto& [bucket, batches] : poll_rows(calls(), *scanner, 20)) {
    for (const auto& batch : batches) {
      for (const std::int64_t id : ids_of({batch})) sums[batch.partition] += id;
    }
  }
  ASSERT_EQ(sums.size(), 2U);
  EXPECT_EQ(sums.begin()->second + sums.rbegin()->second, 40);
}

TEST_F(PartitionSuite, HundredsOfPartitionsAreCreatedUnderOneWriter) {
  make_partitioned({"region"});
  const auto appender = calls().appender(path());
  const int partitions = ours() ? 200 : 20;  // Fluss is slow to create them.
  constexpr int rounds = 3;
  for (int round = 0; round < rounds; ++round) {
    std::string rows;
    for (int i = 0; i < partitions; ++i) {
      rows += fmt::format(R"({}[{}, "r{}", 1])", i > 0 ? "," : "[", round, i);
    }
    EXPECT_EQ(must(append_rows(*appender, rows + "]")).rows, partitions);
  }
  EXPECT_EQ(names().size(), static_cast<std::size_t>(partitions));
  EXPECT_EQ(ids_in("r17", rounds), (Ids{0, 1, 2}));
}

TEST_F(PartitionSuite, APartitionIsNotCreatedWhereNobodyWantsIt) {
  make_partitioned({"region"});
  client::AppenderOptions options;
  options.create_partitions = false;
  const auto appender = appender_with(options);
  EXPECT_EQ(code_of(append_rows(*appender, R"([[1, "eu", 1]])")), ErrorCode::partition_not_exists);
  EXPECT_EQ(names(), Names{});
  must(create({{"region", "eu"}}));
  EXPECT_TRUE(append_rows(*appender, R"([[1, "eu", 1]])").has_value());
}

TEST_F(PartitionSuite, ValuesThatCannotNameAPartitionAreRefused) {
  make_partitioned({"region"});
  const auto appender = calls().appender(path());
  for (const char* row : {R"([[1, null, 1]])", R"([[1, "a/b", 1]])", R"([[1, "", 1]])"}) {
    EXPECT_FALSE(append_rows(*appender, row).has_value()) << row;
  }
  EXPECT_EQ(code_of(append_rows(*appender, R"([[1, "__eu", 1]])")),
            ErrorCode::partition_spec_invalid_exception);
}

TEST_F(PartitionSuite, AWriterGoesOnWhenItsPartitionIsDropped) {
  if (!ours()) GTEST_SKIP() << "Fluss takes rows for a while after it has dropped their partition";
  make_partitioned({"region"});
  const auto appender = calls().appender(path());
  must(append_rows(*appender, R"([[1, "eu", 1]])"));
  must(drop({{"region", "eu"}}));
  // The rows that meet the drop fail; those after it get a partition made anew.
  ASSERT_TRUE(calls().repeat_until(
      [&] { return append_rows(*appender, R"([[2, "eu", 1]])").has_value(); }));
  EXPECT_EQ(names(), Names{"eu"});
  EXPECT_EQ(ids_in("eu", 1), Ids{2});
}

TEST_F(PartitionSuite, AReaderIsToldThatItsPartitionIsGone) {
  make_partitioned({"region"});
  const auto appender = calls().appender(path());
  must(append_rows(*appender, R"([[1, "eu", 1]])"));
  const auto scanner = calls().scanner(path());
  const auto place = must(calls().wait<client::TablePtr>(
      [&](auto done) { calls().client().describe_partition(path(), "eu", std::move(done)); }));
  scanner->subscribe(place, BucketIndex{0}, client::from_earliest);
  EXPECT_EQ(poll_rows(calls(), *scanner, 1)[0].size(), 1U);
  must(drop({{"region", "eu"}}));
  const auto poll = [&] {
    return calls().wait<std::vector<client::ScannedBatch>>(
        [&](auto done) { scanner->poll(200ms, std::move(done)); });
  };
  ASSERT_TRUE(
      calls().repeat_until([&] { return code_of(poll()) == ErrorCode::partition_not_exists; }));
  scanner->unsubscribe({BucketIndex{0}, place->partition_id()});
  EXPECT_TRUE(poll().has_value());
}

TEST_F(PartitionSuite, AColumnIsAddedWhileAWriterGoesOn) {
  make_partitioned({"region"});
  const auto before = calls().appender(path());
  must(append_rows(*before, R"([[1, "eu", 1]])"));
  must(alter({}, {{"note", R"({"type":"STRING"})", {}, protocol::position_last, {}}}));
  // Into a partition that the writer knows, and into one that it comes to only now.
  must(append_rows(*before, R"([[2, "eu", 1], [3, "us", 1]])"));
  must(append_rows(*calls().appender(path()), R"([[4, "us", 1, "new"]])"));
  EXPECT_EQ(ids_in("eu", 2), (Ids{1, 2}));
  EXPECT_EQ(ids_in("us", 2), (Ids{3, 4}));
}

TEST_F(PartitionSuite, TimeMakesPartitionsOnceThatIsEnabled) {
  if (ours() == nullptr) GTEST_SKIP() << "Fluss 0.9.1 does not alter table.auto-partition options";
  make_partitioned({"region"});
  EXPECT_EQ(code_of(alter({{"table.auto-partition.time-unit", "YEAR", protocol::config_set}})),
            ErrorCode::invalid_alter_table_exception);
  must(alter({{"table.auto-partition.enabled", "true", protocol::config_set}}));
  EXPECT_TRUE(calls().repeat_until([&] { return names().size() == 2; }));  // Today and tomorrow.
}

TEST_F(PartitionSuite, TablesWithoutPartitionsHaveNone) {
  make_table();
  EXPECT_EQ(code_of(list()), ErrorCode::table_not_partitioned_exception);
  EXPECT_EQ(code_of(create({{"id", "1"}})), ErrorCode::table_not_partitioned_exception);
}

}  // namespace
}  // namespace millrace
