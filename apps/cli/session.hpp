#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/failure.hpp"
#include "client/blocking.hpp"
#include "client/client.hpp"
#include "runtime/transport/asio/asio_event_loop.hpp"
#include "runtime/transport/asio/asio_transport.hpp"

namespace millrace::cli {

/// "host:port,host:port". Errors: malformed.
[[nodiscard]] Result<std::vector<Endpoint>> parse_endpoints(std::string_view text);

/// Whom a session asks, and on whose behalf.
struct Access {
  std::vector<Endpoint> bootstrap;  ///< Requires an address.
  Duration time_max{};              ///< Bounds every single call.
  std::optional<client::PlainLogin> login = {};
};

/// A client on real sockets whose loop runs on this thread while a call waits.
class Session {
 public:
  explicit Session(const Access& access);

  [[nodiscard]] client::Client& client() { return client_; }
  [[nodiscard]] const client::Blocking& blocking() const { return blocking_; }
  [[nodiscard]] AsioEventLoop& loop() { return loop_; }
  /// Another client of the same servers with connections of its own. The session outlives it.
  [[nodiscard]] std::unique_ptr<client::Client> another_client();

  /// Starts a call and waits for its outcome.
  template <class T>
  [[nodiscard]] Done<T> wait(const std::function<void(client::Callback<T>)>& start) const {
    auto outcome = blocking_.wait<T>(start);
    if (!outcome) return failed(outcome.error());
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return std::move(*outcome);
    }
  }

 private:
  const Access access_;
  AsioEventLoop loop_;
  AsioTransport transport_;
  client::Client client_;
  client::Blocking blocking_;
};

}  // namespace millrace::cli
