#include "apps/demo/demo_cluster.hpp"

#include <gtest/gtest.h>

namespace millrace::demo {
namespace {

TEST(DemoCluster, TheLaunchersReportIsUnderstood) {
  const auto found = parse_addresses(
      R"({"directory":"/c","cluster_id":"id","bootstrap":"a:1,b:2","console":"http://a:3/",)"
      R"("hosts":[{"host":"host-0","node_id":0},{"host":"host-1","node_id":1}]})");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->cluster_id, "id");
  EXPECT_EQ(found->bootstrap, "a:1,b:2");
  EXPECT_EQ(found->console, "http://a:3/");
  EXPECT_EQ(found->hosts, (std::vector<std::string>{"host-0", "host-1"}));
}

TEST(DemoCluster, OtherReportsAreRefused) {
  for (const std::string_view text :
       {"", "{", "[]", "7", R"({"cluster_id":"id","bootstrap":"","console":"","hosts":[]})",
        R"({"cluster_id":"id","bootstrap":7,"console":"","hosts":[]})",
        R"({"cluster_id":"id","bootstrap":"a:1","console":"","hosts":[{"host":7}]})",
        R"({"cluster_id":"id","bootstrap":"a:1","console":"","hosts":"none"})"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_addresses(text));
  }
  EXPECT_FALSE(parse_ended("{}"));
  EXPECT_FALSE(parse_ended("no"));
}

TEST(DemoCluster, EndedProcessesAreCounted) {
  EXPECT_EQ(parse_ended(R"([{"kind":"node"},{"kind":"agent"}])").value(), 2U);
  EXPECT_EQ(parse_ended("[]").value(), 0U);
}

}  // namespace
}  // namespace millrace::demo
