#include "state/disk/identity/start_note.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/crc32c.hpp"

namespace millrace {
namespace {

const std::string starts_file = "millrace.starts";
constexpr std::size_t starts_bytes_max = 4096;
constexpr std::size_t id_digits = 16;
static_assert(StartHistory::starts_max * (id_digits + 1) + 16 <= starts_bytes_max);

KnownStarts load(Disk& disk) {
  KnownStarts known;
  if (!disk.exists(starts_file)) return known;
  const auto text = read_file(disk, starts_file, starts_bytes_max);
  auto starts = text ? parse_starts(text->text()) : tl::unexpected(text.error());
  if (starts) {
    known.history = std::move(*starts);
  } else {
    known.is_believed = true;
  }
  return known;
}

}  // namespace

std::string encode(const StartHistory& starts) {
  std::string body;
  for (const StartId start : starts.starts()) body += fmt::format("{:016x}\n", start.value());
  return fmt::format("{}crc32c={:08x}\n", body, crc32c_of(bytes_of(body)));
}

Result<StartHistory> parse_starts(std::string_view text) {
  StartHistory starts;
  for (std::string_view rest = text; rest.size() > id_digits && !rest.starts_with("crc32c=");
       rest.remove_prefix(id_digits + 1)) {
    StartId::rep id = 0;
    (void)std::from_chars(rest.data(), rest.data() + id_digits, id, 16);
    starts.add(StartId{id});
  }
  // Right if and only if this is what we would have written.
  if (encode(starts) != text) return fail(Errc::corrupt, starts_file + " is damaged");
  return starts;
}

KnownStarts note_start(Disk& disk, StartId start) {
  KnownStarts known = load(disk);
  // Written anew it would lack the start that the cluster may know of.
  if (known.is_believed) return known;
  StartHistory with_this_one = known.history;
  with_this_one.add(start);
  if (!replace_file(disk, starts_file, bytes_of(encode(with_this_one)))) return known;
  known.history = std::move(with_this_one);
  known.present = start;
  return known;
}

}  // namespace millrace
