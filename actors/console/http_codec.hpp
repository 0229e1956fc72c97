#pragma once
#include <memory>
#include <optional>
#include <tl/expected.hpp>

#include "actors/console/http_message.hpp"
#include "base/buffer.hpp"

namespace millrace {

/// Reads the requests of one connection from its bytes, however they are cut.
class HttpRequestReader {
 public:
  static constexpr std::size_t header_bytes_max = std::size_t{16} << 10;
  static constexpr std::size_t body_bytes_max = std::size_t{64} << 10;

  HttpRequestReader();
  ~HttpRequestReader();
  HttpRequestReader(HttpRequestReader&&) noexcept;
  HttpRequestReader& operator=(HttpRequestReader&&) noexcept;

  void push(const Buffer& bytes);
  /// The next request, body included; none while bytes are missing. After a refusal (431 header,
  /// 413 body, 400 anything else) every call refuses again. Push more only after none came: what
  /// is held is then at most one header or chunk header.
  [[nodiscard]] tl::expected<std::optional<HttpRequest>, HttpRefusal> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
