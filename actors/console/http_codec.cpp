// The one place that knows Beast: it takes 8 seconds to compile. Only its parser is used, on bytes
// that came over the transport port; sockets are not its business here.
#include "actors/console/http_codec.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string_view>
#include <utility>

namespace millrace {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;
using Failure = boost::beast::error_code;

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

HttpRefusal refusal_of(const Failure& failure) {
  if (failure == http::error::header_limit) return {431, "the request's header is too large"};
  if (failure == http::error::body_limit) return {413, "the request's body is too large"};
  return {400, "not an HTTP/1.1 request: " + failure.message()};
}

}  // namespace

struct HttpRequestReader::State {
  std::string pending;  // Bytes from `taken` on are not yet parsed.
  std::size_t taken = 0;
  std::optional<Parser> parser;  // Empty between requests.
  std::optional<HttpRefusal> refusal;

  /// Between requests clients may send line ends, and old ones do. Whether a request begins.
  bool skip_line_ends() {
    std::string_view rest = std::string_view(pending).substr(taken);
    while (rest.starts_with("\r\n")) rest.remove_prefix(2);
    taken = pending.size() - rest.size();
    return !rest.empty() && rest != "\r";
  }

  void begin() {
    parser.emplace();
    parser->header_limit(header_bytes_max);
    parser->body_limit(body_bytes_max);
    parser->eager(true);
  }

  /// Parses what is there; whether a request is complete.
  tl::expected<bool, HttpRefusal> advance() {
    Failure failure;
    while (taken < pending.size() && !parser->is_done()) {
      const std::size_t size = parser->put(
          boost::asio::const_buffer(pending.data() + taken, pending.size() - taken), failure);
      taken += size;
      if (failure == http::error::need_more) break;
      if (failure) return tl::unexpected(refusal_of(failure));
    }
    if (parser->is_done()) return true;
    // Beast bounds headers, but not what stands in front of a chunk.
    if (pending.size() - taken > header_bytes_max) {
      return tl::unexpected(HttpRefusal{431, "a chunk's header is too large"});
    }
    return false;
  }

  tl::expected<HttpRequest, HttpRefusal> finish() {
    const auto message = parser->release();
    parser.reset();
    if (message.count(http::field::host) > 1) {
      return tl::unexpected(HttpRefusal{400, "more than one Host field"});
    }
    HttpRequest request;
    request.method = text(message.method_string());
    request.target = text(message.target());
    if (message.count(http::field::host) == 1) request.host = text(message[http::field::host]);
    request.authorization = text(message[http::field::authorization]);
    request.keep_alive = message.keep_alive();
    request.needs_host = message.version() >= 11;
    return request;
  }
};

HttpRequestReader::HttpRequestReader() : state_(std::make_unique<State>()) {}
HttpRequestReader::~HttpRequestReader() = default;
HttpRequestReader::HttpRequestReader(HttpRequestReader&&) noexcept = default;
HttpRequestReader& HttpRequestReader::operator=(HttpRequestReader&&) noexcept = default;

void HttpRequestReader::push(const Buffer& bytes) {
  state_->pending.erase(0, std::exchange(state_->taken, 0));
  state_->pending += bytes.text();
}

tl::expected<std::optional<HttpRequest>, HttpRefusal> HttpRequestReader::next() {
  State& state = *state_;
  if (state.refusal) return tl::unexpected(*state.refusal);
  if (!state.parser) {
    if (!state.skip_line_ends()) return std::nullopt;
    state.begin();
  }
  const auto complete = state.advance();
  if (complete && !*complete) return std::nullopt;
  auto request = complete ? state.finish() : tl::unexpected(complete.error());
  if (request) return std::move(*request);
  state.refusal = request.error();
  return tl::unexpected(request.error());
}

}  // namespace millrace
