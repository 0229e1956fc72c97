#include "apps/agent/preferred_ports.hpp"
#include "apps/config/command_line.hpp"
#include "apps/config/listener.hpp"
#include "apps/config/security_settings.hpp"
#include "apps/config/value_text.hpp"
#include "base/check.hpp"
#include "protocol/table_options.hpp"
#include "tests/fuzz/fuzz_target.hpp"

// The values of settings and options: every reader of them reads every text.

namespace millrace::fuzz {
namespace {

void check_listeners(std::string_view text) {
  const auto listeners = parse_listeners(text);
  if (!listeners) return;
  CHECK(parse_listeners(to_string(*listeners)) == listeners);
  for (const Listener& one : *listeners) (void)is_loopback(one);
}

void check_ports(std::string_view text) {
  const auto ports = parse_preferred_ports(text);
  if (ports) CHECK(parse_preferred_ports(to_string(*ports)) == ports);
}

void read_command_line(std::string_view text) {
  std::vector<std::string> words = parse_list(text);
  const auto line = CommandLine::parse(words, configuration_options());
  if (line && flag_settings(*line)) (void)configuration_arguments(*line);
}

}  // namespace

void decode(const Buffer& input) {
  const std::string_view text = input.text();
  (void)parse_duration(text);
  (void)parse_size(text);
  (void)parse_integer(text);
  (void)parse_boolean(text);
  (void)protocol::parse_duration(text);
  (void)protocol::parse_size(text);
  (void)protocol::parse_bool(text);
  (void)parse_jaas_users(text);
  (void)parse_credentials(text);
  check_listeners(text);
  check_ports(text);
  read_command_line(text);
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  for (const std::string text :
       {"60s", "500 ms", "1gb", "16 MB", "max", "true", "FLUSS://[::1]:9123,CLIENT://host:0",
        "org.x.PlainLoginModule required user_admin=\"p\" user_bob=\"q\";", "bob:secret,eve:e",
        "client=41001,link=41002,http=41003,further=41004/41005",
        "--config,x.yaml,--set,data.dir=here"})
    made.push_back(Buffer::from(text));
  return made;
}

}  // namespace millrace::fuzz
