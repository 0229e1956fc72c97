// Rows that are too old go by whole segments, and whoever reads learns where the log starts now.
#include <arrow/record_batch.h>

#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

using Kind = client::OffsetQuery::Kind;

class Retention : public ClientSuite {
 protected:
  void SetUp() override {
    ClientSuite::SetUp();
    if (ours() == nullptr) GTEST_SKIP() << "needs a cluster that looks for old rows all the time";
  }
  void make_table_kept_for(const std::string& time_to_live) {
    auto table = log_table();
    table.properties["table.log.ttl"] = time_to_live;
    make_table(table);
  }
  [[nodiscard]] Offset earliest() {
    return must(calls().offsets(path(), {.kind = Kind::earliest}))[0];
  }
  void await_earliest(Offset wanted) {
    EXPECT_TRUE(calls().repeat_until([&] { return earliest() == wanted; })) << earliest();
  }
};

TEST_F(Retention, OldRowsGoAndTheirOffsetsAreNotGivenAgain) {
  make_table_kept_for("1s");
  const auto appender = calls().appender(path());
  must(calls().append(*appender, rows(0, 30)));
  await_earliest(30);
  EXPECT_EQ(must(calls().latest(path())), std::vector<Offset>{30});
  EXPECT_EQ(must(calls().offsets(path(), {.kind = Kind::timestamp, .timestamp = 1})),
            std::vector<Offset>{30});
  const auto late = calls().scanner(path());
  late->subscribe(BucketIndex{0}, 0);
  const auto refused = calls().wait<std::vector<client::ScannedBatch>>(
      [&](auto done) { late->poll(5s, std::move(done)); });
  EXPECT_EQ(code_of(refused), ErrorCode::log_offset_out_of_range_exception);
  EXPECT_EQ(must(calls().append(*appender, rows(30, 10))).base_offset, 30);
  EXPECT_EQ(ids_of(read_rows(calls(), path(), 10)[0]), counted(30, 10));
}

TEST_F(Retention, TheStartSurvivesTheKillOfANode) {
  make_table_kept_for("1s");
  must(calls().append(*calls().appender(path()), rows(0, 20)));
  await_earliest(20);
  const auto leader = must(calls().describe(path()))->leader_of(BucketIndex{0}).value();
  const auto before = ours()->ready_nodes();
  // Hosts are in the order of their nodes' ids.
  const auto host = std::next(before.begin(), leader.value())->first;
  ours()->kill(host);
  ASSERT_TRUE(calls().repeat_until([&] {
    const auto after = ours()->ready_nodes();
    return after.contains(host) && after.at(host).process_id != before.at(host).process_id;
  }));
  await_earliest(20);
  EXPECT_EQ(must(calls().append(*calls().appender(path()), rows(20, 1))).base_offset, 20);
}

TEST_F(Retention, WithoutATimeToLiveNothingGoes) {
  make_table_kept_for("0s");
  must(calls().append(*calls().appender(path()), rows(0, 10)));
  const auto start = calls().loop().wall_clock();
  // As long as it takes others to go.
  EXPECT_TRUE(calls().repeat_until([&] {
    return must(calls().latest(path()))[0] == 10 && calls().loop().wall_clock() > start + 2000;
  }));
  EXPECT_EQ(earliest(), 0);
}

}  // namespace
}  // namespace millrace
