#include "apps/demo/load_line.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/cli/progress_bar.hpp"
#include "apps/demo/story_text.hpp"

namespace millrace::demo {

namespace {

constexpr Duration redraw_after = 100ms;
constexpr Duration line_after = 500ms;
constexpr std::string_view indent = "   ";

}  // namespace

LoadLine::LoadLine(std::string table, Audience audience, Write write)
    : table_(std::move(table)), audience_(audience), write_(std::move(write)) {}

void LoadLine::show(double fraction, std::int64_t rows, Duration elapsed) {
  const bool on_terminal = audience_ == Audience::terminal;
  if (elapsed - shown_at_ < (on_terminal ? redraw_after : line_after)) return;
  shown_at_ = elapsed;
  if (on_terminal) {
    write_(fmt::format("\r{}{}", indent, cli::progress_line(table_, fraction, rows, elapsed)));
  } else {
    write_(fmt::format("{}{:<10} {:>9} rows, {:.0f} % of the file read\n", indent, table_,
                       grouped(static_cast<std::uint64_t>(rows)), fraction * 100));
  }
}

void LoadLine::finish(std::int64_t rows, Duration took) {
  if (audience_ == Audience::terminal) {
    write_(fmt::format("\r{}{}\n", indent, cli::progress_line(table_, 1.0, rows, took)));
  } else {
    write_(fmt::format("{}{:<10} {:>9} rows in {}, {} rows/s\n", indent, table_,
                       grouped(static_cast<std::uint64_t>(rows)), duration_text(took),
                       grouped(per_second(rows, took))));
  }
}

}  // namespace millrace::demo
