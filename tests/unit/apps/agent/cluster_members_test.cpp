#include "apps/agent/cluster_members.hpp"

#include <gtest/gtest.h>

#include "apps/agent/preferred_ports.hpp"

namespace millrace {
namespace {

NodeReady ready(int node, std::uint64_t incarnation) {
  return {{NodeId(node), "host-" + std::to_string(node), Incarnation(incarnation),
           "FLUSS://127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", true}};
}

NodeExited exited(int node, std::uint64_t incarnation) {
  return {NodeId(node), Incarnation(incarnation), 0, 9, false, {}};
}

TEST(ClusterMembers, IsCompleteWhenEachWasReadyOnce) {
  ClusterMembers members(2);
  EXPECT_TRUE(members.apply(ready(1, 1)));
  EXPECT_FALSE(members.is_complete());
  EXPECT_TRUE(members.apply(ready(0, 1)));
  EXPECT_TRUE(members.is_complete());
  EXPECT_TRUE(members.is_healthy());
  const ClusterMap map = members.map();
  EXPECT_EQ(map.revision, Revision(2));
  ASSERT_EQ(map.members.size(), 2U);
  EXPECT_EQ(map.members[0].node, NodeId(0));
}

TEST(ClusterMembers, AnExitStaysInTheMapUntilTheNextIncarnation) {
  ClusterMembers members(1);
  (void)members.apply(ready(0, 1));
  EXPECT_TRUE(members.apply(exited(0, 1)));
  EXPECT_FALSE(members.is_healthy());
  EXPECT_FALSE(members.map().members[0].alive);
  EXPECT_FALSE(members.apply(ready(0, 1))) << "an exit is final";
  EXPECT_TRUE(members.apply(ready(0, 2)));
  EXPECT_TRUE(members.is_healthy());
}

TEST(ClusterMembers, OldNewsChangesNothing) {
  ClusterMembers members(1);
  (void)members.apply(ready(0, 2));
  const ClusterMap before = members.map();
  EXPECT_FALSE(members.apply(ready(0, 1)));
  EXPECT_FALSE(members.apply(ready(0, 2)));
  EXPECT_FALSE(members.apply(exited(0, 1)));
  EXPECT_FALSE(members.apply(exited(7, 1)));
  EXPECT_EQ(members.map(), before);
}

TEST(PreferredPorts, ComeBackFromText) {
  const PreferredPorts ports{41001, 0, 65535};
  EXPECT_EQ(to_string(ports), "client=41001,link=0,http=65535");
  EXPECT_EQ(parse_preferred_ports(to_string(ports)), ports);
  for (const char* text : {"", "client=1", "client=1,link=2,http=65536", "client=1,link=2,http=3,",
                           "link=1,client=2,http=3", "client=01,link=2,http=3"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_preferred_ports(text));
  }
}

TEST(PreferredPorts, FurtherListenersKeepTheirs) {
  const PreferredPorts ports{1, 2, 3, {4, 65535}};
  EXPECT_EQ(to_string(ports), "client=1,link=2,http=3,further=4/65535");
  EXPECT_EQ(parse_preferred_ports(to_string(ports)), ports);
  for (const char* text :
       {"client=1,link=2,http=3,further=", "client=1,link=2,http=3,further=4/",
        "client=1,link=2,http=3,further=4,5", "client=1,link=2,http=3,further=65536"}) {
    EXPECT_FALSE(parse_preferred_ports(text)) << text;
  }
}

TEST(PreferredPorts, AreThoseOfTheListeners) {
  NodeReady node = ready(0, 1);
  node.member.client_listeners = "FLUSS://127.0.0.1:11,CLIENT://127.0.0.1:12";
  node.member.http_listener = "";
  EXPECT_EQ(ports_of(node.member), (PreferredPorts{11, 2, 0, {12}}));
}

}  // namespace
}  // namespace millrace
