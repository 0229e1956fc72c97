#pragma once
#include <string>

#include "base/ids.hpp"

namespace millrace {

// The names under which roles find each other, on every node. An actor that only its own
// supervisor knows is named where it is spawned.

inline constexpr auto coordinator_name = "coordinator";
inline constexpr auto tablet_name = "tablet";
inline constexpr auto gateway_name = "gateway";

/// Of a bucket's replica: "replica/7/0".
[[nodiscard]] inline std::string replica_name(BucketId bucket) {
  return "replica/" + to_string(bucket);
}

}  // namespace millrace
