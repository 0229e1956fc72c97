#include "actors/console/http_codec.hpp"

#include <gtest/gtest.h>

#include "actors/console/console_router.hpp"
#include "base/random.hpp"
#include "tests/unit/actors/console/console_facts.hpp"

namespace millrace {
namespace {

const std::string plain = "GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What a reader makes of bytes: "GET /v1/nodes" per request, then "431" for a refusal.
using Reading = std::vector<std::string>;

/// Pushes the bytes in pieces of the given sizes, which repeat.
Reading read_all(const std::string& bytes, const std::vector<std::size_t>& sizes) {
  HttpRequestReader reader;
  Reading reading;
  std::size_t round = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string piece = bytes.substr(at, sizes[round++ % sizes.size()]);
    at += piece.size();
    reader.push(Buffer::from(piece));
    for (;;) {
      const auto request = reader.next();
      if (!request) {
        reading.push_back(std::to_string(request.error().status));
        return reading;
      }
      if (!*request) break;
      reading.push_back((*request)->method + " " + (*request)->target);
    }
  }
  return reading;
}

Reading read_all(const std::string& bytes) { return read_all(bytes, {bytes.size()}); }

TEST(HttpRequestReader, ReadsWhatTheConsoleNeeds) {
  HttpRequestReader reader;
  reader.push(
      Buffer::from(std::string("GET /v1?a=b HTTP/1.1\r\nhost: h:1\r\nAuthorization: Bearer x\r\n"
                               "Connection: close\r\n\r\n")));
  const auto request = reader.next();
  ASSERT_TRUE(request && *request);
  EXPECT_EQ((*request)->method, "GET");
  EXPECT_EQ((*request)->target, "/v1?a=b");
  EXPECT_EQ((*request)->host, "h:1");
  EXPECT_EQ((*request)->authorization, "Bearer x");
  EXPECT_FALSE((*request)->keep_alive);
  EXPECT_TRUE((*request)->needs_host);
  const auto next = reader.next();
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
}

TEST(HttpRequestReader, AnOldRequestClosesAndNeedsNoHost) {
  HttpRequestReader reader;
  reader.push(Buffer::from(std::string("GET /livez HTTP/1.0\r\n\r\n")));
  const auto request = reader.next();
  ASSERT_TRUE(request && *request);
  EXPECT_FALSE((*request)->keep_alive);
  EXPECT_FALSE((*request)->needs_host);
  EXPECT_FALSE((*request)->host);
}

TEST(HttpRequestReader, PipelinedRequestsComeInOrder) {
  const std::string bytes =
      plain + "\r\n\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /" +
      "PUT /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n" +
      plain;
  const Reading expected{"GET /v1/nodes", "POST /a", "PUT /b", "GET /v1/nodes"};
  EXPECT_EQ(read_all(bytes), expected);
  EXPECT_EQ(read_all(bytes, {1}), expected);
  EXPECT_EQ(read_all(bytes, {7, 1, 30}), expected);
}

TEST(HttpRequestReader, LimitsHoldHoweverTheBytesCome) {
  const std::string long_field =
      "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(17 << 10, 'x') + "\r\n\r\n";
  const std::string long_target = "GET /" + std::string(17 << 10, 'x');
  const std::string announced = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n";
  const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks = chunked;
  for (int i = 0; i < 70; ++i) chunks += "400\r\n" + std::string(0x400, 'x') + "\r\n";
  const std::string extension = chunked + "1;" + std::string(40 << 10, 'x');
  for (const std::vector<std::size_t>& sizes :
       {std::vector<std::size_t>{1 << 20}, std::vector<std::size_t>{1000},
        std::vector<std::size_t>{1, 333}}) {
    EXPECT_EQ(read_all(long_field, sizes), Reading{"431"});
    EXPECT_EQ(read_all(long_target, sizes), Reading{"431"});
    EXPECT_EQ(read_all(announced, sizes), Reading{"413"});
    EXPECT_EQ(read_all(chunks, sizes), Reading{"413"});
    EXPECT_EQ(read_all(extension, sizes), Reading{"431"});
  }
}

TEST(HttpRequestReader, ABodyAtTheLimitIsTaken) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n" + std::string(65536, 'x');
  EXPECT_EQ(read_all(bytes + plain, {100}), (Reading{"POST /", "GET /v1/nodes"}));
}

TEST(HttpRequestReader, WhatIsNoRequestIsRefusedForGood) {
  const std::string length_and_chunks =
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& bytes : std::vector<std::string>{
           "\x16\x03\x01\x02\x01\x01", "HELLO\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
           "GET  / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", std::string(64, '\0'),
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", length_and_chunks}) {
    EXPECT_EQ(read_all(bytes), Reading{"400"}) << bytes;
  }
  HttpRequestReader reader;
  reader.push(Buffer::from(std::string("nonsense\r\n\r\n")));
  EXPECT_FALSE(reader.next());
  reader.push(Buffer::from(std::string(plain)));
  EXPECT_FALSE(reader.next());
}

std::string damaged(std::string bytes, Random& random) {
  const std::uint64_t edits = 1 + random.below(4);
  for (std::uint64_t i = 0; i < edits && !bytes.empty(); ++i) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t length = 1 + random.below(std::min<std::size_t>(8, bytes.size() - at));
    switch (random.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes.erase(at, length);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, length));
        break;
      default:
        bytes.insert(at, std::string_view("\r\n :/%?0").substr(random.below(8), 1));
        break;
    }
  }
  return bytes;
}

// Damaged requests, cut anywhere: what is read does not depend on the cuts, and whatever is read
// gets an answer. Only a refusal may come later: a header that comes in pieces is judged once its
// end is there.
TEST(HttpRequestReader, DamagedBytesAreReadAlikeHoweverTheyAreCut) {
  const std::string whole =
      "GET /v1/actors?sort=name&limit=3 HTTP/1.1\r\nHost: localhost:9125\r\nAccept: */*\r\n\r\n"
      "POST /v1/tables/nyc/flights HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
      "GET /v1/actors/replica%2F7/0 HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nok\r\n0\r\n\r\n" +
      plain;
  const FixedSource source;
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::string bytes = damaged(whole, random);
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 5; ++i) sizes.push_back(1 + random.below(i == 0 ? 3 : 90));
    const Reading at_once = read_all(bytes);
    Reading in_pieces = read_all(bytes, sizes);
    if (in_pieces.size() + 1 == at_once.size() && at_once.back() == "400") {
      in_pieces.push_back("400");
    }
    ASSERT_EQ(at_once, in_pieces);
    for (const std::string& line : at_once) {
      HttpRequest request;
      request.method = line.substr(0, line.find(' '));
      request.target = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
      request.host = "localhost";
      const HttpResponse response = answer(request, {"127.0.0.1", ""}, source);
      ASSERT_FALSE(response.body.empty());
    }
    refused += !at_once.empty() && at_once.back().size() == 3 ? 1 : 0;
  }
  EXPECT_GT(refused, 300U);  // Or the damage was too mild to prove anything.
  EXPECT_LT(refused, 2900U);
}

}  // namespace
}  // namespace millrace
