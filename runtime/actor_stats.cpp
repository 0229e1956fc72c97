#include "runtime/actor_stats.hpp"

#include <algorithm>
#include <bit>

namespace millrace {

void ActorStats::on_start() {
  starts_.fetch_add(1, std::memory_order_relaxed);
  running_.store(true, std::memory_order_relaxed);
}

void ActorStats::on_exit(const std::string& reason) {
  running_.store(false, std::memory_order_relaxed);
  // Messages that were still queued died with the actor.
  depth_.store(0, std::memory_order_relaxed);
  if (!reason.empty()) on_error(reason);
}

void ActorStats::on_handled(const FlightRecord& record) {
  const std::int64_t depth = depth_.fetch_sub(1, std::memory_order_relaxed);
  // A restart may have reset the count while a message was on its way.
  if (depth <= 0) depth_.store(0, std::memory_order_relaxed);
  handled_.fetch_add(1, std::memory_order_relaxed);
  if (record.dropped) dropped_.fetch_add(1, std::memory_order_relaxed);
  busy_ns_.fetch_add(record.worked.count(), std::memory_order_relaxed);
  const auto waited = std::max<std::int64_t>(record.waited.count(), 0);
  const auto klass = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(waited)));
  waited_[std::min<std::size_t>(klass, waited_.size() - 1)].fetch_add(1, std::memory_order_relaxed);
  if (waited > waited_max_ns_.load(std::memory_order_relaxed)) {
    waited_max_ns_.store(waited, std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  if (flight_.size() < flight_records_max) {
    flight_.push_back(record);
  } else {
    flight_[flight_next_] = record;
  }
  flight_next_ = (flight_next_ + 1) % flight_records_max;
}

void ActorStats::on_error(const std::string& message) {
  const std::lock_guard lock(mutex_);
  last_error_ = message;
}

Duration ActorStats::percentile(std::uint64_t per_mille) const {
  std::uint64_t total = 0;
  for (const auto& klass : waited_) total += klass.load(std::memory_order_relaxed);
  const std::uint64_t rank = total * per_mille / 1000;
  std::uint64_t seen = 0;
  for (std::size_t k = 0; k < waited_.size(); ++k) {
    seen += waited_[k].load(std::memory_order_relaxed);
    if (seen > rank) return Duration(std::int64_t{1} << std::min<std::size_t>(k, 62));
  }
  return Duration{};
}

ActorStats::View ActorStats::view() const {
  View view;
  view.received = received_.load(std::memory_order_relaxed);
  view.handled = handled_.load(std::memory_order_relaxed);
  view.dropped = dropped_.load(std::memory_order_relaxed);
  view.starts = starts_.load(std::memory_order_relaxed);
  view.mailbox_depth = std::max<std::int64_t>(depth_.load(std::memory_order_relaxed), 0);
  view.busy = Duration(busy_ns_.load(std::memory_order_relaxed));
  view.waited_p50 = percentile(500);
  view.waited_p99 = percentile(990);
  view.waited_max = Duration(waited_max_ns_.load(std::memory_order_relaxed));
  view.running = running_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  view.last_error = last_error_;
  return view;
}

std::vector<FlightRecord> ActorStats::flight() const {
  const std::lock_guard lock(mutex_);
  std::vector<FlightRecord> records(flight_.size());
  const std::size_t oldest = flight_.size() < flight_records_max ? 0 : flight_next_;
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i] = flight_[(oldest + i) % flight_.size()];
  }
  return records;
}

}  // namespace millrace
