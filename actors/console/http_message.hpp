#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace millrace {

/// What the console needs of an HTTP request. Bodies are read and forgotten: nothing here takes
/// one.
struct HttpRequest {
  std::string method;
  std::string target;               ///< As it came, not decoded.
  std::optional<std::string> host;  ///< The Host field, port included.
  std::string authorization;        ///< The Authorization field; empty without one.
  bool keep_alive = true;           ///< Whether the client wants to go on with this connection.
  bool needs_host = true;           ///< HTTP/1.0 may leave the Host field out.
};

/// Why bytes cannot be read as a request. What follows them cannot be read either.
struct HttpRefusal {
  int status = 400;
  std::string message;
  friend bool operator==(const HttpRefusal&, const HttpRefusal&) = default;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  friend bool operator==(const HttpResponse&, const HttpResponse&) = default;
};

struct HttpFraming {
  bool keep_alive = true;  ///< Tells the client whether more requests may follow.
  bool head_only = false;  ///< The answer to HEAD: its length is told, its body is left out.
};

/// `{"error":{"code","message"}}` with a code that follows from the status.
[[nodiscard]] HttpResponse error_response(int status, const std::string& message);

/// The bytes of a response. No cache keeps it, and no browser guesses another content type.
[[nodiscard]] std::string to_wire(const HttpResponse& response, HttpFraming framing);

}  // namespace millrace
