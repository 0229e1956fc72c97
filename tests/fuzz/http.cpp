#include "actors/console/console_router.hpp"
#include "actors/console/host_rule.hpp"
#include "actors/console/http_codec.hpp"
#include "actors/console/http_target.hpp"
#include "base/check.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/unit/actors/console/console_facts.hpp"

// The console's bytes: requests however they are cut, targets, hosts, and an answer to each.

namespace millrace::fuzz {
namespace {

const FixedSource& source() {
  static const FixedSource fixed;
  return fixed;
}

void check_answer(const HttpRequest& request) {
  for (const std::string token : {"", "secret"}) {
    const HttpResponse response = answer(request, {"127.0.0.1", token}, source());
    CHECK(response.status >= 200);
    CHECK(response.status != 500);
    CHECK(!to_wire(response, {request.keep_alive, request.method == "HEAD"}).empty());
  }
}

}  // namespace

void decode(const Buffer& input) {
  InputReader cuts(input);
  const std::size_t piece_size = 1 + cuts.byte();
  const Buffer bytes = cuts.rest();
  HttpRequestReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
    reader.push(bytes.slice(at, std::min(piece_size, bytes.size() - at)));
    for (;;) {
      const auto request = reader.next();
      if (!request) return;
      if (!*request) break;
      check_answer(**request);
    }
  }
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  for (const std::string target :
       {"/", "/v1", "/v1/nodes", "/v1/actors?sort=name&limit=5&offset=1&filter=re",
        "/v1/tree?limit=3", "/v1/memory", "/v1/actors/replica%2f7/0",
        "/v1/tables/nyc/flights?limit=1", "/metrics", "/readyz?verbose",
        "http://localhost:9125/v1/nodes"})
    made.push_back(InputWriter()
                       .byte(255)
                       .rest("GET " + target +
                             " HTTP/1.1\r\nHost: 127.0.0.1:9125\r\n"
                             "Authorization: Bearer secret\r\n\r\n")
                       .done());
  made.push_back(InputWriter()
                     .byte(7)
                     .rest("POST / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n0\r\n\r\nHEAD / HTTP/1.0\r\nConnection: close\r\n\r\n")
                     .done());
  return made;
}

}  // namespace millrace::fuzz
