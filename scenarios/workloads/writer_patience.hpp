#pragma once
#include "client/appender.hpp"

namespace millrace::scenarios {

/// Short, since a simulated outage is: a lost answer costs seconds, not minutes.
[[nodiscard]] inline client::AppenderOptions writer_patience() {
  client::AppenderOptions options;
  options.server_time_max = 3s;
  options.answer_time_max = 4s;
  options.delivery_time_max = 60s;
  options.longest_pause = 500ms;
  return options;
}

}  // namespace millrace::scenarios
