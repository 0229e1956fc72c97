#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace millrace::demo {

/// Who looks at the output.
enum class Audience : std::uint8_t {
  terminal,  ///< Lines may be drawn over.
  file,      ///< Plain lines, one below the other.
};

/// How far the loading of one table is: a bar on a terminal, else a line now and then.
class LoadLine {
 public:
  using Write = std::function<void(std::string_view)>;

  LoadLine(std::string table, Audience audience, Write write);

  /// Says so at most ten times a second on a terminal, else every half second.
  void show(double fraction, std::int64_t rows, Duration elapsed);
  /// The last line, which stays.
  void finish(std::int64_t rows, Duration took);

 private:
  const std::string table_;
  const Audience audience_;
  const Write write_;
  Duration shown_at_ = {};
};

}  // namespace millrace::demo
