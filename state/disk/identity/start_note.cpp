#include "state/disk/identity/start_note.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/crc32c.hpp"

namespace millrace {
namespace {

const std::string starts_file = "millrace.starts";
constexpr std::size_t starts_bytes_max = 4096;

/// The number at the front of `text`, which it takes away together with what follows, `end`.
std::optional<Incarnation> take_number(std::string_view& text, char end) {
  Incarnation::rep number = 0;
  const char* const last = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || behind == last || *behind != end) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(behind - text.data()) + 1);
  return Incarnation{number};
}

StartHistory load(Disk& disk, bool is_new, Incarnation start) {
  if (is_new) return {};
  StartHistory unknown;
  unknown.add(StartHistory::Range{Incarnation{0}, start});
  if (!disk.exists(starts_file)) return unknown;
  const auto text = read_file(disk, starts_file, starts_bytes_max);
  if (!text) return unknown;
  auto starts = parse_starts(text->text());
  return starts ? std::move(*starts) : unknown;
}

}  // namespace

std::string encode(const StartHistory& starts) {
  std::string body;
  for (const StartHistory::Range& range : starts.ranges())
    body += fmt::format("{}-{}\n", range.first.value(), range.last.value());
  return fmt::format("{}crc32c={:08x}\n", body, crc32c_of(bytes_of(body)));
}

Result<StartHistory> parse_starts(std::string_view text) {
  StartHistory starts;
  std::string_view rest = text;
  while (!rest.empty() && !rest.starts_with("crc32c=")) {
    const auto first = take_number(rest, '-');
    const auto last = first ? take_number(rest, '\n') : std::nullopt;
    if (!last || *last < *first) return fail(Errc::corrupt, starts_file + " is damaged: a line");
    starts.add(StartHistory::Range{*first, *last});
  }
  // The checksum is right if and only if this is what we would have written.
  if (encode(starts) != text) return fail(Errc::corrupt, starts_file + " is damaged: checksum");
  return starts;
}

StartNote note_start(Disk& disk, bool is_new, Incarnation start) {
  StartNote note{load(disk, is_new, start)};
  StartHistory with_this_one = note.starts;
  with_this_one.add(start);
  note.is_noted = replace_file(disk, starts_file, bytes_of(encode(with_this_one))).has_value();
  if (note.is_noted) note.starts = std::move(with_this_one);
  return note;
}

}  // namespace millrace
