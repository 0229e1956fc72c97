#include "actors/console/console_router.hpp"

#include <gtest/gtest.h>

#include "actors/console/host_rule.hpp"
#include "actors/console/http_target.hpp"
#include "actors/console/page_json.hpp"
#include "tests/unit/actors/console/console_facts.hpp"

namespace millrace {
namespace {

HttpRequest get(const std::string& target) {
  HttpRequest request;
  request.method = "GET";
  request.target = target;
  request.host = "127.0.0.1:9125";
  return request;
}

HttpResponse ask(const HttpRequest& request, const std::string& token = "") {
  return answer(request, {"127.0.0.1", token}, FixedSource());
}

std::string code_of(const HttpResponse& response) {
  const auto page = Json::parse(response.body);
  EXPECT_TRUE(page["error"]["message"].is_string());
  return page["error"]["code"];
}

TEST(ConsoleRouter, EveryPageAnswers) {
  for (const std::string target :
       {"/", "/v1", "/v1/nodes", "/v1/actors", "/v1/actors?sort=name&limit=5&offset=1&filter=re",
        "/v1/memory", "/v1/tree", "/v1/tree?limit=3", "/v1/actors/replica/7/0",
        "/v1/actors/replica%2f7/0", "/v1/tables", "/v1/tables/nyc/flights",
        "/v1/tables/nyc/flights?limit=1", "/livez", "/readyz", "/readyz?verbose", "/v1/nodes/",
        "http://localhost:9125/v1/nodes"}) {
    const HttpResponse response = ask(get(target));
    EXPECT_EQ(response.status, 200) << target << response.body;
    EXPECT_TRUE(Json::parse(response.body).is_object()) << target;
  }
  EXPECT_EQ(ask(get("/healthz")).status, 503);
  EXPECT_EQ(ask(get("/metrics")).content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST(ConsoleRouter, TheActorPageIsOfTheActorThatWasAskedFor) {
  EXPECT_EQ(Json::parse(ask(get("/v1/actors/replica/7/0")).body)["actor"]["name"], "replica/7/0");
}

TEST(ConsoleRouter, UnknownPathsAndNamesAreNotFound) {
  for (const std::string target : {"/v2/nodes", "/v1/nodes/3", "/v1/actors/nobody",
                                   "/v1/tables/nyc", "/v1/tables/nyc/none", "/metrics/x", "//v1"}) {
    const HttpResponse response = ask(get(target));
    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(code_of(response), "not_found");
  }
}

TEST(ConsoleRouter, QueriesThatCannotBeUsedAreRefused) {
  for (const std::string target :
       {"/v1/actors?sort=age", "/v1/actors?limit=1001", "/v1/actors?limit=-1",
        "/v1/actors?limit=1x", "/v1/actors?limit=", "/v1/actors?limit=99999999999999999999",
        "/v1/actors?colour=red", "/v1/actors?limit=1&limit=2", "/v1/nodes?limit=1",
        "/v1/memory?limit=1", "/v1/actors/node?limit=1", "/readyz?verbose=maybe",
        "/v1/actors?filter=%f", "/v1/%zz", "v1/nodes", "*", "http:///v1"}) {
    const HttpResponse response = ask(get(target));
    EXPECT_EQ(response.status, 400) << target << response.body;
    EXPECT_EQ(code_of(response), "bad_request");
  }
}

TEST(ConsoleRouter, OnlyReadingIsOffered) {
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"}) {
    HttpRequest request = get("/v1/nodes");
    request.method = method;
    EXPECT_EQ(ask(request).status, 405) << method;
  }
  HttpRequest head = get("/v1/nodes");
  head.method = "HEAD";
  EXPECT_EQ(ask(head).status, 200);
}

TEST(ConsoleRouter, AForeignHostGetsNothing) {
  HttpRequest request = get("/v1/nodes");
  request.host = "evil.example:9125";
  const HttpResponse refused = ask(request);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(code_of(refused), "forbidden");
  EXPECT_EQ(refused.body.find("c-1"), std::string::npos);

  HttpRequest absolute = get("http://evil.example/v1/nodes");
  EXPECT_EQ(ask(absolute).status, 403);

  request.host.reset();
  EXPECT_EQ(ask(request).status, 400);
  request.needs_host = false;
  EXPECT_EQ(ask(request).status, 200);
}

TEST(ConsoleRouter, ATokenIsNeededForAllButTheHealthPages) {
  EXPECT_EQ(ask(get("/v1/nodes"), "s3cret").status, 401);
  EXPECT_EQ(ask(get("/metrics"), "s3cret").status, 401);
  EXPECT_EQ(ask(get("/readyz"), "s3cret").status, 200);
  HttpRequest request = get("/v1/nodes");
  request.authorization = "Bearer s3creT";
  EXPECT_EQ(ask(request, "s3cret").status, 401);
  request.authorization = "Bearer s3cret";
  EXPECT_EQ(ask(request, "s3cret").status, 200);
}

TEST(HostRule, LoopbackAndTheBoundHostAreExpected) {
  for (const std::string host : {"localhost", "LocalHost:80", "127.0.0.1", "127.9.9.9:1", "[::1]",
                                 "[::1]:9125", "node7.lan", "NODE7.lan:9125"}) {
    EXPECT_TRUE(is_expected_host(host, "node7.lan")) << host;
  }
  for (const std::string host :
       {"", ":80", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.evil",
        "node7.lan.evil", "10.0.0.1", "[::1", "[::1]x", "localhost:80x", "[]", "127.0.0",
        "1271.0.0.1", "::"}) {
    EXPECT_FALSE(is_expected_host(host, "node7.lan")) << host;
  }
}

TEST(HostRule, BoundToEveryAddressPlainAddressesAreExpected) {
  for (const std::string bound : {"0.0.0.0", "::", "[::]", ""}) {
    EXPECT_TRUE(is_expected_host("10.0.0.1:9125", bound)) << bound;
    EXPECT_TRUE(is_expected_host("[fe80::1]:9125", bound)) << bound;
    EXPECT_FALSE(is_expected_host("evil.example", bound)) << bound;
    EXPECT_FALSE(is_expected_host("face.cafe", bound)) << bound;
  }
}

TEST(HttpTarget, PathsAndQueriesAreDecoded) {
  const auto target = parse_target("/v1/a%2Fb%20c+d/?filter=x%26y+z&verbose&=#top");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "a/b c+d"}));
  EXPECT_EQ(target->query, (std::vector<std::pair<std::string, std::string>>{
                               {"filter", "x&y z"}, {"verbose", ""}, {"", ""}}));
}

TEST(HttpMessage, AResponseSaysWhatItIsAndHowLong) {
  const HttpResponse response{404, "application/json", "{}\n"};
  EXPECT_EQ(to_wire(response, {true, false}),
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
            "Connection: keep-alive\r\nCache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n\r\n{}\n");
  EXPECT_TRUE(to_wire(response, {false, true}).ends_with("nosniff\r\n\r\n"));
  EXPECT_NE(to_wire(response, {false, true}).find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(to_wire({405, "", ""}, {}).find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_NE(to_wire({401, "", ""}, {}).find("\r\nWWW-Authenticate: Bearer\r\n"), std::string::npos);
}

}  // namespace
}  // namespace millrace
