#include "actors/coordinator/cluster_config_rules.hpp"

#include <gtest/gtest.h>

namespace millrace::coordinator {
namespace {

using protocol::ConfigChange;
using protocol::ErrorCode;
using protocol::Properties;
using Values = std::map<std::string, std::optional<std::string>>;

ConfigChange set(const std::string& key, const std::string& value) {
  return {key, value, protocol::config_set};
}

Values values_of(const Properties& current, const std::vector<ConfigChange>& changes) {
  const auto fact = changed_configs(current, changes);
  EXPECT_TRUE(fact.has_value()) << fact.error().message;
  return fact ? fact->values : Values{};
}

TEST(ClusterConfigs, AreSetAndDropped) {
  EXPECT_EQ(
      values_of({}, {set("kv.snapshot.interval", "5min"),
                     set("log.replica.min-in-sync-replicas-number", "1")}),
      (Values{{"kv.snapshot.interval", "5min"}, {"log.replica.min-in-sync-replicas-number", "1"}}));
  const Properties current{{"kv.snapshot.interval", "5min"}};
  EXPECT_EQ(values_of(current, {{"kv.snapshot.interval", {}, protocol::config_delete}}),
            (Values{{"kv.snapshot.interval", std::nullopt}}));
  EXPECT_TRUE(values_of(current, {set("kv.snapshot.interval", "5min")}).empty());
  EXPECT_TRUE(values_of({}, {{"kv.snapshot.interval", {}, protocol::config_delete}}).empty());
  EXPECT_TRUE(values_of({}, {set("kv.snapshot.interval", "5min"),
                             {"kv.snapshot.interval", {}, protocol::config_delete}})
                  .empty());
}

TEST(ClusterConfigs, WhatChangesNothingIsKnown) {
  EXPECT_TRUE(has_effect("log.retention.roll-active-segment.enabled"));
  EXPECT_FALSE(has_effect("kv.snapshot.interval"));
}

TEST(ClusterConfigs, ListsGrowAndShrinkByEntries) {
  const Properties current{{"remote.data.dirs", "/a,/b"}};
  EXPECT_EQ(values_of(current, {{"remote.data.dirs", "/c,/a", protocol::config_append}}),
            (Values{{"remote.data.dirs", "/a,/b,/c"}}));
  EXPECT_EQ(values_of(current, {{"remote.data.dirs", "/a", protocol::config_subtract}}),
            (Values{{"remote.data.dirs", "/b"}}));
}

TEST(ClusterConfigs, OneBadChangeRefusesAll) {
  for (const ConfigChange& bad : std::vector<ConfigChange>{
           set("kv.snapshot.interval", "soon"),
           set("log.replica.min-in-sync-replicas-number", "0"),
           set("log.replica.min-in-sync-replicas-number", "1x"),
           set("server.data-disk.write-limit-ratio", "1.5"),
           set("server.data-disk.write-limit-ratio", "nan"),
           set("log.retention.roll-active-segment.enabled", "maybe"),
           set("kv.leader-replica.memory-reserved", "much"),
           set("remote.data.dirs.strategy", "RANDOM"),
           set("default.bucket.number", "4"),
           set("no.such.key", "1"),
           set("datalake.format", "paimon"),
           set("security.sasl.plain.credentials", "a:b"),
           {"default.bucket.number", {}, protocol::config_delete},
           {"kv.snapshot.interval", "1min", protocol::config_append},
           {"kv.snapshot.interval", {}, protocol::config_set},
           {"kv.snapshot.interval", "1min", 9},
       }) {
    const auto fact = changed_configs({}, {set("kv.snapshot.interval", "5min"), bad});
    ASSERT_FALSE(fact.has_value()) << bad.key << "=" << bad.value.value_or("");
    EXPECT_EQ(fact.error().code, ErrorCode::config_exception);
    EXPECT_EQ(fact.error().message.find("a:b"), std::string::npos);
  }
}

}  // namespace
}  // namespace millrace::coordinator
