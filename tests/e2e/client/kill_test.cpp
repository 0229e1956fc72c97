// Nodes are killed at random moments while a writer is at work. What it was told is there must be
// there, once, in its order and where it was told; MILLRACE_E2E_KILL_ROUNDS rounds,
// MILLRACE_E2E_SEED tells where the first begins.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/random.hpp"
#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

constexpr int buckets_count = 3;  // One for each node.
constexpr std::int64_t rows_per_batch = 250;
constexpr int batches_count = 400;  // 100,000 rows.

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// One writer's rows, batch by batch in turn to the buckets.
class KilledRun {
 public:
  KilledRun(Calls& calls, const TablePath& path, const LiveCluster& cluster, std::uint64_t seed)
      : calls_(calls), path_(path), cluster_(cluster), random_(seed) {
    for (std::int64_t i = 0, kills = random_.between(1, 3); i < kills; ++i)
      kill_at_.push_back(random_.between(0, batches_count - 1));
    std::sort(kill_at_.begin(), kill_at_.end());
  }

  void write() {
    const auto appender = calls_.appender(path_);
    for (int queued = 0; done_ < batches_count;) {
      const bool may_go_on = calls_.until([&] {
        return done_ == batches_count || kill_is_due() ||
               (queued < batches_count && appender->has_room());
      });
      ASSERT_TRUE(may_go_on) << done_ << " batches of " << batches_count << " are answered";
      if (kill_is_due()) kill();
      if (queued < batches_count && appender->has_room()) queue(*appender, queued++);
    }
  }

  void check() {
    const auto found = read_rows(calls_, path_, batches_count * rows_per_batch,
                                 std::vector<Offset>(buckets_count));
    for (const auto& [bucket, batches] : found) {
      SCOPED_TRACE(bucket);
      std::vector<std::int64_t> wanted;
      for (int i = bucket; i < batches_count; i += buckets_count) {
        for (const std::int64_t id : counted(i * rows_per_batch, rows_per_batch))
          wanted.push_back(id);
      }
      EXPECT_TRUE(is_dense(batches, 0));
      EXPECT_EQ(ids_of(batches), wanted);
    }
    EXPECT_GT(told_, 0);
  }

  [[nodiscard]] std::size_t kills() const { return kills_; }

 private:
  void queue(client::Appender& appender, int batch) {
    const auto queued = appender.append_to(
        BucketIndex{batch % buckets_count}, rows(batch * rows_per_batch, rows_per_batch),
        [this, batch](const Outcome<client::Appended>& outcome) {
          ++done_;
          ASSERT_TRUE(outcome) << "batch " << batch << ": " << outcome.error().message;
          if (!outcome->base_offset) return;  // The server only knew that it has it.
          ++told_;
          EXPECT_EQ(*outcome->base_offset, batch / buckets_count * rows_per_batch);
        });
    ASSERT_TRUE(queued) << queued.error().message;
  }

  [[nodiscard]] bool kill_is_due() const {
    return kills_ < kill_at_.size() && done_ >= kill_at_[kills_];
  }

  void kill() {
    ++kills_;
    const auto nodes = cluster_.ready_nodes();
    if (nodes.empty()) return;
    const auto victim =
        std::next(nodes.begin(), static_cast<std::ptrdiff_t>(random_.below(nodes.size())));
    cluster_.kill(victim->first);
  }

  Calls& calls_;
  const TablePath path_;
  const LiveCluster& cluster_;
  Random random_;
  std::vector<std::int64_t> kill_at_;  // After so many answers.
  std::size_t kills_ = 0;
  int done_ = 0;
  int told_ = 0;
};

TEST_F(ClientSuite, NothingIsLostDoubledOrReorderedByKillsAtAnyMoment) {
  if (ours() == nullptr) GTEST_SKIP() << "needs nodes that may be killed; the server is a peer";
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const std::uint64_t first = number_in("MILLRACE_E2E_SEED", static_cast<std::uint64_t>(now));
  const std::uint64_t rounds = number_in("MILLRACE_E2E_KILL_ROUNDS", 3);
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    SCOPED_TRACE(testing::Message() << "MILLRACE_E2E_SEED=" << seed);
    make_table(log_table(buckets_count));
    KilledRun run(calls(), path(), *ours(), seed);
    run.write();
    run.check();
    ASSERT_FALSE(HasFailure());
    EXPECT_GT(run.kills(), 0U);
    must(calls().drop_table(path()));
  }
}

}  // namespace
}  // namespace millrace
