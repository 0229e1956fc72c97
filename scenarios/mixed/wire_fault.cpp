// F10: bytes change on their way, frames stop in the middle, connections close on one side only.
//
// Between nodes a checksum covers every frame, so any bit may flip. The public protocol's frames
// have none: what can be asked of them is that rows, which carry their own, arrive as they were
// sent or not at all. So between clients and nodes only what a batch's checksum covers is changed.
#include <utility>

#include "protocol/log_batch.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"

namespace millrace::scenarios {
namespace {

/// What was on its way when the wire got well has arrived, and its reader has looked at it.
constexpr Duration in_flight_max = 1s;
constexpr std::size_t checksum_covers_from = 25;  // Within a batch: from its schema id on.

Buffer with_flipped_bit(const Buffer& chunk, std::size_t position, unsigned bit) {
  std::vector<std::byte> bytes(chunk.bytes().begin(), chunk.bytes().end());
  bytes[position] ^= std::byte{static_cast<unsigned char>(1U << bit)};
  return Buffer::from(std::move(bytes));
}

/// Where the checksum of a whole batch within `chunk` covers bytes; nothing without such a batch.
std::optional<std::pair<std::size_t, std::size_t>> covered_bytes(const Buffer& chunk) {
  for (std::size_t at = 0; at + protocol::log_batch_header_size < chunk.size(); ++at) {
    const Bytes rest = chunk.bytes().subspan(at);
    const auto header = protocol::parse_header(rest);
    if (!header || header->size() > rest.size()) continue;
    if (!protocol::verify_crc(rest.first(header->size()))) continue;
    return std::pair(at + checksum_covers_from, at + header->size());
  }
  return std::nullopt;
}

class BadWire final : public Fault {
 public:
  explicit BadWire(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    SimulatedCluster& cluster = run.cluster();
    mode_ = static_cast<Mode>(random_.below(3));
    const NodeId node = run.draw_node(random_);
    const ProcessId here = cluster.process_of(node);
    if (random_.chance(1, 2)) {
      for (std::int32_t i = 0; i < cluster.shape().nodes; ++i) {
        if (NodeId{i} != node) spoil(run, here, cluster.process_of(NodeId{i}), false);
      }
      return;
    }
    if (mode_ == Mode::flips) {
      // What a writer is told is not what it wrote is not sent again.
      run.may_lose_rows();
      run.history().wire_bad_until = Instant::max();
    }
    // Client 0 only made the tables.
    for (std::size_t i = 1; i < cluster.count_clients(); ++i)
      spoil(run, here, cluster.client(i).process(), true);
  }

  void heal(MixedRun& run) override {
    for (const auto& [from, to] : spoiled_)
      run.cluster().simulation().network().set_wire(from, to, nullptr);
    if (run.history().wire_bad_until != Instant{})
      run.history().wire_bad_until = run.cluster().now() + in_flight_max;
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return *damaged_; }

 private:
  enum class Mode { flips, cut_frames, half_closes };

  void spoil(MixedRun& run, ProcessId one, ProcessId other, bool only_covered) {
    for (const auto& way : {std::pair(one, other), std::pair(other, one)}) {
      spoiled_.push_back(way);
      run.cluster().simulation().network().set_wire(
          way.first, way.second,
          [random = random_.fork(spoiled_.size()), mode = mode_, only_covered,
           damaged = damaged_](const Buffer& chunk) mutable {
            constexpr std::uint64_t one_in = 20;
            ChunkFate fate{chunk};
            if (!random.chance(1, one_in)) return fate;
            if (mode == Mode::flips) {
              std::pair range(std::size_t{0}, chunk.size());
              if (only_covered) {
                const auto covered = covered_bytes(chunk);
                if (!covered) return fate;
                range = *covered;
              }
              const std::size_t at = range.first + random.below(range.second - range.first);
              fate.bytes = with_flipped_bit(chunk, at, static_cast<unsigned>(random.below(8)));
            } else {
              fate.bytes = chunk.slice(0, random.below(chunk.size()));
              fate.stream = mode == Mode::cut_frames ? ChunkFate::Stream::breaks
                                                     : ChunkFate::Stream::half_closes;
            }
            ++*damaged;
            return fate;
          });
    }
  }

  Random random_;
  Mode mode_ = Mode::flips;
  std::vector<std::pair<ProcessId, ProcessId>> spoiled_;
  // Wires are asked as long as the network lives.
  std::shared_ptr<std::uint64_t> damaged_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace

FaultPointer make_bad_wire(Random random) { return std::make_unique<BadWire>(random); }

}  // namespace millrace::scenarios
