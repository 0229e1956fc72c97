#pragma once
#include <string>
#include <string_view>

#include "apps/agent/file_descriptor.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace {

/// Tells the service manager that started this process how far it is: one datagram of NAME=value
/// lines each, to a local socket. Source: sd_notify(3).
class NotifySocket {
 public:
  /// Without a service manager: whatever is told is told to nobody, and that is fine.
  NotifySocket() = default;

  /// The socket that NOTIFY_SOCKET names, which is taken out of the environment: what this process
  /// starts must not speak for it. Requires a process without threads. Errors: as open().
  [[nodiscard]] static Result<NotifySocket> take_from_environment();

  /// `address` is an absolute path, or a name after `@` that no file has. Errors: malformed for any
  /// other address and for one that is too long, unavailable when there can be no socket.
  [[nodiscard]] static Result<NotifySocket> open(std::string_view address);

  /// The service has started; `status` is one line for people.
  /// Errors: unavailable when the manager does not take it within a second.
  [[nodiscard]] Status tell_ready(std::string_view status) const;

  /// The service has begun to end. Errors: as tell_ready().
  [[nodiscard]] Status tell_stopping() const;

 private:
  [[nodiscard]] Status send(std::string_view text) const;

  std::string address_;  ///< As the kernel wants it: an abstract name begins with a zero byte.
  FileDescriptor socket_;
};

}  // namespace millrace
