// Databases and tables through the C++ client: what exists, what is refused, and with which code.
#include <algorithm>

#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_fine(const Outcome<void>& outcome) { return code_of(outcome) == ErrorCode::none; }

TEST_F(ClientSuite, ADatabaseComesAndGoes) {
  EXPECT_TRUE(contains(must(calls().list_databases()), database()));
  EXPECT_EQ(must(calls().database_info(database())).name, database());
  EXPECT_EQ(code_of(calls().create_database(database())), ErrorCode::database_already_exist);
  EXPECT_TRUE(is_fine(calls().create_database(database(), true)));
  EXPECT_TRUE(is_fine(calls().drop_database(database())));
  EXPECT_EQ(code_of(calls().database_info(database())), ErrorCode::database_not_exist);
  EXPECT_FALSE(contains(must(calls().list_databases()), database()));
  EXPECT_EQ(code_of(calls().drop_database(database())), ErrorCode::database_not_exist);
  EXPECT_TRUE(is_fine(calls().drop_database(database(), true)));
}

TEST_F(ClientSuite, AnUnknownDatabaseIsSaidToBeUnknown) {
  const std::string missing = database() + "_missing";
  EXPECT_EQ(code_of(calls().database_info(missing)), ErrorCode::database_not_exist);
  EXPECT_EQ(code_of(calls().list_tables(missing)), ErrorCode::database_not_exist);
  EXPECT_EQ(code_of(calls().create_table({missing, "rows"}, log_table())),
            ErrorCode::database_not_exist);
}

TEST_F(ClientSuite, ABadDatabaseNameIsRefused) {
  for (const char* name : {"bad name", "__reserved", "a.b"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(code_of(calls().create_database(name)), ErrorCode::invalid_database_exception);
  }
}

TEST_F(ClientSuite, ATableComesAndGoes) {
  EXPECT_EQ(must(calls().list_tables(database())), std::vector<std::string>());
  EXPECT_TRUE(is_fine(calls().create_table(path(), log_table())));
  EXPECT_EQ(must(calls().list_tables(database())), std::vector<std::string>{"rows"});
  EXPECT_EQ(must(calls().describe(path()))->path, path());
  EXPECT_EQ(code_of(calls().create_table(path(), log_table())), ErrorCode::table_already_exist);
  EXPECT_TRUE(is_fine(calls().create_table(path(), log_table(), true)));
  EXPECT_EQ(code_of(calls().drop_database(database())), ErrorCode::database_not_empty);
  EXPECT_TRUE(is_fine(calls().drop_table(path())));
  EXPECT_EQ(must(calls().list_tables(database())), std::vector<std::string>());
  // A server may describe it for a moment longer, from what it remembers.
  EXPECT_TRUE(calls().repeat_until(
      [&] { return code_of(calls().describe(path())) == ErrorCode::table_not_exist; }));
  EXPECT_EQ(code_of(calls().drop_table(path())), ErrorCode::table_not_exist);
  EXPECT_TRUE(is_fine(calls().drop_table(path(), true)));
}

TEST_F(ClientSuite, ATableIsDescribedAsItWasCreated) {
  auto wanted = log_table(3);
  wanted.bucket_keys = {"id"};
  wanted.comment = "ours";
  wanted.custom_properties = {{"owner.team", "a"}};
  make_table(wanted);
  const auto table = must(calls().describe(path()));
  EXPECT_EQ(table->buckets.size(), 3U);
  EXPECT_EQ(table->schema_id, 1);
  EXPECT_EQ(table->descriptor.schema, wanted.schema);
  EXPECT_EQ(table->descriptor.comment, "ours");
  EXPECT_EQ(table->descriptor.bucket_keys, wanted.bucket_keys);
  EXPECT_EQ(table->descriptor.custom_properties, wanted.custom_properties);
  EXPECT_EQ(table->descriptor.properties.at("table.replication.factor"), "1");
  EXPECT_TRUE(table->descriptor.partition_keys.empty());
  EXPECT_GT(table->created, 0);
}

TEST_F(ClientSuite, ATableMadeAgainIsAnotherTable) {
  make_table();
  const TableId first = must(calls().describe(path()))->id;
  must(calls().drop_table(path()));
  must(calls().create_table(path(), log_table()));
  EXPECT_TRUE(calls().repeat_until([&] {
    const auto table = calls().describe(path());
    return table && (*table)->id > first;
  }));
}

TEST_F(ClientSuite, AnUnknownTableIsSaidToBeUnknown) {
  const TablePath missing{database(), "missing"};
  EXPECT_EQ(code_of(calls().describe(missing)), ErrorCode::table_not_exist);
  EXPECT_EQ(code_of(calls().latest(missing)), ErrorCode::table_not_exist);
  const auto writing = calls().wait<std::shared_ptr<client::Appender>>(
      [&](auto done) { client::Appender::open(calls().client(), missing, {}, std::move(done)); });
  EXPECT_EQ(code_of(writing), ErrorCode::table_not_exist);
  const auto reading = calls().wait<std::shared_ptr<client::Scanner>>(
      [&](auto done) { client::Scanner::open(calls().client(), missing, {}, std::move(done)); });
  EXPECT_EQ(code_of(reading), ErrorCode::table_not_exist);
}

TEST_F(ClientSuite, ABadTableIsRefused) {
  std::vector<std::pair<ErrorCode, protocol::TableDescriptor>> cases = {
      {ErrorCode::invalid_table_exception, log_table(1, "__offset BIGINT")},
      {ErrorCode::bucket_max_num_exception, log_table(200'000)}};
  cases.emplace_back(ErrorCode::invalid_table_exception, log_table());
  cases.back().second.bucket_keys = {"missing"};
  const auto with = [&](ErrorCode code, const std::string& key, const std::string& value) {
    cases.emplace_back(code, log_table());
    cases.back().second.properties[key] = value;
  };
  with(ErrorCode::invalid_replication_factor, "table.replication.factor", "5");
  with(ErrorCode::invalid_replication_factor, "table.replication.factor", "0");
  with(ErrorCode::invalid_config_exception, "table.unheard.of", "1");
  with(ErrorCode::invalid_config_exception, "unheard", "1");
  with(ErrorCode::invalid_config_exception, "table.log.arrow.compression.type", "NOPE");
  for (const auto& [code, table] : cases) {
    SCOPED_TRACE(to_json(table));
    EXPECT_EQ(code_of(calls().create_table(path(), table)), code);
    EXPECT_EQ(must(calls().list_tables(database())), std::vector<std::string>());
  }
}

TEST_F(ClientSuite, ABadTableNameIsRefused) {
  for (const char* name : {"bad name", "__reserved", "a/b"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(code_of(calls().create_table({database(), name}, log_table())),
              ErrorCode::invalid_table_exception);
  }
}

TEST_F(ClientSuite, WhatIsNotBuiltIsRefusedByName) {
  if (ours() == nullptr) GTEST_SKIP() << "what Fluss has and Millrace lacks; the server is a peer";
  auto primary_key = log_table(1, "id BIGINT NOT NULL");
  primary_key.schema.primary_key = {"id"};
  const std::vector<std::pair<std::string, protocol::TableDescriptor>> cases = {
      {"primary key", primary_key}};
  for (const auto& [feature, table] : cases) {
    SCOPED_TRACE(feature);
    const auto refused = calls().create_table(path(), table);
    ASSERT_EQ(code_of(refused), ErrorCode::invalid_table_exception);
    EXPECT_NE(refused.error().message.find(feature), std::string::npos) << refused.error().message;
  }
}

TEST_F(ClientSuite, ABadColumnTypeIsRefused) {
  if (ours() == nullptr) GTEST_SKIP() << "the code is Millrace's choice; the server is a peer";
  auto decimal = log_table(1, "price DECIMAL(38, 0)");
  decimal.schema.columns[0].type.precision = 39;
  auto character = log_table(1, "letters CHAR(1)");
  character.schema.columns[0].type.length = 0;
  for (const auto& table : {decimal, character}) {
    SCOPED_TRACE(to_json(table));
    EXPECT_EQ(code_of(calls().create_table(path(), table)), ErrorCode::invalid_table_exception);
  }
}

TEST_F(ClientSuite, TheNodesOfTheClusterAreListed) {
  const auto nodes = must(calls().wait<client::Cluster::Nodes>(
      [&](auto done) { calls().client().nodes(std::move(done)); }));
  ASSERT_TRUE(nodes.coordinator);
  EXPECT_GT(nodes.coordinator->endpoint.port, 0);
  ASSERT_FALSE(nodes.servers.empty());
  for (const auto& server : nodes.servers) EXPECT_GT(server.endpoint.port, 0);
}

TEST_F(ClientSuite, EveryNodeIsAWayIn) {
  if (ours() == nullptr) GTEST_SKIP() << "needs a cluster of three nodes; the server is a peer";
  const auto addresses = ours()->bootstrap();
  ASSERT_EQ(addresses.size(), 3U);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Calls writing({addresses[i]});
    Calls reading({addresses[(i + 1) % addresses.size()]});
    const TablePath table{database(), "rows_" + std::to_string(i)};
    must(writing.create_table(table, log_table(3)));
    EXPECT_TRUE(contains(must(reading.list_tables(database())), table.table));
    EXPECT_EQ(must(reading.describe(table))->descriptor.bucket_count, 3);
  }
}

}  // namespace
}  // namespace millrace
