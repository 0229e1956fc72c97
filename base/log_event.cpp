#include "base/log_event.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>

namespace millrace {
namespace {

std::atomic<LineFormat> line_format{LineFormat::logfmt};

spdlog::level::level_enum to_spdlog(EventLevel level) {
  switch (level) {
    case EventLevel::debug:
      return spdlog::level::debug;
    case EventLevel::info:
      return spdlog::level::info;
    case EventLevel::warn:
      return spdlog::level::warn;
    case EventLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void start_event_log(LineFormat format, EventLevel least) {
  line_format = format;
  auto logger = std::make_shared<spdlog::logger>("millrace",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::info);
  logger->set_level(to_spdlog(least));
  spdlog::set_default_logger(std::move(logger));
}

void log_event(EventLevel level, std::string_view event, std::initializer_list<EventField> fields) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (!logger.should_log(to_spdlog(level))) return;
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const EpochMillis time =
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  logger.log(to_spdlog(level), event_line(line_format, time, level, event, fields));
}

}  // namespace millrace
