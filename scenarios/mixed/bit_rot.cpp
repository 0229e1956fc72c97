// F13: bits of log and index files change where they lie. Only what is known to be durable is
// touched: behind that, a node that stops cannot tell damage from a torn end and cuts it.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/log_batch.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"
#include "state/log/segmented/recovery_point.hpp"
#include "state/log/segmented/segment_rewrite.hpp"

namespace millrace::scenarios {
namespace {

/// A file of a bucket of which the first bytes are durable, and known to be.
struct RottingFile {
  std::string path;
  BucketId bucket;
  std::uint64_t size = 0;
  bool is_log = false;
};

/// The rows that a wrong byte may cost: those of the batch that holds it. No checksum covers a
/// batch's offset and length, so that a neighbour may be taken for the wrong one. Nothing if the
/// headers do not lead there.
std::optional<OffsetRange> rows_at(Bytes log, std::uint64_t position) {
  constexpr std::uint64_t offset_and_length = 12;
  std::optional<OffsetRange> hit;
  bool reaches_next = false;
  Offset before = -1;
  for (std::uint64_t at = 0; at < log.size();) {
    const auto header = protocol::parse_header(log.subspan(at));
    if (!header) return hit;
    if (hit) {
      if (reaches_next) hit->to = header->next_offset();
      return hit;
    }
    if (position < at + header->size()) {
      reaches_next = position < at + offset_and_length;
      const bool reaches_back = reaches_next && before >= 0;
      hit = OffsetRange{reaches_back ? before : header->base_offset, header->next_offset()};
    }
    before = header->base_offset;
    at += header->size();
  }
  return hit;
}

std::optional<Offset> base_of(std::string_view name) {
  Offset base = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), base);
  if (error != std::errc() || end == name.data()) return std::nullopt;
  return base;
}

/// What may rot of one bucket.
std::vector<RottingFile> files_of(const SimulatedDisk& disk, BucketId bucket) {
  std::vector<RottingFile> files;
  const std::string folder = "log/" + millrace::to_string(bucket);
  const auto noted = disk.durable_bytes_at(recovery_point_path(folder));
  if (!noted) return files;
  const auto point = parse_recovery_point(*noted);
  if (!point) return files;
  for (const std::string& path : disk.paths()) {
    if (!path.starts_with(folder + "/")) continue;
    const std::string name = path.substr(folder.size() + 1);
    const auto durable = disk.durable_bytes_at(path);
    if (!durable || durable->empty()) continue;
    RottingFile file{path, bucket, std::min(durable->size(), disk.bytes_at(path).size()), false};
    const auto base = base_of(name);
    if (name.ends_with(".log")) {
      if (!base || *base > point->segment_base) continue;
      if (*base == point->segment_base) file.size = std::min(file.size, point->position);
      file.is_log = true;
    } else if (!name.ends_with("index") && path != recovery_point_path(folder)) {
      continue;
    }
    if (file.size > 0) files.push_back(std::move(file));
  }
  return files;
}

class BitRot final : public Fault {
 public:
  explicit BitRot(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    const NodeId node = run.draw_node(random_);
    // Whoever has taken the node may have put another disk into it.
    if (run.is_claimed(node)) return;
    for (std::int32_t d = 0; d < run.cluster().shape().devices_per_node; ++d)
      rot(run, run.cluster().disk(node, d), run.buckets_of(node));
    if (!random_.chance(1, 2) || !run.claim(node)) return;
    run.cluster().stop(node, Ending::process_kill);
    run.cluster().start(node);
    run.give_back(node);
    indexes_read_ = indexes_;
  }

  /// What has rotted stays so.
  void heal(MixedRun& /*run*/) override {}

  std::uint64_t bites(const MixedRun& run) const override {
    std::uint64_t gaps = 0;
    for (const Read& read : run.history().reads) gaps += read.is_final ? read.gaps.size() : 0;
    return gaps + indexes_read_;
  }

 private:
  void rot(MixedRun& run, SimulatedDisk& disk, const std::set<BucketId>& buckets) {
    std::vector<RottingFile> files;
    for (const BucketId& bucket : buckets) {
      for (RottingFile& file : files_of(disk, bucket)) files.push_back(std::move(file));
    }
    for (std::uint64_t sectors = 1 + random_.below(5); sectors > 0 && !files.empty(); --sectors) {
      // Each file at most once: a second flip could not be told from the first one's consequences.
      const auto chosen = files.begin() + static_cast<std::ptrdiff_t>(random_.below(files.size()));
      const RottingFile file = *chosen;
      // What tells how far a log is durable alone, or anything else: both damaged, and a bad batch
      // could not be told from a torn end.
      const bool is_point = file.path.ends_with(recovery_name);
      std::erase_if(files, [&](const RottingFile& other) {
        const bool other_is_point = other.path.ends_with(recovery_name);
        return other.path == file.path ||
               (other.bucket == file.bucket && (is_point || other_is_point));
      });
      const std::uint64_t position = random_.below(file.size);
      Damage damage{file.bucket, {}};
      if (file.is_log) {
        const auto rows = rows_at(disk.bytes_at(file.path), position);
        if (!rows) continue;
        damage.rows = *rows;
      } else {
        ++indexes_;
      }
      disk.flip_bit(file.path, position, static_cast<unsigned>(random_.below(8)));
      run.history().damage.push_back(damage);
      if (is_point) run.history().refusable.insert(file.bucket);
    }
  }

  static constexpr std::string_view recovery_name = "recovery-point";
  Random random_;
  std::uint64_t indexes_ = 0;
  std::uint64_t indexes_read_ = 0;
};

}  // namespace

bool ends_torn(const SimulatedDisk& disk, BucketId bucket) {
  const std::string folder = "log/" + millrace::to_string(bucket) + "/";
  std::optional<std::pair<Offset, std::string>> last;
  for (const std::string& path : disk.paths()) {
    if (!path.starts_with(folder) || !path.ends_with(".log")) continue;
    const auto base = base_of(std::string_view(path).substr(folder.size()));
    if (base && (!last || *base > last->first)) last = std::pair(*base, path);
  }
  if (!last) return false;
  for (Bytes rest = disk.bytes_at(last->second); !rest.empty();) {
    const auto header = protocol::parse_header(rest);
    const bool is_batch =
        header && header->size() <= rest.size() && protocol::verify_crc(rest.first(header->size()));
    if (!is_batch) {
      return std::any_of(rest.begin(), rest.end(),
                         [](std::byte one) { return one != std::byte{}; });
    }
    rest = rest.subspan(header->size());
  }
  return false;
}

FaultPointer make_bit_rot(Random random) { return std::make_unique<BitRot>(random); }

}  // namespace millrace::scenarios
