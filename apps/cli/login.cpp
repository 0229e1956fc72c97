#include "apps/cli/login.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>

#include "apps/config/known_keys.hpp"
#include "apps/config/value_text.hpp"

namespace millrace::cli {
namespace {

constexpr std::size_t password_size_max = 4096;

constexpr std::array options = {
    Option{"security-protocol", "NAME", "plaintext or sasl; client.security.protocol"},
    Option{"sasl-mechanism", "NAME", "PLAIN; client.security.sasl.mechanism"},
    Option{"sasl-username", "NAME", "client.security.sasl.username"},
    Option{"sasl-password", "TEXT", "client.security.sasl.password; others see it in ps"},
    Option{"sasl-password-file", "FILE", "whose first line is the password"},
};

/// The flag, else the variable of the key that it stands for.
std::optional<std::string> setting(const CommandLine& line, std::string_view flag,
                                   std::string_view key) {
  if (auto given = line.value(flag)) return given;
  const char* const variable = std::getenv(environment_name(key).c_str());
  if (variable == nullptr) return std::nullopt;
  return variable;
}

Result<std::string> first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) {
    return fail(Errc::malformed, "cannot read a password from " + path);
  }
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Result<std::string> password_of(const CommandLine& line) {
  const auto file = setting(line, "sasl-password-file", "client.security.sasl.password.file");
  const auto text = setting(line, "sasl-password", "client.security.sasl.password");
  if (line.has("sasl-password") || (text && !line.has("sasl-password-file"))) return *text;
  if (file) return first_line_of(*file);
  return fail(Errc::malformed, "a password is missing: --sasl-password-file FILE");
}

}  // namespace

std::span<const Option> login_options() { return options; }

Result<std::optional<client::PlainLogin>> login_of(const CommandLine& line) {
  const auto username = setting(line, "sasl-username", "client.security.sasl.username");
  const std::string protocol = lower_case(
      setting(line, "security-protocol", "client.security.protocol").value_or("plaintext"));
  if (protocol == "plaintext") {
    if (!line.has("sasl-username")) return std::nullopt;
    return fail(Errc::malformed, "--sasl-username needs --security-protocol sasl");
  }
  if (protocol != "sasl") {
    return fail(Errc::malformed, "--security-protocol takes plaintext or sasl");
  }
  const auto mechanism = setting(line, "sasl-mechanism", "client.security.sasl.mechanism");
  if (lower_case(mechanism.value_or("plain")) != "plain") {
    return fail(Errc::malformed, "--sasl-mechanism takes PLAIN");
  }
  if (!username || username->empty()) {
    return fail(Errc::malformed, "--security-protocol sasl needs --sasl-username");
  }
  auto password = password_of(line);
  if (!password) return tl::unexpected(password.error());
  if (password->empty() || password->size() > password_size_max) {
    return fail(Errc::malformed, "the password is empty or too long");
  }
  return client::PlainLogin{*username, *std::move(password)};
}

}  // namespace millrace::cli
