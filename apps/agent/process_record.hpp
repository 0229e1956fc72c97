#pragma once
#include <cstdint>
#include <string>

#include "apps/agent/file_descriptor.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace {

/// Names one process for good. A process id alone may belong to somebody else by now.
struct ProcessRecord {
  int process_id = 0;
  std::uint64_t start_ticks = 0;  ///< Start time since boot, in the kernel's ticks.
  std::string boot_id;            ///< Of the boot that the ticks count from.
  std::string mark;               ///< Stands in its command line.

  friend bool operator==(const ProcessRecord&, const ProcessRecord&) = default;
};

/// Errors: unavailable when there is no such process.
[[nodiscard]] Result<ProcessRecord> record_of_process(int process_id, std::string mark);

/// A living process that is certainly the recorded one, whatever happens to its id.
class ProcessHandle {
 public:
  /// Errors: unavailable when the recorded process is gone; one that has ended but was not
  /// collected by its parent counts as gone.
  [[nodiscard]] static Result<ProcessHandle> open(const ProcessRecord& record);

  /// Sends nothing when the process has ended meanwhile.
  void signal(int number) const;
  /// False when it still lives after `timeout`.
  [[nodiscard]] bool wait_for_end(Duration timeout) const;

 private:
  explicit ProcessHandle(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  FileDescriptor descriptor_;
};

[[nodiscard]] bool is_alive(const ProcessRecord& record);

}  // namespace millrace
