#include "apps/config/configuration_loader.hpp"
#include "apps/config/security_settings.hpp"
#include "apps/config/yaml_file.hpp"
#include "base/check.hpp"
#include "tests/fuzz/fuzz_target.hpp"

// A configuration file: what it says becomes a configuration, or findings that say why not.

namespace millrace::fuzz {

void decode(const Buffer& input) {
  auto settings = parse_server_yaml(std::string(input.text()), "server.yaml");
  if (!settings) return;
  ConfigurationLoader loader;
  loader.add_flags(*settings);
  ConfigurationOutcome outcome = loader.finish();
  if (!outcome.usable()) return;
  for (const Setting& setting : outcome.configuration.settings()) CHECK(!setting.name.empty());
  (void)outcome.configuration.node_id();
  (void)outcome.configuration.get(key::bind_listeners);
  (void)outcome.configuration.get(key::connection_max_idle_time);
  (void)outcome.configuration.get(key::roles);
  (void)read_security(outcome.configuration, outcome.findings);
}

std::vector<Buffer> seeds() {
  return {Buffer::from(std::string("data.dir: /tmp/x\nmillrace:\n  node:\n    id: 3\n"
                                   "roles: [coordinator, tablet]\n")),
          Buffer::from(std::string(
              "bind.listeners: FLUSS://127.0.0.1:0, CLIENT://127.0.0.1:9123\n"
              "internal.listener.name: FLUSS\nsecurity.protocol.map: CLIENT:SASL\n"
              "security.sasl.enabled.mechanisms: PLAIN\nsuper.users: User:root\n"
              "security.sasl.listener.name.client.plain.jaas.config: 'org.x.PlainLoginModule "
              "required user_bob=\"b\";'\nauthorizer.enabled: true\n")),
          Buffer::from(std::string("a: &x {b: 1}\nc: *x\nlog.segment.file-size: 1gb\n"))};
}

}  // namespace millrace::fuzz
