#include "state/log/segmented/damage.hpp"

#include <algorithm>
#include <optional>

#include "base/endian.hpp"
#include "protocol/rows_start.hpp"

namespace millrace {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 20;

struct Search {
  File& file;
  Offset from;
  SoundEnd end;

  /// Whether a batch of rows that may lie here starts with these bytes, judged by its header.
  [[nodiscard]] std::optional<protocol::LogBatchHeader> header_in(Bytes bytes,
                                                                  std::uint64_t position) const {
    const auto base = load_le<Offset>(bytes, 0);
    if (base <= from || base >= end.offset) return std::nullopt;  // Nearly every byte ends here.
    const auto header = protocol::parse_header(bytes);
    if (!header || header->next_offset() > end.offset) return std::nullopt;
    if (header->size() > end.position - position) return std::nullopt;
    return *header;
  }

  /// The header of the sound batch that starts at `position`; nothing if there is none.
  [[nodiscard]] Result<std::optional<protocol::LogBatchHeader>> sound_batch_at(
      std::uint64_t position) const {
    if (end.position - position < protocol::log_batch_header_size) return std::nullopt;
    const auto start = file.read(position, protocol::log_batch_header_size);
    if (!start) return tl::unexpected(start.error());
    const auto header = protocol::parse_header(start->bytes());
    if (!header || header->size() > end.position - position) return std::nullopt;
    const auto batch = file.read(position, header->size());
    if (!batch) return tl::unexpected(batch.error());
    if (batch->size() < header->size() || !is_sound(*header, batch->bytes())) return std::nullopt;
    return *header;
  }

  /// No checksum covers a batch's offset, so what follows on it decides: true or false. Nothing
  /// if that is damaged as well.
  [[nodiscard]] Result<std::optional<bool>> is_confirmed(const protocol::LogBatchHeader& header,
                                                         std::uint64_t position) const {
    const std::uint64_t behind = position + header.size();
    if (behind == end.position) return header.next_offset() == end.offset;
    const auto next = sound_batch_at(behind);
    if (!next) return tl::unexpected(next.error());
    if (!*next) return std::optional<bool>();
    return (*next)->base_offset == header.next_offset();
  }

  /// The batch that starts first within the window at `position` and that the log can go on with.
  [[nodiscard]] Result<std::optional<SoundEnd>> look(Bytes window, std::uint64_t position,
                                                     std::uint64_t damage_at) const {
    for (std::size_t at = 0; at + protocol::log_batch_header_size <= window.size(); ++at) {
      if (!header_in(window.subspan(at), position + at)) continue;
      const auto found = sound_batch_at(position + at);
      if (!found) return tl::unexpected(found.error());
      if (!*found) continue;
      const auto confirmed = is_confirmed(**found, position + at);
      if (!confirmed) return tl::unexpected(confirmed.error());
      // Where the damage starts, a sound batch is more likely one whose offset is damaged.
      const bool is_there = position + at == damage_at;
      if (confirmed->value_or(!is_there)) return SoundEnd{(*found)->base_offset, position + at};
    }
    return std::nullopt;
  }
};

}  // namespace

bool is_sound(const protocol::LogBatchHeader& header, Bytes batch) {
  if (!protocol::verify_crc(batch)) return false;
  if (header.magic != protocol::magic_statistics) return true;
  return protocol::check_rows_start(header, batch).has_value();
}

Result<DamagedRange> find_end_of_damage(File& file, Offset from, std::uint64_t position,
                                        const SoundEnd& end) {
  const Search search{file, from, end};
  for (std::uint64_t at = position; end.position - at >= protocol::log_batch_header_size;) {
    const auto size = std::min<std::uint64_t>(window_bytes, end.position - at);
    const auto window = file.read(at, static_cast<std::size_t>(size));
    if (!window) return tl::unexpected(window.error());
    const auto found = search.look(window->bytes(), at, position);
    if (!found) return tl::unexpected(found.error());
    if (*found) return DamagedRange{from, (*found)->offset, position, (*found)->position};
    if (window->size() < protocol::log_batch_header_size) break;  // The file ends here.
    // A header may begin in the last bytes of a window: the next one starts with them.
    at += window->size() - (protocol::log_batch_header_size - 1);
  }
  return DamagedRange{from, end.offset, position, end.position};
}

}  // namespace millrace
