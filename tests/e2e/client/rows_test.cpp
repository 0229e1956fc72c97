// Rows in, rows out through the C++ client: appends, scans from every kind of place, projection.
#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>

#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

using Kind = client::OffsetQuery::Kind;

/// Appends all batches to one bucket, as many under way as there is room for, and awaits them.
/// Returns what came back, in the order of append().
std::vector<client::Appended> append_all(
    Calls& calls, client::Appender& appender,
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  std::vector<client::Appended> answers;
  std::vector<client::ProtocolError> errors;
  for (const auto& batch : batches) {
    EXPECT_TRUE(calls.until([&] { return appender.has_room(); }));
    const auto queued = appender.append_to(BucketIndex{0}, batch, [&](auto outcome) {
      if (outcome) {
        answers.push_back(*outcome);
      } else {
        errors.push_back(outcome.error());
      }
    });
    EXPECT_TRUE(queued) << queued.error().message;
  }
  EXPECT_TRUE(calls.until([&] { return answers.size() + errors.size() == batches.size(); }));
  EXPECT_TRUE(errors.empty()) << errors.front().message;
  return answers;
}

std::vector<std::shared_ptr<arrow::RecordBatch>> batches_of(std::int64_t size, int count,
                                                            std::int64_t first = 0) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int i = 0; i < count; ++i) batches.push_back(rows(first + i * size, size));
  return batches;
}

bool are_equal(const arrow::Table& a, const arrow::Table& b) { return a.Equals(b); }

TEST_F(ClientSuite, AppendsUnderWayTogetherAreStoredOnceAndInOrder) {
  make_table();
  const auto appender = calls().appender(path());
  const auto answers = append_all(calls(), *appender, batches_of(10, 100));
  ASSERT_EQ(answers.size(), 100U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].base_offset, static_cast<Offset>(i) * 10);
    EXPECT_EQ(answers[i].rows, 10);
  }
  const auto found = read_rows(calls(), path(), 1000)[0];
  EXPECT_TRUE(is_dense(found, 0));
  EXPECT_TRUE(are_equal(*joined(found), *joined({rows(0, 1000)})));
  for (const auto& batch : found) {
    EXPECT_TRUE(batch.changes.empty());
    EXPECT_GT(batch.commit_timestamp, 0);
  }
}

TEST_F(ClientSuite, AnAwaitedWriteIsVisibleAtOnce) {
  make_table();
  const auto appender = calls().appender(path());
  for (Offset i = 0; i < 3; ++i) {
    EXPECT_EQ(must(calls().append(*appender, rows(i, 1))).base_offset, i);
    EXPECT_EQ(must(calls().latest(path())), std::vector<Offset>{i + 1});
  }
}

TEST_F(ClientSuite, LargeBatchesAreReadBackAsTheyWere) {
  make_table();
  const auto batches = batches_of(5000, 10);
  (void)append_all(calls(), *calls().appender(path()), batches);
  EXPECT_TRUE(are_equal(*joined(read_rows(calls(), path(), 50'000)[0]), *joined(batches)));
}

TEST_F(ClientSuite, AProjectionGivesTheColumnsThatWereAskedForInThatOrder) {
  make_table();
  must(calls().append(*calls().appender(path()), rows(0, 20'000)));
  const auto whole = joined({rows(0, 20'000)});
  for (const std::vector<std::int32_t>& columns :
       std::vector<std::vector<std::int32_t>>{{2}, {1}, {0, 2}, {2, 0}}) {
    SCOPED_TRACE(testing::PrintToString(columns));
    const auto found =
        joined(read_rows(calls(), path(), 20'000, {client::from_earliest}, columns)[0]);
    const std::vector<int> wanted(columns.begin(), columns.end());
    EXPECT_TRUE(are_equal(*found, *whole->SelectColumns(wanted).ValueOrDie()));
  }
}

TEST_F(ClientSuite, EveryCompressionIsStoredAndProjected) {
  const auto whole = joined({rows(0, 10'000)});
  for (const char* type : {"NONE", "LZ4_FRAME", "ZSTD"}) {
    SCOPED_TRACE(type);
    auto table = log_table();
    table.properties["table.log.arrow.compression.type"] = type;
    make_table(table);
    must(calls().append(*calls().appender(path()), rows(0, 10'000)));
    EXPECT_TRUE(are_equal(*joined(read_rows(calls(), path(), 10'000)[0]), *whole));
    const auto names = read_rows(calls(), path(), 10'000, {client::from_earliest}, {1})[0];
    EXPECT_TRUE(are_equal(*joined(names), *whole->SelectColumns({1}).ValueOrDie()));
    must(calls().drop_table(path()));
    EXPECT_TRUE(calls().repeat_until(
        [&] { return code_of(calls().describe(path())) == ErrorCode::table_not_exist; }));
  }
}

TEST_F(ClientSuite, AScanStartsAtAnyOffset) {
  make_table();
  (void)append_all(calls(), *calls().appender(path()), batches_of(10, 3));
  for (const Offset start : {0, 1, 9, 10, 25, 29}) {
    SCOPED_TRACE(start);
    const auto found = read_rows(calls(), path(), 30 - start, {start})[0];
    EXPECT_TRUE(is_dense(found, start));
    EXPECT_EQ(ids_of(found), counted(start, 30 - start));
  }
}

TEST_F(ClientSuite, AScanFromLatestSeesOnlyWhatComesLater) {
  make_table();
  const auto appender = calls().appender(path());
  must(calls().append(*appender, rows(0, 10)));
  const auto latest = must(calls().latest(path()));
  EXPECT_EQ(latest, std::vector<Offset>{10});
  const auto scanner = calls().scanner(path());
  scanner->subscribe(BucketIndex{0}, latest[0]);
  const auto nothing = must(calls().wait<std::vector<client::ScannedBatch>>(
      [&](auto done) { scanner->poll(300ms, std::move(done)); }));
  EXPECT_TRUE(nothing.empty());
  must(calls().append(*appender, rows(10, 5)));
  EXPECT_EQ(ids_of(poll_rows(calls(), *scanner, 5)[0]), counted(10, 5));
}

TEST_F(ClientSuite, AScanFromATimestampStartsWithTheBatchOfThatTime) {
  make_table();
  const auto appender = calls().appender(path());
  const auto at = [&](EpochMillis time) {
    return calls().offsets(path(), {.kind = Kind::timestamp, .timestamp = time});
  };
  for (const Offset first : {0, 10, 20}) {
    must(calls().append(*appender, rows(first, 10)));
    // Batches carry the server's clock in milliseconds: the next one must not share this one's.
    const EpochMillis written = calls().loop().wall_clock();
    EXPECT_TRUE(calls().repeat_until([&] {
      must(calls().latest(path()));
      return calls().loop().wall_clock() > written + 1;
    }));
  }
  const auto found = read_rows(calls(), path(), 30)[0];
  ASSERT_EQ(found.size(), 3U);
  for (const auto& batch : found) {
    const auto start = must(at(batch.commit_timestamp));
    EXPECT_EQ(start, std::vector<Offset>{batch.base_offset});
    const auto later = read_rows(calls(), path(), 30 - batch.base_offset, start)[0];
    EXPECT_EQ(ids_of(later), counted(batch.base_offset, 30 - batch.base_offset));
  }
  EXPECT_EQ(must(at(found[1].commit_timestamp - 1)), std::vector<Offset>{10});
  EXPECT_EQ(must(at(found[2].commit_timestamp + 1)), std::vector<Offset>{30});
  EXPECT_EQ(must(calls().offsets(path(), {.kind = Kind::earliest})), std::vector<Offset>{0});
  EXPECT_EQ(code_of(at(calls().loop().wall_clock() + 600'000)),
            ErrorCode::invalid_timestamp_exception);
}

TEST_F(ClientSuite, AnOffsetBeyondTheEndIsRefused) {
  make_table();
  must(calls().append(*calls().appender(path()), rows(0, 1)));
  const auto scanner = calls().scanner(path());
  scanner->subscribe(BucketIndex{0}, 100);
  const auto refused = calls().wait<std::vector<client::ScannedBatch>>(
      [&](auto done) { scanner->poll(5s, std::move(done)); });
  EXPECT_EQ(code_of(refused), ErrorCode::log_offset_out_of_range_exception);
}

TEST_F(ClientSuite, BucketsKeepTheirOwnOrder) {
  make_table(log_table(4));
  const auto appender = calls().appender(path());
  std::map<int, std::vector<std::int64_t>> written;
  for (int i = 0; i < 40; ++i) {
    // Buckets in turn, without a choice of ours.
    const auto appended = must(calls().wait<client::Appended>(
        [&](auto done) { EXPECT_TRUE(appender->append(rows(i * 25, 25), std::move(done))); }));
    auto& ids = written[appended.bucket.value().value()];
    for (const std::int64_t id : counted(i * 25, 25)) ids.push_back(id);
  }
  const auto found = read_rows(calls(), path(), 1000, std::vector<Offset>(4));
  const auto ends = must(calls().latest(path()));
  ASSERT_EQ(found.size(), 4U);
  for (const auto& [bucket, batches] : found) {
    SCOPED_TRACE(bucket);
    EXPECT_TRUE(is_dense(batches, 0));
    EXPECT_EQ(ids_of(batches), written[bucket]);
    EXPECT_EQ(ends[static_cast<std::size_t>(bucket)], static_cast<Offset>(written[bucket].size()));
  }
}

TEST_F(ClientSuite, ATailingScannerFollowsAWriter) {
  make_table();
  const auto scanner = calls().scanner(path());
  scanner->subscribe(BucketIndex{0}, client::from_earliest);
  const auto appender = calls().appender(path());
  for (Offset i = 0; i < 20; ++i) {
    // The poll waits before the row is there.
    auto polled = std::make_shared<Outcome<std::vector<client::ScannedBatch>>>();
    auto came = std::make_shared<bool>(false);
    scanner->poll(call_time_max, [polled, came](auto outcome) {
      *polled = std::move(outcome);
      *came = true;
    });
    must(calls().append(*appender, rows(i, 1)));
    ASSERT_TRUE(calls().until([&] { return *came; }));
    EXPECT_EQ(ids_of(must(*polled)), std::vector<std::int64_t>{i});
  }
}

TEST_F(ClientSuite, WritersSideBySideLoseNothing) {
  make_table();
  constexpr int writers_count = 4;
  constexpr int batches_count = 8;
  std::vector<std::shared_ptr<client::Appender>> appenders;
  for (int i = 0; i < writers_count; ++i) appenders.push_back(calls().appender(path()));
  int done = 0;
  for (int i = 0; i < batches_count; ++i) {
    for (int writer = 0; writer < writers_count; ++writer) {
      const auto queued = appenders[static_cast<std::size_t>(writer)]->append(
          rows(writer * 1000 + i * 25, 25), [&](const auto& outcome) {
            EXPECT_TRUE(outcome) << outcome.error().message;
            ++done;
          });
      ASSERT_TRUE(queued) << queued.error().message;
    }
  }
  ASSERT_TRUE(calls().until([&] { return done == writers_count * batches_count; }));
  const auto ids = ids_of(read_rows(calls(), path(), writers_count * batches_count * 25)[0]);
  for (int writer = 0; writer < writers_count; ++writer) {
    std::vector<std::int64_t> own;
    std::ranges::copy_if(ids, std::back_inserter(own),
                         [&](std::int64_t id) { return id / 1000 == writer; });
    EXPECT_EQ(own, counted(writer * 1000, batches_count * 25));
  }
}

TEST_F(ClientSuite, AWriteToADroppedTableFails) {
  make_table();
  const auto appender = calls().appender(path());
  must(calls().append(*appender, rows(0, 1)));
  must(calls().drop_table(path()));
  ErrorCode code = code_of(calls().append(*appender, rows(1, 1)));
  // Fluss deletes a dropped table's buckets in the background: they may take rows until then.
  if (ours() == nullptr) {
    EXPECT_TRUE(calls().repeat_until([&] {
      if (code == ErrorCode::none) code = code_of(calls().append(*appender, rows(1, 1)));
      return code != ErrorCode::none;
    }));
  }
  EXPECT_EQ(code, ErrorCode::table_not_exist) << name_of(code);
}

TEST_F(ClientSuite, AWriterOutlivesTheKillOfANode) {
  if (ours() == nullptr) GTEST_SKIP() << "needs nodes that may be killed; the server is a peer";
  constexpr int buckets_count = 6;  // More than nodes, so that every node leads some.
  make_table(log_table(buckets_count));
  const auto before = ours()->ready_nodes();
  ASSERT_EQ(before.size(), 3U);
  const std::string victim = before.rbegin()->first;
  const auto appender = calls().appender(path());
  int done = 0;
  const auto queue = [&](int first, int count) {
    for (int i = first; i < first + count; ++i) {
      const auto queued = appender->append_to(BucketIndex{i % buckets_count}, rows(i * 10, 10),
                                              [&](const auto& outcome) {
                                                EXPECT_TRUE(outcome) << outcome.error().message;
                                                ++done;
                                              });
      ASSERT_TRUE(queued) << queued.error().message;
    }
  };
  queue(0, 30);
  ASSERT_TRUE(calls().until([&] { return done >= 10; }));
  ours()->kill(victim);
  ASSERT_TRUE(calls().until([&] { return done == 30; }));
  queue(30, 30);
  ASSERT_TRUE(calls().until([&] { return done == 60; }));
  const auto found = read_rows(calls(), path(), 600, std::vector<Offset>(buckets_count));
  for (const auto& [bucket, batches] : found) {
    SCOPED_TRACE(bucket);
    std::vector<std::int64_t> wanted;
    for (int i = bucket; i < 60; i += buckets_count) {
      for (const std::int64_t id : counted(i * 10, 10)) wanted.push_back(id);
    }
    EXPECT_TRUE(is_dense(batches, 0));
    EXPECT_EQ(ids_of(batches), wanted);
  }
  EXPECT_TRUE(calls().repeat_until([&] {
    const auto after = ours()->ready_nodes();
    return after.contains(victim) && after.at(victim).process_id != before.at(victim).process_id;
  }));
}

}  // namespace
}  // namespace millrace
