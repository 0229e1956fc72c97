#pragma once
#include <initializer_list>
#include <vector>

#include "apps/agent/file_descriptor.hpp"
#include "base/result.hpp"

namespace millrace {

/// Signals as something to poll for. The chosen ones no longer interrupt this process; children
/// started with spawn_process get them back. SIGPIPE is ignored: a log reader that goes away must
/// not take the process with it.
class SignalSource {
 public:
  [[nodiscard]] static Result<SignalSource> open(std::initializer_list<int> signals);

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// The signals that have come since the last call; several of one kind may count as one.
  [[nodiscard]] std::vector<int> take() const;

 private:
  explicit SignalSource(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  FileDescriptor descriptor_;
};

}  // namespace millrace
