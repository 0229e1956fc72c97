// Listeners, SASL/PLAIN and permissions through the C++ client, on a cluster that is configured by
// its environment.
#include <array>
#include <cstdlib>
#include <set>

#include "client/acls.hpp"
#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

using client::PlainLogin;
using protocol::Operation;

constexpr std::array variables = {
    std::pair{"MILLRACE_BIND_LISTENERS", "FLUSS://127.0.0.1:0,CLIENT://127.0.0.1:0"},
    std::pair{"MILLRACE_SECURITY_PROTOCOL_MAP", "CLIENT:SASL"},
    std::pair{"MILLRACE_SECURITY_SASL_PLAIN_CREDENTIALS", "root:r-secret,bob:b-secret"},
    std::pair{"MILLRACE_AUTHORIZER_ENABLED", "true"},
    std::pair{"MILLRACE_SUPER_USERS", "User:root"},
};

class SecuritySuite : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (std::getenv("MILLRACE_E2E_BOOTSTRAP") != nullptr) return;
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
    guarded = std::make_unique<LiveCluster>();
    for (const auto& [name, value] : variables) ::unsetenv(name);
  }

  static void TearDownTestSuite() {
    if (guarded) guarded->end();
    guarded.reset();
  }

  void SetUp() override {
    if (!guarded) GTEST_SKIP() << "needs a cluster of ours: MILLRACE_E2E_BOOTSTRAP names another";
  }

  [[nodiscard]] static std::vector<Endpoint> addresses(const std::string& listener) {
    std::vector<Endpoint> found;
    for (const auto& [host, node] : guarded->ready_nodes()) {
      found.push_back(node.listeners.at(listener));
    }
    return found;
  }

  [[nodiscard]] static Calls as(const std::string& user, const std::string& password) {
    return Calls(addresses("CLIENT"), PlainLogin{user, password});
  }
  [[nodiscard]] static Calls root() { return as("root", "r-secret"); }
  [[nodiscard]] static Calls bob() { return as("bob", "b-secret"); }

  static void allow_bob(Calls& calls, Operation operation, const protocol::Resource& resource) {
    const protocol::AclEntry entry{resource, protocol::user_principal("bob"), "*", operation,
                                   protocol::Permission::allow};
    const auto outcomes = must(calls.wait<std::vector<client::AclOutcome>>(
        [&](auto done) { client::create_acls(calls.client(), {entry}, std::move(done)); }));
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_FALSE(outcomes[0].error.has_value());
  }

  static inline std::unique_ptr<LiveCluster> guarded;
};

std::set<Endpoint> told_to(Calls& calls) {
  std::set<Endpoint> found;
  const auto nodes = must(calls.wait<client::Cluster::Nodes>(
      [&](auto done) { calls.client().nodes(std::move(done)); }));
  for (const auto& node : nodes.servers) found.insert(node.endpoint);
  return found;
}

TEST_F(SecuritySuite, OnlyTheRightPasswordLetsSomebodyIn) {
  EXPECT_EQ(code_of(root().list_databases()), ErrorCode::none);
  EXPECT_EQ(code_of(as("root", "wrong").list_databases()), ErrorCode::authenticate_exception);
  EXPECT_EQ(code_of(as("mallory", "r-secret").list_databases()), ErrorCode::authenticate_exception);
  EXPECT_EQ(code_of(Calls(addresses("CLIENT")).list_databases()),
            ErrorCode::authenticate_exception);
  EXPECT_EQ(code_of(Calls(addresses("FLUSS")).list_databases()), ErrorCode::none);
}

TEST_F(SecuritySuite, ClientsAreToldTheAddressesOfTheirListener) {
  for (const char* listener : {"CLIENT", "FLUSS"}) {
    Calls calls(addresses(listener), PlainLogin{"root", "r-secret"});
    // The internal listener takes no password: nobody has to say who he is there.
    Calls anonymous(addresses(listener));
    const auto expected = addresses(listener);
    EXPECT_EQ(told_to(std::string(listener) == "CLIENT" ? calls : anonymous),
              std::set<Endpoint>(expected.begin(), expected.end()));
  }
}

TEST_F(SecuritySuite, PermissionsDecideCallByCall) {
  Calls owner = root();
  Calls guest = bob();
  const std::string database = "guarded";
  const TablePath path{database, "rows"};
  must(owner.create_database(database));
  must(owner.create_table(path, log_table()));
  EXPECT_EQ(code_of(guest.create_database("mine")), ErrorCode::authorization_exception);
  EXPECT_EQ(code_of(guest.describe(path)), ErrorCode::authorization_exception);
  EXPECT_EQ(code_of(guest.drop_table(path)), ErrorCode::authorization_exception);
  EXPECT_TRUE(must(guest.list_databases()).empty());

  allow_bob(owner, Operation::describe, protocol::table_resource(database, "rows"));
  EXPECT_EQ(must(guest.list_tables(database)), std::vector<std::string>{"rows"});
  EXPECT_EQ(must(guest.latest(path)), std::vector<Offset>{0});
  EXPECT_EQ(code_of(guest.wait<WriterId>(
                [&](auto done) { guest.client().init_writer(path, std::move(done)); })),
            ErrorCode::authorization_exception);

  allow_bob(owner, Operation::write, protocol::database_resource(database));
  const auto appender = guest.appender(path);
  must(guest.append(*appender, rows(0, 10)));
  EXPECT_EQ(must(guest.latest(path)), std::vector<Offset>{10});

  allow_bob(owner, Operation::read, protocol::table_resource(database, "*"));
  allow_bob(owner, Operation::read, {protocol::ResourceType::table, "*"});
  EXPECT_EQ(ids_of(read_rows(guest, path, 10).at(0)), counted(0, 10));

  protocol::AclFilter bobs;
  bobs.principal = protocol::user_principal("bob");
  const auto gone = must(owner.wait<std::vector<client::AclOutcome>>(
      [&](auto done) { client::drop_acls(owner.client(), bobs, std::move(done)); }));
  EXPECT_EQ(gone.size(), 4U);
  EXPECT_EQ(code_of(guest.append(*appender, rows(10, 1))), ErrorCode::authorization_exception);
  EXPECT_EQ(code_of(guest.describe(path)), ErrorCode::authorization_exception);
}

TEST_F(ClientSuite, WithoutAnAuthorizerThereAreNoPermissions) {
  if (ours() == nullptr) GTEST_SKIP() << "needs a cluster of ours: its configuration counts";
  EXPECT_EQ(code_of(calls().wait<std::vector<protocol::AclEntry>>(
                [&](auto done) { client::list_acls(calls().client(), {}, std::move(done)); })),
            ErrorCode::security_disabled_exception);
}

}  // namespace
}  // namespace millrace
