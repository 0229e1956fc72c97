#include "actors/gateway/authorizer.hpp"

#include <gtest/gtest.h>

namespace millrace::gateway {
namespace {

using protocol::AclEntry;
using protocol::AclSet;
using protocol::Operation;
using protocol::Permission;
using protocol::Principal;
using protocol::Resource;
using protocol::ResourceType;

using enum protocol::Operation;

const Principal bob = protocol::user_principal("bob");
const std::string host = "10.0.0.1";
const Resource flights = protocol::table_resource("nyc", "flights");
const Resource nyc = protocol::database_resource("nyc");
const Resource cluster = protocol::cluster_resource();

AclEntry allow(Resource resource, Operation operation, Principal principal = bob,
               std::string from = "*") {
  return {std::move(resource), std::move(principal), std::move(from), operation, Permission::allow};
}

bool allowed(const AclSet& acls, Operation operation, const Resource& resource,
             const AuthorizerSettings& settings = {}) {
  return is_allowed(settings, acls, {bob, host}, operation, resource);
}

struct Case {
  AclEntry entry;
  Operation operation;
  Resource resource;
  bool allowed;
};

// One entry and one question per line.
TEST(Authorizer, OneEntryAnswersAsTheProtocolSays) {
  const Resource any_table{ResourceType::table, "*"};
  const Resource any_database{ResourceType::database, "*"};
  const Resource any_cluster{ResourceType::cluster, "*"};
  const std::vector<Case> cases = {
      // The resource itself, and others of its kind.
      {allow(flights, read), read, flights, true},
      {allow(flights, read), read, protocol::table_resource("nyc", "planes"), false},
      {allow(flights, read), read, protocol::table_resource("nyc", "flights2"), false},
      {allow(flights, read), read, nyc, false},
      {allow(flights, read), read, cluster, false},
      // What contains it.
      {allow(nyc, read), read, flights, true},
      {allow(nyc, read), read, protocol::table_resource("nyc2", "flights"), false},
      {allow(cluster, read), read, flights, true},
      {allow(cluster, read), read, nyc, true},
      {allow(nyc, read), read, cluster, false},
      // Wildcards.
      {allow(any_table, read), read, flights, true},
      {allow(any_table, read), read, nyc, false},
      {allow(any_database, read), read, flights, true},
      {allow(any_cluster, read), read, flights, true},
      // Operations.
      {allow(flights, read), write, flights, false},
      {allow(flights, all), write, flights, true},
      {allow(flights, all), describe, flights, true},
      {allow(flights, all), all, flights, true},
      {allow(flights, alter), all, flights, false},
      {allow(flights, read), describe, flights, true},
      {allow(flights, write), describe, flights, true},
      {allow(flights, create), describe, flights, true},
      {allow(flights, drop), describe, flights, true},
      {allow(flights, alter), describe, flights, true},
      {allow(flights, describe), read, flights, false},
      {allow(flights, write), read, flights, false},
      // Principals and hosts.
      {allow(flights, read, protocol::user_principal("eve")), read, flights, false},
      {allow(flights, read, protocol::user_principal("BOB")), read, flights, false},
      {allow(flights, read, {"Group", "bob"}), read, flights, false},
      {allow(flights, read, {"*", "*"}), read, flights, true},
      {allow(flights, read, {"User", "*"}), read, flights, false},
      {allow(flights, read, bob, host), read, flights, true},
      {allow(flights, read, bob, "10.0.0.2"), read, flights, false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(allowed({one.entry}, one.operation, one.resource), one.allowed)
        << to_string(one.entry.principal) << " from " << one.entry.host << ": "
        << name_of(one.entry.operation) << " on " << to_string(one.entry.resource) << "; asked "
        << name_of(one.operation) << " on " << to_string(one.resource);
  }
}

TEST(Authorizer, WhatNoEntryAllowsIsDenied) {
  for (const Operation operation : {read, write, create, drop, alter, describe, all}) {
    EXPECT_FALSE(allowed({}, operation, flights));
    EXPECT_FALSE(allowed({}, operation, cluster));
  }
}

TEST(Authorizer, EveryEntryOfAResourceIsLookedAt) {
  AclSet acls;
  for (int i = 0; i < 50; ++i) {
    acls.insert(allow(flights, read, protocol::user_principal("user" + std::to_string(i))));
  }
  EXPECT_FALSE(allowed(acls, read, flights));
  acls.insert(allow(flights, read));
  EXPECT_TRUE(allowed(acls, read, flights));
}

TEST(Authorizer, SuperUsersMayDoEverything) {
  AuthorizerSettings settings;
  settings.super_users = {bob};
  EXPECT_TRUE(allowed({}, all, cluster, settings));
  settings.super_users = {protocol::user_principal("Bob")};
  EXPECT_FALSE(allowed({}, all, cluster, settings));
  settings.ignore_case = true;
  EXPECT_TRUE(allowed({}, all, cluster, settings));
}

TEST(Authorizer, CaseIsIgnoredWhereThatIsAsked) {
  AuthorizerSettings settings;
  settings.ignore_case = true;
  EXPECT_TRUE(
      allowed({allow(flights, read, protocol::user_principal("BOB"))}, read, flights, settings));
  EXPECT_FALSE(allowed({allow(flights, read, {"USER", "bob"})}, read, flights, settings));
}

}  // namespace
}  // namespace millrace::gateway
