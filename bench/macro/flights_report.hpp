#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/macro/flights_rounds.hpp"

namespace millrace::bench {

/// Lines of a table: one per phase, medians with the least and the greatest.
[[nodiscard]] std::string result_table(const std::vector<SettingResult>& results);

/// Every figure of every round.
[[nodiscard]] nlohmann::ordered_json to_json(const SettingResult& result);

}  // namespace millrace::bench
