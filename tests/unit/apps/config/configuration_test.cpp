#include "apps/config/configuration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "apps/config/configuration_loader.hpp"
#include "apps/config/yaml_file.hpp"
#include "base/random.hpp"

namespace millrace {
namespace {

Setting flag(std::string name, std::string value) {
  return {std::move(name), std::move(value), {SourceKind::flag, "--set"}};
}

ConfigurationOutcome from_flags(std::vector<Setting> flags) {
  return load_configuration({std::nullopt, {}, std::move(flags)});
}

std::vector<std::string> codes_of(const ConfigurationOutcome& outcome) {
  std::vector<std::string> codes;
  for (const Finding& finding : outcome.findings) codes.push_back(finding.code);
  return codes;
}

using Codes = std::vector<std::string>;

TEST(Configuration, DefaultsAreValidAndTyped) {
  const auto outcome = load_configuration({});
  EXPECT_TRUE(outcome.findings.empty());
  const Configuration& configuration = outcome.configuration;
  EXPECT_EQ(configuration.get(key::default_bucket_number), 1);
  EXPECT_EQ(configuration.get(key::log_segment_file_size), std::int64_t{1} << 30);
  EXPECT_EQ(configuration.get(key::connection_max_idle_time), 10min);
  EXPECT_TRUE(configuration.get(key::allow_create_log_tables));
  EXPECT_EQ(configuration.get(key::roles), (key::Texts{"coordinator", "tablet", "worker"}));
  EXPECT_EQ(configuration.get(key::bind_listeners), (key::Listeners{{"FLUSS", "127.0.0.1", 9123}}));
  EXPECT_EQ(configuration.node_id(), std::nullopt);
  EXPECT_EQ(to_string(configuration.setting("data.dir").source), "default");
}

// Flag over environment over file over default, for every subset of the sources.
TEST(Configuration, LaterSourcesWin) {
  for (int subset = 0; subset < 8; ++subset) {
    SCOPED_TRACE(subset);
    ConfigurationLoader loader;
    std::string expected = "millrace-data";
    if ((subset & 1) != 0) {
      loader.add_flags({{"data.dir", expected = "file", {SourceKind::file, "server.yaml:2"}}});
    }
    if ((subset & 2) != 0) loader.add_environment({{"MILLRACE_DATA_DIR", expected = "variable"}});
    if ((subset & 4) != 0) loader.add_flags({flag("data.dir", expected = "flag")});
    const auto outcome = loader.finish();
    EXPECT_TRUE(outcome.findings.empty());
    EXPECT_EQ(outcome.configuration.get(key::data_dir), expected);
  }
}

TEST(Configuration, SourcesSayWhereAValueCameFrom) {
  ConfigurationLoader loader;
  loader.add_environment({{"MILLRACE_HTTP_LISTENER", "127.0.0.1:0"}, {"PATH", "/bin"}});
  loader.add_flags({flag("default.bucket.number", "8")});
  const auto outcome = loader.finish();
  ASSERT_TRUE(outcome.findings.empty());
  EXPECT_EQ(to_string(outcome.configuration.setting("millrace.http.listener").source),
            "env:MILLRACE_HTTP_LISTENER");
  EXPECT_EQ(to_string(outcome.configuration.setting("default.bucket.number").source), "flag:--set");
}

TEST(Configuration, UnknownKeyIsAnErrorThatNamesTheNearest) {
  const auto outcome = from_flags({flag("log.segment.file-sise", "1gb")});
  EXPECT_FALSE(outcome.usable());
  ASSERT_EQ(codes_of(outcome), Codes{"config.unknown_key"});
  EXPECT_EQ(outcome.findings[0].next, "did you mean log.segment.file-size?");
  const auto stranger = from_flags({flag("xyzzy", "1")});
  EXPECT_EQ(stranger.findings.at(0).next, "list the keys with: millrace config show");
  EXPECT_EQ(codes_of(from_flags({flag("kv.rocksdb.*", "1")})), Codes{"config.unknown_key"});
}

TEST(Configuration, FlussKeyWithoutEffectGivesOneWarning) {
  const auto outcome = from_flags({flag("remote.data.dir", "/a"), flag("remote.data.dir", "/b"),
                                   flag("kv.rocksdb.block.cache-size", "8mb")});
  EXPECT_TRUE(outcome.usable());
  EXPECT_EQ(codes_of(outcome), (Codes{"config.no_effect", "config.no_effect"}));
}

TEST(Configuration, SecurityThatIsNotBuiltRefusesTheStart) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"security.sasl.enabled.mechanisms", "GSSAPI"},
           {"security.sasl.scram.jaas.config", "pw"},
           {"security.tls.anything", "tls-value"},
           {"authorizer.type", "ranger"},
           {"authorizer.mine.rules", "rule-value"},
           {"client.security.sasl.username", "bob"}}) {
    SCOPED_TRACE(name);
    const auto outcome = from_flags({flag(name, value)});
    ASSERT_EQ(codes_of(outcome), Codes{"config.security_not_built"});
    EXPECT_FALSE(outcome.usable());
    EXPECT_NE(outcome.findings[0].message.find(name), std::string::npos);
    EXPECT_EQ(outcome.findings[0].message.find(value), std::string::npos) << "a secret was shown";
  }
}

TEST(Configuration, SecurityKeysThatAskForNothingAreAccepted) {
  const auto outcome = from_flags({flag("security.protocol.map", "FLUSS:PLAINTEXT"),
                                   flag("authorizer.enabled", "FALSE"), flag("super.users", ""),
                                   flag("authorizer.type", "default")});
  EXPECT_TRUE(outcome.findings.empty());
}

TEST(Configuration, StrangeVariablesWarnUnlessTheyAskForProtection) {
  ConfigurationLoader loader;
  loader.add_environment({{"MILLRACE_SERVICE_HOST", "10.0.0.1"}, {"MILLRACE_AGENT_FD", "3"}});
  const auto outcome = loader.finish();
  EXPECT_TRUE(outcome.usable());
  EXPECT_EQ(codes_of(outcome), Codes{"config.unknown_variable"});
  loader.add_environment({{"MILLRACE_SECURITY_SASL_PLAIN", "x"}});
  EXPECT_FALSE(loader.finish().usable());
}

TEST(Configuration, BadValuesAreErrorsThatNameThePlace) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"default.bucket.number", "0"},
           {"default.bucket.number", "many"},
           {"netty.connection.max-idle-time", "60"},
           {"log.segment.file-size", "2gb"},
           {"allow.create.log.tables", "yes"},
           {"bind.listeners", "FLUSS://nowhere"},
           {"bind.listeners", ""},
           {"millrace.link.listener", "127.0.0.1:1,A://127.0.0.1:2"},
           {"millrace.roles", "tablet,janitor"},
           {"millrace.roles", ""},
           {"millrace.log.format", "xml"}}) {
    SCOPED_TRACE(name + "=" + value);
    const auto outcome = from_flags({flag(name, value)});
    ASSERT_EQ(codes_of(outcome), Codes{"config.bad_value"});
    EXPECT_NE(outcome.findings[0].message.find("flag:--set"), std::string::npos);
  }
}

TEST(Configuration, ListenersOffLoopbackNeedTheirSecret) {
  EXPECT_EQ(codes_of(from_flags({flag("millrace.link.listener", "0.0.0.0:9124")})),
            Codes{"config.open_listener"});
  EXPECT_EQ(codes_of(from_flags({flag("millrace.http.listener", "10.0.0.1:80")})),
            Codes{"config.open_listener"});
  EXPECT_TRUE(from_flags({flag("millrace.link.listener", "0.0.0.0:9124"),
                          flag("millrace.link.secret", "s"), flag("millrace.http.listener", "")})
                  .usable());
}

TEST(Configuration, NodeIdFallsBackToTheTabletServerId) {
  EXPECT_EQ(from_flags({flag("tablet-server.id", "7")}).configuration.node_id(), NodeId(7));
  EXPECT_EQ(from_flags({flag("millrace.node.id", "3")}).configuration.node_id(), NodeId(3));
  EXPECT_EQ(codes_of(from_flags({flag("millrace.node.id", "3"), flag("tablet-server.id", "7")})),
            Codes{"config.two_ids"});
}

TEST(Configuration, VariableNamesAreUnique) {
  std::map<std::string, std::string_view> names;
  for (const KeySpec& spec : known_keys()) {
    if (is_family(spec)) continue;
    const auto [taken, is_new] = names.emplace(environment_name(spec.name), spec.name);
    // Two spellings of a key without effect may share one.
    EXPECT_TRUE(is_new || find_key(taken->second)->standing == Standing::without_effect)
        << spec.name;
  }
  EXPECT_EQ(environment_name("millrace.in-flight-bytes.max"), "MILLRACE_IN_FLIGHT_BYTES_MAX");
  EXPECT_EQ(environment_name("tablet-server.id"), "MILLRACE_TABLET_SERVER_ID");
}

TEST(ServerYaml, DottedAndNestedKeysMeanTheSame) {
  const auto settings = parse_server_yaml(
      "# comment\ndefault.bucket.number: 8\ntablet-server:\n  id: 2\n  rack: r1\n"
      "millrace:\n  roles: [tablet, worker]\nlog.segment.file-size: 1gb\n",
      "server.yaml");
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->size(), 5U);
  EXPECT_EQ((*settings)[1].name, "tablet-server.id");
  EXPECT_EQ((*settings)[1].value, "2");
  EXPECT_EQ(to_string((*settings)[1].source), "file:server.yaml:4");
  EXPECT_EQ((*settings)[3].value, "tablet,worker");
  EXPECT_EQ((*settings)[4].source.place, "server.yaml:8");
}

TEST(ServerYaml, EmptyFileHasNoSettings) {
  EXPECT_TRUE(parse_server_yaml("", "f").value().empty());
  EXPECT_TRUE(parse_server_yaml("# nothing\n", "f").value().empty());
}

TEST(ServerYaml, ErrorsNameTheLine) {
  for (const auto& [text, line] :
       std::vector<std::pair<std::string, std::string>>{{"a: 1\nb: [1\n", "f:"},
                                                        {"data.dir: a\ndata:\n  dir: b\n", "f:3"},
                                                        {"a: 1\na: 2\n", "f:2"},
                                                        {"a: 1\nb:\n", "f:2"},
                                                        {"- a\n", "f:1"},
                                                        {"a: 1\n? [x]\n: 2\n", "f:2"},
                                                        {"a: [[1]]\n", "f:1"}}) {
    SCOPED_TRACE(text);
    const auto settings = parse_server_yaml(text, "f");
    ASSERT_FALSE(settings);
    EXPECT_TRUE(settings.error().message.starts_with(line)) << settings.error().message;
  }
}

TEST(ServerYaml, AliasesDoNotGrowWithoutBound) {
  std::string text = "a0: &a0 {x: 1, y: 2}\n";
  for (int i = 1; i < 14; ++i) {
    const std::string one = std::to_string(i);
    const std::string before = std::to_string(i - 1);
    text += "a" + one + ": &a" + one + " {x: *a" + before + ", y: *a" + before + "}\n";
  }
  EXPECT_FALSE(parse_server_yaml(text, "f"));
  EXPECT_FALSE(parse_server_yaml("a: &a\n  b: *a\n", "f"));
  EXPECT_FALSE(parse_server_yaml("a: " + std::string(100'000, '['), "f"));
  EXPECT_FALSE(parse_server_yaml(std::string(2'000'000, '#'), "f"));
}

TEST(ServerYaml, SurvivesMutatedText) {
  const std::string valid =
      "default.bucket.number: 8\ntablet-server: {id: 2, rack: \"r1\"}\nx: &x [1, 2]\ny: *x\n";
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string text = valid;
    for (int edit = 0; edit < 4; ++edit) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    const auto settings = parse_server_yaml(text, "f");
    if (settings) {
      EXPECT_LE(settings->size(), 64U);
    }
  }
}

}  // namespace
}  // namespace millrace
