#include "actors/coordinator/acl_rules.hpp"

#include <gtest/gtest.h>

namespace millrace::coordinator {
namespace {

using protocol::AclEntry;
using protocol::ErrorCode;

AclEntry allow(const std::string& user) {
  return {protocol::cluster_resource(), protocol::user_principal(user), "*",
          protocol::Operation::read, protocol::Permission::allow};
}

Catalog with(const std::vector<AclEntry>& entries) {
  Catalog catalog;
  catalog.apply(AclsCreated{entries});
  return catalog;
}

TEST(AclRules, OnlyWhatIsNewIsWritten) {
  const auto decision =
      decide(with({allow("a")}), CreateAcls{{allow("a"), allow("b"), allow("b")}});
  EXPECT_EQ(std::get<AclsCreated>(std::get<CatalogDelta>(decision)).entries,
            std::vector{allow("b")});
  EXPECT_TRUE(
      std::holds_alternative<NothingToDo>(decide(with({allow("a")}), CreateAcls{{allow("a")}})));
}

TEST(AclRules, OnlyWhatIsThereIsDropped) {
  const auto decision = decide(with({allow("a")}), DropAcls{{allow("a"), allow("b")}});
  EXPECT_EQ(std::get<AclsDropped>(std::get<CatalogDelta>(decision)).entries,
            std::vector{allow("a")});
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(decide(Catalog{}, DropAcls{{allow("a")}})));
}

TEST(AclRules, BadEntriesAndTooManyAreRefused) {
  AclEntry bad = allow("a");
  bad.permission = protocol::Permission::any;
  EXPECT_TRUE(std::holds_alternative<protocol::ProtocolError>(
      decide(Catalog{}, CreateAcls{{allow("b"), bad}})));
  std::vector<AclEntry> many;
  for (std::size_t i = 0; i < acls_max; ++i) many.push_back(allow(std::to_string(i)));
  EXPECT_TRUE(std::holds_alternative<CatalogDelta>(decide(Catalog{}, CreateAcls{many})));
  const auto full = decide(with(many), CreateAcls{{allow("one more")}});
  EXPECT_EQ(std::get<protocol::ProtocolError>(full).code, ErrorCode::storage_exception);
}

TEST(AclRules, ACatalogWithPermissionsIsRebuiltFromItsDeltas) {
  const Catalog catalog = with({allow("a"), allow("b")});
  Catalog again;
  for (const CatalogDelta& delta : catalog.as_deltas()) again.apply(delta);
  EXPECT_EQ(again, catalog);
  EXPECT_EQ(again.acls().size(), 2U);
  again.apply(AclsDropped{{allow("a")}});
  EXPECT_NE(again, catalog);
  EXPECT_EQ(catalog.acls().size(), 2U);  // Copies do not share what changes.
}

}  // namespace
}  // namespace millrace::coordinator
