#include "state/log/segmented/epoch_file.hpp"

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "base/endian.hpp"

namespace millrace {
namespace {

// Big-endian: magic, format and the checksum of these two once, then for each run its epoch, its
// start and the checksum of these.
constexpr std::uint32_t magic = 0x4d524c45;  // "MRLE"
constexpr std::uint32_t format = 1;
constexpr std::size_t head_bytes = 4 + 4 + 4;
constexpr std::size_t record_bytes = 4 + 8 + 4;
// So many leaderships no bucket sees between two deletions of its oldest rows.
constexpr std::size_t file_bytes_max = head_bytes + (std::size_t{1} << 20) * record_bytes;

void append_record(std::vector<std::byte>& out, const EpochRun& run) {
  const std::size_t at = out.size();
  append_be(out, run.epoch.value());
  append_be(out, run.start);
  append_be(out, crc32c_of(Bytes(out).subspan(at)));
}

}  // namespace

std::string epochs_path(const std::string& folder) { return folder + "/leader-epochs"; }

std::vector<std::byte> encode(const LeaderEpochs& runs) {
  std::vector<std::byte> out;
  out.reserve(head_bytes + runs.runs().size() * record_bytes);
  append_be(out, magic);
  append_be(out, format);
  append_be(out, crc32c_of(out));
  for (const EpochRun& run : runs.runs()) append_record(out, run);
  return out;
}

Result<ParsedEpochs> parse_epochs(Bytes bytes) {
  ParsedEpochs parsed;
  if (bytes.size() < head_bytes || load_be<std::uint32_t>(bytes, 0) != magic) return parsed;
  // Before the format: a newer one begins like this as well, damage does not.
  if (load_be<std::uint32_t>(bytes, 8) != crc32c_of(bytes.first(8))) return parsed;
  if (const auto found = load_be<std::uint32_t>(bytes, 4); found > format) {
    return fail(Errc::malformed,
                fmt::format("leader epochs: format {} is newer than {}", found, format));
  }
  parsed.sound_bytes = head_bytes;
  while (bytes.size() - parsed.sound_bytes >= record_bytes) {
    const Bytes record = bytes.subspan(parsed.sound_bytes, record_bytes);
    if (load_be<std::uint32_t>(record, 12) != crc32c_of(record.first(12))) break;
    const EpochRun run{LeaderEpoch{load_be<std::int32_t>(record, 0)}, load_be<Offset>(record, 4)};
    const auto& before = parsed.runs.runs();
    if (run.start < 0 || (!before.empty() && !LeaderEpochs::follows(before.back(), run))) break;
    parsed.runs.begin(run);
    parsed.sound_bytes += record_bytes;
  }
  return parsed;
}

Result<EpochFile> EpochFile::open(Disk& disk, std::string path) {
  EpochFile epochs(disk, std::move(path));
  if (!disk.exists(epochs.path_)) return epochs;
  if (auto opened = epochs.reopen(); !opened) return tl::unexpected(opened.error());
  auto bytes = epochs.file_->read(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(epochs.file_->size(), file_bytes_max)));
  if (!bytes) return tl::unexpected(bytes.error());
  auto parsed = parse_epochs(bytes->bytes());
  if (!parsed) return tl::unexpected(parsed.error());
  epochs.runs_ = std::move(parsed->runs);
  epochs.dirty_ = true;  // Whoever wrote it may have been killed before his sync.
  if (parsed->sound_bytes == epochs.file_->size() && parsed->sound_bytes > 0) return epochs;
  if (auto replaced = epochs.replace(epochs.runs_); !replaced) {
    return tl::unexpected(replaced.error());
  }
  return epochs;
}

Status EpochFile::reopen() {
  auto file = disk_->open(path_, false);
  if (!file) return tl::unexpected(file.error());
  file_ = std::move(*file);
  return {};
}

Status EpochFile::begin(const EpochRun& run) {
  if (!file_) {
    LeaderEpochs first;
    first.begin(run);
    return replace(std::move(first));
  }
  const std::uint64_t before = file_->size();
  std::vector<std::byte> record;
  append_record(record, run);
  const Bytes pieces[] = {Bytes(record)};
  if (auto appended = file_->append(pieces); !appended) {
    if (auto restored = file_->truncate(before); !restored) {
      return fail(Errc::unavailable, restored.error().message);
    }
    return tl::unexpected(appended.error());
  }
  runs_.begin(run);
  dirty_ = true;
  return {};
}

Status EpochFile::replace(LeaderEpochs runs) {
  if (!file_ && runs.runs().empty()) return {};
  if (auto replaced = replace_file(*disk_, path_, encode(runs)); !replaced) return replaced;
  if (auto opened = reopen(); !opened) return fail(Errc::unavailable, opened.error().message);
  runs_ = std::move(runs);
  dirty_ = false;
  return {};
}

Status EpochFile::sync() {
  if (!dirty_) return {};
  if (auto synced = file_->sync(); !synced) return fail(Errc::unavailable, synced.error().message);
  dirty_ = false;
  return {};
}

}  // namespace millrace
