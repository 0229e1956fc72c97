#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace millrace::bench {

/// What a figure means nothing without: which code, built how, on which machine, by which command.
struct RunRecord {
  std::string commit;  ///< With "+changes" when the tree was not clean; "unknown" outside of git.
  std::string build_flags;
  std::string compiler;
  std::string command;
  std::string started_at;  ///< UTC, ISO 8601.
  std::string processor;
  std::string kernel;
  std::int64_t cores = 0;
  std::int64_t memory_mib = 0;
  double load_average = 0;  ///< Of the last minute: above zero, somebody else was at work too.
};

/// Looks around. What cannot be found out is "unknown" or zero.
[[nodiscard]] RunRecord record_run(const std::vector<std::string>& arguments);

[[nodiscard]] nlohmann::ordered_json to_json(const RunRecord& record);
/// Two lines for people.
[[nodiscard]] std::string to_text(const RunRecord& record);

/// NAME.json in the folder `bench` of the build folder that this program lies in. Makes the folder.
[[nodiscard]] std::filesystem::path default_result_file(const std::string& name);

}  // namespace millrace::bench
