#include "scenarios/workloads/append_writer.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <utility>

#include "scenarios/workloads/value_rows.hpp"
#include "scenarios/workloads/writer_patience.hpp"

namespace millrace::scenarios {
namespace {

constexpr Duration open_again_after = 200ms;

}  // namespace

AppendWriter::AppendWriter(SimulatedClient& client, History& history, AppendPlan plan,
                           Random random)
    : client_(client), history_(history), plan_(std::move(plan)), random_(random) {}

void AppendWriter::start() { open(); }

void AppendWriter::open() {
  if (stopping_) return;
  opening_ = true;
  client::Appender::open(client_.api(), plan_.table, writer_patience(),
                         [this](client::Outcome<std::shared_ptr<client::Appender>> opened) {
                           opening_ = false;
                           if (!opened) {
                             (void)client_.loop().after(open_again_after, [this] { open(); });
                             return;
                           }
                           appender_ = std::move(*opened);
                           write_on();
                         });
}

void AppendWriter::write_on() {
  if (stopping_) return;
  if (appender_->has_room()) write_batch();
  const Duration pause =
      random_.chance(1, 4) ? Duration{} : Duration(random_.between(0, plan_.pause_max.count()));
  (void)client_.loop().after(pause + 1us, [this] { write_on(); });
}

void AppendWriter::write_batch() {
  const auto& buckets = appender_->table().buckets;
  const BucketIndex bucket = buckets[random_.below(buckets.size())].bucket;
  const std::int64_t count = random_.between(1, plan_.rows_per_batch_max);
  const Value first{plan_.writer, next_sequence_};
  const std::size_t attempt = history_.attempts.size();
  for (std::int64_t i = 0; i < count; ++i) {
    history_.attempts.push_back({{plan_.writer, next_sequence_ + i},
                                 {appender_->table().id, bucket},
                                 Fate::pending,
                                 {},
                                 std::nullopt,
                                 client_.loop().now()});
  }
  next_sequence_ += count;
  const Status queued =
      appender_->append_to(bucket, value_rows(appender_->schema(), first, count),
                           [this, attempt, count](const client::Outcome<client::Appended>& how) {
                             answered(attempt, static_cast<std::size_t>(count), how);
                           });
  if (!queued) history_.findings.push_back("the appender took no rows: " + queued.error().message);
}

void AppendWriter::answered(std::size_t first, std::size_t count,
                            const client::Outcome<client::Appended>& how) {
  if (!how) history_.given_up.push_back(how.error().message);
  for (std::size_t i = 0; i < count; ++i) {
    Attempt& attempt = history_.attempts[first + i];
    if (attempt.fate != Fate::pending)
      history_.findings.push_back("a second answer about " + to_string(attempt.value));
    attempt.fate = how ? Fate::acknowledged : Fate::in_doubt;
    attempt.answered_at = client_.loop().now();
    if (how && how->base_offset) attempt.offset = *how->base_offset + static_cast<Offset>(i);
  }
}

}  // namespace millrace::scenarios
