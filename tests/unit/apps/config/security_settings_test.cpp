#include "apps/config/security_settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"

namespace millrace {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;
using Codes = std::vector<std::string>;

constexpr auto two_listeners = "FLUSS://127.0.0.1:0,CLIENT://127.0.0.1:0";
constexpr auto jaas =
    "org.apache.fluss.security.auth.sasl.plain.PlainLoginModule required "
    "user_bob=\"b-secret\" user_eve=\"e \\\"s\\\\\";";

ConfigurationOutcome configured(const Settings& settings) {
  std::vector<Setting> flags;
  for (const auto& [name, value] : settings) {
    flags.push_back({name, value, {SourceKind::flag, "--set"}});
  }
  return load_configuration({std::nullopt, {}, std::move(flags)});
}

Codes codes_of(const Settings& settings) {
  Codes codes;
  for (const Finding& finding : configured(settings).findings) codes.push_back(finding.code);
  return codes;
}

SecuritySettings read(const Settings& settings) {
  const auto outcome = configured(settings);
  std::vector<Finding> findings;
  auto security = read_security(outcome.configuration, findings);
  EXPECT_TRUE(outcome.usable()) << outcome.findings[0].message;
  return security;
}

TEST(Security, ByDefaultOneListenerIsInternalAndPlaintext) {
  const auto security = read({});
  ASSERT_EQ(security.listeners.size(), 1U);
  EXPECT_EQ(security.listeners[0].name, "FLUSS");
  EXPECT_TRUE(security.listeners[0].is_internal);
  EXPECT_FALSE(security.listeners[0].uses_sasl);
  EXPECT_FALSE(security.authorizer);
  EXPECT_TRUE(read({{"bind.listeners", "127.0.0.1:0"}}).listeners[0].is_internal);
}

TEST(Security, UsersComeFromThreeKeysAndTheNarrowerWins) {
  const auto security =
      read({{"bind.listeners", "FLUSS://127.0.0.1:0,CLIENT://127.0.0.1:0,Other://127.0.0.1:0"},
            {"security.protocol.map", "CLIENT:SASL, Other:sasl"},
            {"security.sasl.enabled.mechanisms", "PLAIN"},
            {"security.sasl.plain.credentials", "ann:a-secret, bob:old"},
            {"security.sasl.plain.jaas.config", jaas},
            {"security.sasl.listener.name.other.plain.jaas.config",
             "PlainLoginModule required user_bob=\"other\";"}});
  ASSERT_EQ(security.listeners.size(), 3U);
  EXPECT_FALSE(security.listeners[0].uses_sasl);
  EXPECT_TRUE(security.listeners[1].uses_sasl);
  EXPECT_EQ(security.listeners[1].users.at("ann"), "a-secret");
  EXPECT_EQ(security.listeners[1].users.at("bob"), "b-secret");
  EXPECT_EQ(security.listeners[1].users.at("eve"), "e \"s\\");
  EXPECT_EQ(security.listeners[2].users.at("bob"), "other");
  EXPECT_EQ(security.listeners[2].users.at("ann"), "a-secret");
}

TEST(Security, TheAuthorizerAndItsSuperUsersAreRead) {
  const auto security = read({{"bind.listeners", two_listeners},
                              {"internal.listener.name", "CLIENT"},
                              {"authorizer.enabled", "true"},
                              {"authorizer.type", "default"},
                              {"security.acl.principal.ignore-case", "true"},
                              {"super.users", "User:root;User:admin"}});
  EXPECT_TRUE(security.authorizer);
  EXPECT_TRUE(security.ignore_case);
  EXPECT_FALSE(security.listeners[0].is_internal);
  EXPECT_TRUE(security.listeners[1].is_internal);
  using User = std::pair<std::string, std::string>;
  EXPECT_EQ(security.super_users, (std::vector<User>{{"User", "root"}, {"User", "admin"}}));
}

TEST(Security, WhatCannotBeIsFoundByName) {
  const auto with = [](Settings settings) {
    settings.insert(settings.begin(), {"bind.listeners", two_listeners});
    return codes_of(settings);
  };
  EXPECT_EQ(with({{"security.protocol.map", "CLIENT:SASL"}}), Codes{"config.no_users"});
  EXPECT_EQ(with({{"security.protocol.map", "CLIENT:SSL"}}), Codes{"config.security_not_built"});
  EXPECT_EQ(with({{"security.protocol.map", "CLIENTS:PLAINTEXT"}}),
            Codes{"config.unknown_listener"});
  EXPECT_EQ(with({{"security.protocol.map", "CLIENT"}}), Codes{"config.bad_value"});
  EXPECT_EQ(with({{"security.sasl.plain.jaas.config", "user_bob=pw"}}), Codes{"config.bad_value"});
  EXPECT_EQ(with({{"security.sasl.plain.credentials", "bob"}}), Codes{"config.bad_value"});
  EXPECT_EQ(with({{"security.sasl.listener.name.CLIENT.plain.jaas.config", jaas}}),
            Codes{"config.unknown_listener"});  // Its name stands there in lower case.
  EXPECT_EQ(with({{"security.sasl.listener.name.client.scram.jaas.config", jaas}}),
            Codes{"config.security_not_built"});
  EXPECT_EQ(with({{"security.sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256"}}),
            Codes{"config.security_not_built"});
  EXPECT_EQ(with({{"authorizer.type", "ranger"}}), Codes{"config.security_not_built"});
  EXPECT_EQ(with({{"super.users", "admin"}}), Codes{"config.bad_value"});
  EXPECT_EQ(with({{"internal.listener.name", "INSIDE"}}), Codes{"config.unknown_listener"});
  EXPECT_EQ(with({{"advertised.listeners", "PUBLIC://h:1"}}), Codes{"config.unknown_listener"});
}

TEST(Security, WhatIsAllowedAndProbablyNotMeantIsAWarning) {
  EXPECT_EQ(codes_of({{"authorizer.enabled", "true"}}), Codes{"config.authorizer_bites_nobody"});
  EXPECT_EQ(codes_of({{"bind.listeners", "FLUSS://127.0.0.1:0,CLIENT://0.0.0.0:0"},
                      {"security.protocol.map", "CLIENT:SASL"},
                      {"security.sasl.plain.jaas.config", jaas}}),
            Codes{"config.open_passwords"});
}

TEST(Security, NoFindingShowsASecret) {
  for (const char* name :
       {"security.sasl.plain.jaas.config", "security.sasl.plain.credentials",
        "security.sasl.listener.name.fluss.plain.jaas.config",
        "security.sasl.listener.name.nope.plain.jaas.config", "security.sasl.plain.jass.config"}) {
    for (const char* value :
         {"hunter2", "PlainLoginModule required user_bob=\"hunter2", "PlainLoginModule hunter2",
          "PlainLoginModule required hunter2;", "PlainLoginModule required user_=\"hunter2\";",
          "bob:hunter2,bob:hunter2", ":hunter2"}) {
      const auto outcome = configured({{name, value}});
      EXPECT_FALSE(outcome.usable()) << name << "=" << value;
      for (const Finding& finding : outcome.findings) {
        EXPECT_EQ((finding.message + finding.next).find("hunter2"), std::string::npos)
            << finding.message;
      }
    }
  }
}

TEST(SaslUsers, JaasTextsAreReadOrRefused) {
  EXPECT_EQ(parse_jaas_users("a.b.PlainLoginModule required;")->size(), 0U);
  const auto users = parse_jaas_users(
      " PlainLoginModule\n REQUIRED\n username=\"me\" password=\"mine\"\n user_a = \"1\";  ");
  ASSERT_TRUE(users.has_value()) << users.error().message;
  EXPECT_EQ(users->size(), 1U);
  EXPECT_EQ(users->at("a"), "1");
  for (const char* text :
       {"", "PlainLoginModule", "PlainLoginModule required", "Other required;",
        "PlainLoginModule optional;", "PlainLoginModule required user_a;",
        "PlainLoginModule required user_a=\"1\"", "PlainLoginModule required user_a=\"1\"; more",
        "PlainLoginModule required user_a=\"1\" user_a=\"2\";",
        "PlainLoginModule required user_a=\"\";", "PlainLoginModule required user_a=\"1\\"}) {
    EXPECT_FALSE(parse_jaas_users(text).has_value()) << text;
  }
}

TEST(SaslUsers, CredentialsKeepWhatStandsBehindTheFirstColon) {
  EXPECT_EQ(parse_credentials("")->size(), 0U);
  EXPECT_EQ(parse_credentials(" a:1 , b:x:y ")->at("b"), "x:y");
  for (const char* text : {"a", ":1", "a:", "a:1,", ",", "a:1,a:2"}) {
    const bool ends_in_comma = std::string_view(text) == "a:1,";
    EXPECT_EQ(parse_credentials(text).has_value(), ends_in_comma) << text;
  }
}

TEST(SaslUsersProperty, DamagedTextsAreReadOrRefused) {
  const std::string sound = jaas;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string text = sound;
    for (std::uint64_t i = 0; i < 1 + random.below(4); ++i) {
      const std::size_t at = random.below(text.size());
      if (random.chance(1, 2)) {
        text[at] = static_cast<char>(random.below(256));
      } else {
        text.erase(at, 1 + random.below(5));
      }
    }
    if (!parse_jaas_users(text)) ++refused;
    (void)parse_credentials(text);
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace millrace
