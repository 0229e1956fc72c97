#include <gtest/gtest.h>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/epoch_file.hpp"
#include "state/log/segmented/log_start.hpp"
#include "state/log/segmented/recovery_point.hpp"
#include "state/log/segmented/segmented_log.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

// A bucket's folder with anything in it: segments, both indexes, recovery point, log start and
// leader epochs. What opens can be read, searched, written to and cut.

namespace millrace::fuzz {
namespace {

const std::string folder = "log/7/0";

/// A batch with length and checksum in order, if it is long enough for a header.
std::string sealed(const Buffer& piece) {
  std::vector<std::byte> bytes(piece.bytes().begin(), piece.bytes().end());
  if (bytes.size() >= protocol::log_batch_header_size) {
    store_le(bytes.data() + 8,
             static_cast<std::int32_t>(bytes.size() - protocol::length_field_end));
    if (protocol::parse_whole_batch(bytes)) protocol::seal_crc(bytes);
  }
  return std::string(text_of(bytes));
}

void put(Disk& disk, const std::string& name, std::string_view content) {
  CHECK(replace_file(disk, folder + "/" + name, bytes_of(content)).has_value());
}

void put_segment(Disk& disk, InputReader& reader, const std::string& name) {
  std::string batches;
  for (std::size_t count = reader.below(4); count > 0; --count) batches += sealed(reader.piece());
  put(disk, name + ".log", batches);
  const std::size_t indexes = reader.byte();
  if ((indexes & 1) != 0) put(disk, name + ".index", reader.piece().text());
  if ((indexes & 2) != 0) put(disk, name + ".timeindex", reader.piece().text());
}

RecoveryPoint some_point(InputReader& reader) {
  return {reader.byte(), reader.byte(), static_cast<std::uint64_t>(reader.byte()) * 4,
          static_cast<std::uint32_t>(reader.below(4)), static_cast<std::uint32_t>(reader.below(4))};
}

void use(TableLog& log) {
  CHECK(log.start_offset() <= log.end_offset());
  Offset at = log.start_offset();
  while (at < log.end_offset()) {
    const auto bytes = log.read(at, log.end_offset(), 1000);
    if (!bytes) break;
    CHECK(!bytes->empty());
    const auto batches = protocol::split_batches(*bytes);
    CHECK(batches.has_value());
    const auto last = protocol::parse_header(batches->back().bytes()).value();
    CHECK(last.next_offset() > at);
    at = last.next_offset();
  }
  (void)log.for_each_batch([](const BatchSummary&) {});
  (void)log.offset_at(log.max_timestamp());
  const Offset end = log.end_offset();
  if (end > 1'000'000) return;
  const auto batch = test::make_batch({.base = end, .rows = 2, .timestamp = 1});
  if (log.append({test::stamped(batch)})) CHECK(log.end_offset() == end + 2);
  (void)log.expire({.older_than = 1000, .limit = end, .roll_active = true});
  (void)log.sync();
  const auto last = log.epochs().last();
  const LeaderEpoch next{last && last->value() < INT32_MAX ? last->value() + 1 : INT32_MAX};
  if (log.begin_epoch(next)) CHECK(log.epochs().last() == next);
  if (log.truncate(log.start_offset())) CHECK(log.end_offset() == log.start_offset());
}

void parse_alone(const Buffer& bytes) {
  if (const auto point = parse_recovery_point(bytes.bytes()))
    CHECK(parse_recovery_point(encode(*point)) == point);
  if (const auto start = parse_log_start(bytes.bytes()))
    CHECK(parse_log_start(encode(*start)) == start);
  if (const auto epochs = parse_epochs(bytes.bytes())) {
    const auto again = parse_epochs(encode(epochs->runs));
    CHECK(again && again->runs == epochs->runs);
  }
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t what = reader.byte();
  if (what == 255) return parse_alone(reader.rest());
  SimulatedDisk disk{Random(1)};
  CHECK(disk.make_folders(folder).has_value());
  if ((what & 1) != 0) put(disk, "recovery-point", text_of(encode(some_point(reader))));
  if ((what & 2) != 0) {
    const LogStart start{reader.byte(), reader.byte(), {}};
    put(disk, "log-start", text_of(encode(start)));
  }
  put_segment(disk, reader, "00000000000000000000");
  if ((what & 4) != 0) put_segment(disk, reader, "00000000000000000004");
  if ((what & 8) != 0) put(disk, "leader-epochs", reader.piece().text());
  auto log = SegmentedLog::open(disk, folder, {.segment_bytes = 4000, .index_interval_bytes = 100});
  if (log) use(**log);
}

std::vector<Buffer> seeds() {
  const auto batch = [](Offset base) {
    return test::make_batch({.base = base, .rows = 2, .timestamp = 7 + base, .body_bytes = 60});
  };
  const auto segment = [&](InputWriter& writer, Offset base) {
    writer.byte(2).piece(batch(base).bytes).piece(batch(base + 2).bytes).byte(3);
    writer.piece(golden_file("offset_index_base100.index").text());
    writer.piece(golden_file("time_index_base100.timeindex").text());
  };
  InputWriter one;
  one.byte(0);
  segment(one, 0);
  InputWriter all;
  all.byte(7).byte(0).byte(2).byte(27).byte(0).byte(0).byte(0).byte(7);
  segment(all, 0);
  segment(all, 4);
  const LeaderEpochs epochs({{LeaderEpoch{1}, 0}, {LeaderEpoch{4}, 2}});
  InputWriter led;
  led.byte(8);
  segment(led, 0);
  led.piece(text_of(encode(epochs)));
  const LogStart start{5, 7, {batch(2).summary}};
  return {one.done(),
          all.done(),
          led.done(),
          InputWriter().byte(255).rest(text_of(encode(epochs))).done(),
          InputWriter().byte(255).rest(text_of(encode(start))).done(),
          InputWriter().byte(255).rest(text_of(encode(RecoveryPoint{0, 2, 108, 1, 1}))).done()};
}

}  // namespace millrace::fuzz
