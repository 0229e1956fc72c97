#include "protocol/acl.hpp"

#include <gtest/gtest.h>

#include "protocol/acl_wire.hpp"
#include "protocol/message_codec.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

AclEntry entry() {
  return {table_resource("nyc", "flights"), user_principal("bob"), "10.0.0.1", Operation::read,
          Permission::allow};
}

TEST(Acl, NumbersAreTheProtocols) {
  wire::PbAclInfo out;
  write_acl(out, entry());
  EXPECT_EQ(out.resource_type(), 4);
  EXPECT_EQ(out.resource_name(), "nyc.flights");
  EXPECT_EQ(out.principal_type(), "User");
  EXPECT_EQ(out.operation_type(), 3);
  EXPECT_EQ(out.permission_type(), 2);
  EXPECT_EQ(read_acl(out), entry());
  EXPECT_EQ(cluster_resource().name, "fluss-cluster");
}

TEST(Acl, AnEmptyFilterMatchesEverythingAndEachFieldNarrows) {
  EXPECT_TRUE(matches(AclFilter{}, entry()));
  AclFilter filter{ResourceType::table, "nyc.flights",   user_principal("bob"),
                   "10.0.0.1",          Operation::read, Permission::allow};
  EXPECT_TRUE(matches(filter, entry()));
  const auto differs = [&](auto change) {
    AclFilter other = filter;
    change(other);
    return !matches(other, entry());
  };
  EXPECT_TRUE(differs([](AclFilter& f) { f.resource_type = ResourceType::database; }));
  EXPECT_TRUE(differs([](AclFilter& f) { f.resource_name = "nyc.planes"; }));
  EXPECT_TRUE(differs([](AclFilter& f) { f.principal = user_principal("eve"); }));
  EXPECT_TRUE(differs([](AclFilter& f) { f.host = "*"; }));
  EXPECT_TRUE(differs([](AclFilter& f) { f.operation = Operation::all; }));
}

TEST(Acl, AFilterNeedsBothHalvesOfAPrincipal) {
  wire::PbAclFilter in;
  in.set_resource_type(1);
  in.set_operation_type(1);
  in.set_permission_type(1);
  in.set_principal_name("eve");
  EXPECT_TRUE(matches(read_filter(in), entry()));
  in.set_principal_type("User");
  EXPECT_FALSE(matches(read_filter(in), entry()));
}

TEST(Acl, OnlySpecificEntriesCanBeCreated) {
  EXPECT_FALSE(why_bad_acl(entry()));
  const auto is_bad = [](auto change) {
    AclEntry other = entry();
    change(other);
    return why_bad_acl(other).has_value();
  };
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.resource.type = ResourceType::any; }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.resource.type = static_cast<ResourceType>(5); }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.operation = Operation::any; }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.operation = static_cast<Operation>(9); }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.permission = Permission::any; }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.resource.name = ""; }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.principal.name = std::string("a\0b", 3); }));
  EXPECT_TRUE(is_bad([](AclEntry& e) { e.host = std::string(501, 'h'); }));
}

TEST(Acl, NamesAreReadInAnyCase) {
  EXPECT_EQ(operation_named("Describe"), Operation::describe);
  EXPECT_EQ(operation_named("des"), std::nullopt);
  EXPECT_EQ(resource_type_named("TABLE"), ResourceType::table);
  EXPECT_EQ(parse_principal("User:a:b"), user_principal("a:b"));
  for (const char* text : {"", "bob", ":bob", "User:"}) EXPECT_FALSE(parse_principal(text)) << text;
  EXPECT_EQ(to_string(entry().resource), "TABLE nyc.flights");
}

TEST(AclProperty, MutatedMessagesAreReadOrRefused) {
  wire::CreateAclsRequest request;
  write_acl(*request.add_acl(), entry());
  const Buffer sound = serialize(request);
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto parsed = parse_message<wire::CreateAclsRequest>(mutate(sound, random).bytes());
    if (!parsed) ++refused;
    if (!parsed) continue;
    for (const auto& acl : parsed->acl()) {
      wire::PbAclInfo again;
      write_acl(again, read_acl(acl));
      EXPECT_EQ(read_acl(again), read_acl(acl));
      (void)why_bad_acl(read_acl(acl));
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace millrace::protocol
