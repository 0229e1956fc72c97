#include "actors/console/http_message.hpp"

#include <fmt/format.h>

#include "actors/console/page_json.hpp"

namespace millrace {
namespace {

struct StatusWords {
  const char* reason;
  const char* code;
};

StatusWords words_of(int status) {
  switch (status) {
    case 200:
      return {"OK", "ok"};
    case 400:
      return {"Bad Request", "bad_request"};
    case 401:
      return {"Unauthorized", "unauthorized"};
    case 403:
      return {"Forbidden", "forbidden"};
    case 404:
      return {"Not Found", "not_found"};
    case 405:
      return {"Method Not Allowed", "method_not_allowed"};
    case 413:
      return {"Content Too Large", "content_too_large"};
    case 431:
      return {"Request Header Fields Too Large", "header_too_large"};
    case 503:
      return {"Service Unavailable", "unavailable"};
    default:
      return {"Internal Server Error", "internal"};
  }
}

}  // namespace

HttpResponse error_response(int status, const std::string& message) {
  Json page;
  page["error"]["code"] = words_of(status).code;
  page["error"]["message"] = message;
  return {status, "application/json", text_of(page)};
}

std::string to_wire(const HttpResponse& response, HttpFraming framing) {
  std::string wire = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
      response.status, words_of(response.status).reason, response.content_type,
      response.body.size(), framing.keep_alive ? "keep-alive" : "close");
  if (response.status == 401) wire += "WWW-Authenticate: Bearer\r\n";
  if (response.status == 405) wire += "Allow: GET, HEAD\r\n";
  wire += "\r\n";
  if (!framing.head_only) wire += response.body;
  return wire;
}

}  // namespace millrace
