#pragma once
#include <array>
#include <filesystem>
#include <string_view>

#include "apps/cli/failure.hpp"
#include "apps/demo/demo_cluster.hpp"
#include "apps/demo/load_line.hpp"

namespace millrace::demo {

/// The tables of the demo, each from the file of its name.
inline constexpr std::array<std::string_view, 5> table_names = {"airlines", "airports", "planes",
                                                                "weather", "flights"};

/// The file of a table in the data's directory.
[[nodiscard]] std::filesystem::path file_of(const std::filesystem::path& data,
                                            std::string_view table);

struct StoryRequest {
  std::filesystem::path data;
  ClusterAddresses cluster;
  Audience audience = Audience::file;
};

/// What the demo shows of a running cluster, told on standard output: load, scan and check, follow,
/// what to paste. Errors: those of the client; "demo.differs" when the cluster's rows do not give
/// what the file gives.
[[nodiscard]] cli::Done<void> tell_story(const StoryRequest& request);

}  // namespace millrace::demo
