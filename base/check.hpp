#pragma once

namespace millrace {

/// Prints the failed condition and aborts: a node that broke an invariant must stop.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace millrace

/// Stays on in release builds. Never on input from outside: that is a Result. One condition each.
#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::millrace::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
