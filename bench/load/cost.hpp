#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace::bench {

/// What a stretch of time cost the servers and this process.
struct Cost {
  Duration took{};
  Duration server_processor_time{};
  Duration client_processor_time{};
  std::uint64_t server_resident_bytes = 0;  ///< At its end.
  std::uint64_t client_resident_bytes = 0;
  std::int64_t disk_bytes = 0;  ///< By how much the files of the servers grew.
};

class CostMeter {
 public:
  /// `servers` are process ids; `data` is the folder of their files, if that is looked at.
  CostMeter(std::vector<int> servers, std::optional<std::filesystem::path> data)
      : servers_(std::move(servers)), data_(std::move(data)) {}

  /// Errors: unavailable, when a server has ended.
  [[nodiscard]] Status begin(Instant now);
  /// Of the time since begin(). Errors: the same.
  [[nodiscard]] Result<Cost> end(Instant now) const;

 private:
  const std::vector<int> servers_;
  const std::optional<std::filesystem::path> data_;
  Instant begun_at_;
  Duration server_processor_time_{};
  Duration client_processor_time_{};
  std::int64_t disk_bytes_ = 0;
};

}  // namespace millrace::bench
