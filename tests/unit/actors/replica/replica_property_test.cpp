// Random appends, replays, deletions, failures and restarts against a model: a log as a list of
// batches. What a writer was told is in the log stays there, once, in the order in which it was
// sent, until it is deleted; and its writer is known even then.
#include <deque>
#include <map>
#include <set>

#include "base/random.hpp"
#include "tests/unit/actors/replica/replica_steps.hpp"

namespace millrace::replica {
namespace {

/// A device with a log of its own that fails when it is told to.
struct ModelDevice {
  std::vector<BatchSummary>
      log;  // Of all time: a real device remembers the writers of what it deleted.
  Offset start = 0;
  Offset end = 0;

  [[nodiscard]] EpochMillis max_timestamp() const {
    return log.empty() ? -1 : log.back().timestamp;
  }
  [[nodiscard]] Opened opened() const { return {start, end, max_timestamp(), log}; }
};

class ReplicaRun {
 public:
  explicit ReplicaRun(std::uint64_t seed) : random_(seed) {}

  void run() {
    open();
    for (int i = 0; i < 200; ++i) turn();
    while (!orders_.empty()) serve(false);
    if (!machine_.is_open()) open();
    check_log();
    for (const auto& [ticket, sent] : asked_) ADD_FAILURE() << "no answer to " << ticket;
  }

 private:
  struct Asked {
    WriterId writer;
    std::int32_t sequence = 0;
  };

  void turn() {
    switch (random_.below(11)) {
      case 10:
        return retain();
      case 0:
      case 1:
      case 2:
      case 3:
        return send(next_[pick_writer()]);
      case 4:
        return replay();
      case 5:
        return send_gap();
      case 6:
        if (!machine_.is_open()) open();
        return;
      case 7:
        return await();
      default:
        if (!orders_.empty()) serve(random_.chance(1, 8));
    }
  }

  void open() {
    while (!orders_.empty()) serve(false);  // A device answers in order.
    broken_ = false;
    take(machine_.step(device_.opened()));
  }

  WriterId pick_writer() {
    writer_ = WriterId{random_.between(0, 2)};
    return writer_;
  }

  void send(std::int32_t sequence) { append_one(writer_, sequence); }

  void replay() {
    const WriterId who = pick_writer();
    const std::int32_t back = static_cast<std::int32_t>(random_.between(1, 4));
    if (next_[who] >= back) append_one(who, next_[who] - back);
  }

  void send_gap() {
    const WriterId who = pick_writer();
    const Ticket ticket = ++tickets_;
    const auto effects = machine_.step(append(ticket, {{who, next_[who] + 2}}, clock_));
    EXPECT_TRUE(all_of<WriteBatches>(effects).empty());
    EXPECT_EQ(all_of<Refuse>(effects).size() + all_of<Fail>(effects).size(), 1U);
  }

  void append_one(WriterId who, std::int32_t sequence) {
    const Ticket ticket = ++tickets_;
    clock_ += random_.between(-3, 9);
    asked_[ticket] = {who, sequence};
    const auto rows = static_cast<std::int32_t>(random_.below(4));
    const auto effects = machine_.step(append(ticket, {{who, sequence, rows}}, clock_));
    // In flight from here on: the client goes on without waiting, as real ones do.
    if (!all_of<WriteBatches>(effects).empty()) next_[who] = sequence + 1;
    take(effects);
  }

  void await() {
    const Ticket ticket = ++tickets_;
    const Offset from = machine_.high_watermark() + random_.between(0, 3);
    const auto effects =
        machine_.step(AwaitAsked{ticket, from, random_.chance(1, 2) ? 10'000U : 0U});
    if (effects.empty()) awaits_[ticket] = from;
    EXPECT_TRUE(effects.empty() || !machine_.is_open());
  }

  void retain() {
    const auto effects = machine_.step(RetentionDue{clock_, 1ms, false});
    // A second order, or one to a log that is not open, could be overtaken by the answer to
    // another.
    EXPECT_LE(all_of<ExpireLog>(effects).size(), machine_.is_open() && !expiring_ ? 1U : 0U);
    expiring_ = expiring_ || !effects.empty();
    take(effects);
  }

  void take(const std::vector<Effect>& effects) {
    for (const WriteBatches& order : all_of<WriteBatches>(effects)) orders_.emplace_back(order);
    for (const ExpireLog& order : all_of<ExpireLog>(effects)) orders_.emplace_back(order);
    for (const AnswerAppended& answer : all_of<AnswerAppended>(effects)) confirm(answer);
    for (const AnswerAdvanced& answer : all_of<AnswerAdvanced>(effects)) {
      EXPECT_LT(awaits_.at(answer.ticket), machine_.high_watermark());
      EXPECT_EQ(awaits_.erase(answer.ticket), 1U);
    }
    for (const AnswerWritten& answer : all_of<AnswerWritten>(effects)) {
      EXPECT_EQ(awaits_.at(answer.ticket), answer.from);
      EXPECT_LT(answer.from, machine_.high_watermark());
      const auto first = protocol::parse_header(answer.batches.bytes());
      EXPECT_TRUE(first && first->base_offset == answer.from);
      EXPECT_EQ(awaits_.erase(answer.ticket), 1U);
    }
    for (const Fail& failed : all_of<Fail>(effects)) {
      EXPECT_EQ(asked_.erase(failed.ticket) + awaits_.erase(failed.ticket), 1U);
    }
    for (const Refuse& refused : all_of<Refuse>(effects)) {
      EXPECT_EQ(asked_.erase(refused.ticket), 1U);
    }
    for (const auto& [ticket, from] : awaits_) {
      EXPECT_TRUE(!machine_.is_open() || from >= machine_.high_watermark()) << ticket;
    }
  }

  void confirm(const AnswerAppended& answer) {
    const auto asked = asked_.extract(answer.ticket);
    ASSERT_FALSE(asked.empty());
    confirmed_[{asked.mapped().writer, asked.mapped().sequence}] = answer.base;
    EXPECT_EQ(answer.high_watermark, device_.end);
  }

  void serve(bool fails) {
    const auto order = orders_.front();
    orders_.pop_front();
    if (const auto* expire = std::get_if<ExpireLog>(&order)) return expire_log(*expire, fails);
    write(std::get<WriteBatches>(order), fails);
  }

  void expire_log(const ExpireLog& order, bool fails) {
    expiring_ = false;
    if (fails || broken_) return take(machine_.step(ExpiryFailed{}));
    for (const BatchSummary& batch : device_.log) {
      if (batch.timestamp >= order.expiry.older_than || batch.last >= order.expiry.limit) break;
      device_.start = std::max(device_.start, batch.last + 1);
    }
    EXPECT_LE(device_.start, machine_.high_watermark());
    take(machine_.step(Expired{device_.start}));
    EXPECT_EQ(machine_.log_start(), device_.start);
    if (device_.start == 0) return;
    const auto read = machine_.step(ReadAsked{++tickets_, device_.start - 1, 1});
    EXPECT_EQ(all_of<Refuse>(read).size() + all_of<Fail>(read).size(), 1U);
  }

  void write(const WriteBatches& order, bool fails) {
    const BatchSummary& batch = order.batches.front().summary;
    if (broken_ || batch.base != device_.end) {
      return fail({Errc::unavailable, "append does not follow"});
    }
    if (fails && random_.chance(1, 2)) return fail({Errc::overloaded, "disk full"});
    broken_ = fails;  // Closed for writing until it is opened again.
    if (fails && random_.chance(1, 2)) return fail({Errc::unavailable, "device failed"});
    EXPECT_GE(batch.timestamp, device_.max_timestamp());
    device_.log.push_back(batch);
    device_.end = batch.last + 1;
    // The write arrived and its news did not: what is on the disk decides.
    if (fails) return fail({Errc::unavailable, "device failed after the write"});
    take(machine_.step(Written{}));
  }

  void fail(const Error& error) {
    take(machine_.step(WriteFailed{error, device_.end}));
    // Clients learn where they stand from what is in the log once it is open again.
    for (std::int64_t i = 0; i < 3; ++i) next_[WriterId{i}] = in_log(WriterId{i});
  }

  [[nodiscard]] std::int32_t in_log(WriterId who) const {
    std::int32_t next = 0;
    for (const BatchSummary& batch : device_.log) {
      if (batch.writer == who) next = batch.sequence + 1;
    }
    return next;
  }

  void check_log() {
    Offset next = 0;
    std::map<WriterId, std::int32_t> sequences;
    std::map<std::pair<WriterId, std::int32_t>, Offset> bases;
    for (const BatchSummary& batch : device_.log) {
      EXPECT_EQ(batch.base, next);
      next = batch.last + 1;
      EXPECT_EQ(batch.sequence, sequences[batch.writer]++);
      bases[{batch.writer, batch.sequence}] = batch.base;
    }
    for (const auto& [which, base] : confirmed_) EXPECT_EQ(bases.at(which), base);
    EXPECT_EQ(machine_.high_watermark(), device_.end);
  }

  Random random_;
  TestReplica machine_;
  ModelDevice device_;
  std::deque<std::variant<WriteBatches, ExpireLog>> orders_;
  bool expiring_ = false;
  std::map<Ticket, Asked> asked_;
  std::map<Ticket, Offset> awaits_;
  std::map<WriterId, std::int32_t> next_;
  std::map<std::pair<WriterId, std::int32_t>, Offset> confirmed_;
  WriterId writer_{0};
  bool broken_ = false;
  Ticket tickets_ = 0;
  EpochMillis clock_ = noon;
};

TEST(ReplicaProperty, TheLogIsWhatTheModelSays) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    ReplicaRun(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace millrace::replica
