#include "scenarios/workloads/partition_load.hpp"

#include <arrow/record_batch.h>

#include <utility>

#include "scenarios/workloads/value_rows.hpp"
#include "scenarios/workloads/writer_patience.hpp"

namespace millrace::scenarios {
namespace {

constexpr std::uint64_t partitions = 4;
constexpr std::uint64_t rows_max = 4;
constexpr Duration open_again_after = 200ms;
constexpr Duration write_pause_max = 60ms;
constexpr Duration drop_pause_max = 400ms;

}  // namespace

PartitionLoad::PartitionLoad(SimulatedClient& writer, SimulatedClient& dropper,
                             client::TablePath table, Random random)
    : writer_(writer), dropper_(dropper), table_(std::move(table)), random_(random) {}

void PartitionLoad::start() {
  open();
  drop_on();
}

void PartitionLoad::open() {
  client::Appender::open(writer_.api(), table_, writer_patience(),
                         [this](client::Outcome<std::shared_ptr<client::Appender>> opened) {
                           if (!opened) {
                             (void)writer_.loop().after(open_again_after, [this] { open(); });
                             return;
                           }
                           appender_ = std::move(*opened);
                           write_on();
                         });
}

void PartitionLoad::write_on() {
  if (stopped_) return;
  (void)writer_.loop().after(Duration(random_.between(1, write_pause_max.count())),
                             [this] { write_on(); });
  if (!appender_->has_room()) return;
  PartitionBatch batch;
  batch.partition = static_cast<std::int64_t>(random_.below(partitions));
  batch.count = random_.between(1, rows_max);
  batch.first = next_[batch.partition];
  batch.begun_at = writer_.loop().now();
  next_[batch.partition] += batch.count;
  const std::size_t index = batches_.size();
  batches_.push_back(batch);
  const auto rows = value_rows(appender_->schema(), {batch.partition, batch.first}, batch.count);
  const Status taken =
      appender_->append(rows, [this, index](const client::Outcome<client::Appended>& how) {
        PartitionBatch& answered = batches_[index];
        if (answered.fate != Fate::pending) findings_.emplace_back("a second answer about a batch");
        answered.fate = how ? Fate::acknowledged : Fate::in_doubt;
        if (how && how->partition != std::to_string(answered.partition)) {
          findings_.push_back("rows of partition " + std::to_string(answered.partition) +
                              " were acknowledged by " + how->partition.value_or("none"));
        }
      });
  if (!taken) findings_.push_back("the appender took no rows: " + taken.error().message);
}

void PartitionLoad::drop_on() {
  if (drops_stopped_) return;
  PartitionDrop drop;
  drop.partition = static_cast<std::int64_t>(random_.below(partitions));
  const std::size_t index = drops_.size();
  drops_.push_back(drop);
  dropper_.api().drop_partition(
      table_, {{"writer", std::to_string(drop.partition)}}, false,
      [this, index](const client::Outcome<void>& outcome) {
        drops_[index].over_at = dropper_.loop().now();
        drops_[index].was_there = outcome.has_value();
        drops_[index].in_doubt =
            !outcome && outcome.error().code != protocol::ErrorCode::partition_not_exists;
        (void)dropper_.loop().after(Duration(random_.between(1, drop_pause_max.count())),
                                    [this] { drop_on(); });
      });
}

}  // namespace millrace::scenarios
