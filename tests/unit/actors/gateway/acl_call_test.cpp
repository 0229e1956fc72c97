#include "actors/gateway/acl_calls.hpp"

#include "protocol/acl_wire.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

using protocol::AclEntry;
using protocol::Operation;
using protocol::Resource;

const AuthorizerSettings authorizer{.enabled = true,
                                    .super_users = {protocol::user_principal("root")}};

Caller caller(const std::string& name) {
  return {"FLUSS", protocol::user_principal(name), "10.0.0.1", &authorizer, false};
}

AclEntry allow(const std::string& user, Operation operation, Resource resource) {
  return {std::move(resource), protocol::user_principal(user), "*", operation,
          protocol::Permission::allow};
}

const AclEntry bobs_all = allow("bob", Operation::all, protocol::database_resource("nyc"));
const AclEntry eves_read = allow("eve", Operation::read, protocol::table_resource("nyc", "t"));
const AclEntry eves_cluster = allow("eve", Operation::alter, protocol::cluster_resource());

ClusterView with_acls() {
  ClusterView view = cluster();
  view.catalog.apply(AclsCreated{{bobs_all, eves_read, eves_cluster}});
  return view;
}

wire::CreateAclsRequest create(const std::vector<AclEntry>& entries) {
  wire::CreateAclsRequest request;
  for (const AclEntry& entry : entries) protocol::write_acl(*request.add_acl(), entry);
  return request;
}

wire::DropAclsRequest drop(const std::vector<protocol::AclFilter>& filters) {
  wire::DropAclsRequest request;
  for (const auto& filter : filters) protocol::write_filter(*request.add_acl_filter(), filter);
  return request;
}

wire::ListAclsRequest list(const protocol::AclFilter& filter) {
  wire::ListAclsRequest request;
  protocol::write_filter(*request.mutable_acl_filter(), filter);
  return request;
}

std::vector<AclEntry> created(const CallScript& call, std::size_t at = 0) {
  const auto& command = std::get<ChangeAclsCommand>(call.commands.at(at));
  return std::get<AclsCreated>(command.delta).entries;
}

std::vector<AclEntry> dropped(const CallScript& call, std::size_t at) {
  const auto& command = std::get<ChangeAclsCommand>(call.commands.at(at));
  return std::get<AclsDropped>(command.delta).entries;
}

TEST(Acls, WithoutAnAuthorizerAllThreeAreRefused) {
  EXPECT_EQ(CallScript(cluster(), ApiKey::create_acls, create({bobs_all})).error(),
            ErrorCode::security_disabled_exception);
  EXPECT_EQ(CallScript(cluster(), ApiKey::drop_acls, drop({{}})).error(),
            ErrorCode::security_disabled_exception);
  EXPECT_EQ(CallScript(cluster(), ApiKey::list_acls, list({})).error(),
            ErrorCode::security_disabled_exception);
}

TEST(Acls, EachEntryIsDecidedByItselfAndSuccessSaysSo) {
  AclEntry bad = eves_read;
  bad.operation = Operation::any;
  const AclEntry elsewhere = allow("bob", Operation::read, protocol::table_resource("other", "t"));
  CallScript call(with_acls(), ApiKey::create_acls, create({eves_read, bad, elsewhere}),
                  caller("bob"));
  ASSERT_EQ(call.commands.size(), 1U);
  EXPECT_EQ(created(call), std::vector{eves_read});
  call.coordinator_answers(CommandDone{});
  const auto response = call.response<wire::CreateAclsResponse>();
  ASSERT_EQ(response.acl_res_size(), 3);
  EXPECT_EQ(protocol::read_acl(response.acl_res(2).acl()), elsewhere);
  EXPECT_TRUE(response.acl_res(0).has_error_code());
  EXPECT_EQ(response.acl_res(0).error_code(), 0);
  EXPECT_EQ(response.acl_res(1).error_code(), -1);
  EXPECT_EQ(response.acl_res(2).error_code(), 48);
}

TEST(Acls, WhoMayDoNothingAsksNobody) {
  const CallScript call(with_acls(), ApiKey::create_acls, create({bobs_all}), caller("eve"));
  EXPECT_TRUE(call.commands.empty());
  EXPECT_EQ(call.response<wire::CreateAclsResponse>().acl_res(0).error_code(), 48);
}

TEST(Acls, WhatTheCoordinatorRefusesIsEachEntrysError) {
  CallScript refused(with_acls(), ApiKey::create_acls, create({bobs_all}), caller("root"));
  refused.coordinator_answers(protocol::ProtocolError{ErrorCode::storage_exception, "full"});
  EXPECT_EQ(refused.response<wire::CreateAclsResponse>().acl_res(0).error_code(), 26);
  CallScript late(with_acls(), ApiKey::create_acls, create({bobs_all}), caller("root"));
  late.deadline_passes();
  EXPECT_EQ(late.response<wire::CreateAclsResponse>().acl_res(0).error_code(), 25);
}

TEST(Acls, DroppingCatchesUpFirstAndAnswersPerFilter) {
  protocol::AclFilter eves;
  eves.principal = protocol::user_principal("eve");
  protocol::AclFilter nobodys;
  nobodys.host = "10.9.9.9";
  CallScript call(with_acls(), ApiKey::drop_acls, drop({nobodys, eves}), caller("bob"));
  ASSERT_EQ(call.commands.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<SyncCommand>(call.commands[0]));
  const AclEntry newer = allow("eve", Operation::write, protocol::table_resource("nyc", "t"));
  const AclEntry may_know = allow("bob", Operation::describe, protocol::cluster_resource());
  call.learn(AclsCreated{{newer, may_know}});
  call.coordinator_answers(CommandDone{});
  ASSERT_EQ(call.commands.size(), 2U);
  EXPECT_EQ(dropped(call, 1), (std::vector{eves_read, newer}));
  call.coordinator_answers(CommandDone{});
  const auto response = call.response<wire::DropAclsResponse>();
  ASSERT_EQ(response.filter_results_size(), 2);
  EXPECT_EQ(response.filter_results(0).matching_acls_size(), 0);
  ASSERT_EQ(response.filter_results(1).matching_acls_size(), 3);
  // In the order of resources: the cluster's entry bob may know, but not drop.
  EXPECT_EQ(response.filter_results(1).matching_acls(0).error_code(), 48);
  EXPECT_FALSE(response.filter_results(1).matching_acls(1).has_error_code());
}

TEST(Acls, DroppingShowsNoMoreThanListing) {
  CallScript call(with_acls(), ApiKey::drop_acls, drop({{}}), caller("mallory"));
  call.coordinator_answers(CommandDone{});
  ASSERT_EQ(call.commands.size(), 1U);
  EXPECT_EQ(call.response<wire::DropAclsResponse>().filter_results(0).matching_acls_size(), 0);
}

TEST(Acls, AnEntryIsTheFirstMatchingFiltersAlone) {
  CallScript call(with_acls(), ApiKey::drop_acls, drop({{}, {}}), caller("root"));
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(dropped(call, 1).size(), 3U);
  call.coordinator_answers(CommandDone{});
  const auto response = call.response<wire::DropAclsResponse>();
  EXPECT_EQ(response.filter_results(0).matching_acls_size(), 3);
  EXPECT_EQ(response.filter_results(1).matching_acls_size(), 0);
}

TEST(Acls, ListsShowWhatMatchesAndMayBeDescribed) {
  const auto count_for = [](const std::string& user, const protocol::AclFilter& filter) {
    return CallScript(with_acls(), ApiKey::list_acls, list(filter), caller(user))
        .response<wire::ListAclsResponse>()
        .acl_size();
  };
  EXPECT_EQ(count_for("root", {}), 3);
  EXPECT_EQ(count_for("bob", {}), 2);
  EXPECT_EQ(count_for("mallory", {}), 0);
  protocol::AclFilter tables;
  tables.resource_type = protocol::ResourceType::table;
  EXPECT_EQ(count_for("root", tables), 1);
}

TEST(Acls, TooManyAtOnceAreRefused) {
  const std::vector<AclEntry> many(1001, bobs_all);
  EXPECT_EQ(CallScript(with_acls(), ApiKey::create_acls, create(many), caller("root")).error(),
            ErrorCode::corrupt_message);
}

}  // namespace
}  // namespace millrace::gateway
