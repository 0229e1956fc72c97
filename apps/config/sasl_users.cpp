// The texts that name users: what the JVM reads as a JAAS login configuration, and Fluss 1.0's
// shorter form. Both hold passwords, so an error never quotes what it found.
#include <algorithm>
#include <optional>

#include "apps/config/security_settings.hpp"
#include "apps/config/value_text.hpp"

namespace millrace {
namespace {

using Users = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view user_prefix = "user_";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Words, `=`, `;` and texts in quotation marks.
class JaasText {
 public:
  explicit JaasText(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

  [[nodiscard]] bool take(char mark) {
    if (at_end() || rest_.front() != mark) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] std::optional<std::string> take_word() {
    skip_blanks();
    const auto end = std::find_if(rest_.begin(), rest_.end(), [](char c) {
      return is_blank(c) || c == '=' || c == ';' || c == '"';
    });
    if (end == rest_.begin()) return std::nullopt;
    std::string word(rest_.begin(), end);
    rest_.remove_prefix(word.size());
    return word;
  }

  /// In quotation marks, where a backslash takes the next letter as it is, or bare.
  [[nodiscard]] std::optional<std::string> take_value() {
    if (!take('"')) return take_word();
    std::string value;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return value;
      if (c == '\\') {
        if (rest_.empty()) break;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      value += c;
    }
    return std::nullopt;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

tl::unexpected<Error> bad_jaas(std::string_view expected) {
  return fail(Errc::malformed, "expected " + std::string(expected) +
                                   ", as in: PlainLoginModule required user_bob=\"...\";");
}

}  // namespace

Result<Users> parse_jaas_users(std::string_view text) {
  JaasText jaas(text);
  const auto module = jaas.take_word();
  if (!module || !module->ends_with("PlainLoginModule")) return bad_jaas("a PlainLoginModule");
  const auto flag = jaas.take_word();
  if (!flag || lower_case(*flag) != "required") return bad_jaas("the word required");
  Users users;
  while (!jaas.take(';')) {
    if (jaas.at_end()) return bad_jaas("a semicolon at the end");
    const auto name = jaas.take_word();
    if (!name || !jaas.take('=')) return bad_jaas("options NAME=VALUE");
    auto value = jaas.take_value();
    if (!value) return bad_jaas("a value in quotation marks");
    // Others say who this server is towards its peers; links do without.
    if (!name->starts_with(user_prefix)) continue;
    const std::string user = name->substr(user_prefix.size());
    if (user.empty() || value->empty()) return bad_jaas("a name and a password of each user");
    if (!users.emplace(user, *std::move(value)).second) return bad_jaas("each user once");
  }
  if (!jaas.at_end()) return bad_jaas("nothing behind the semicolon");
  return users;
}

Result<Users> parse_credentials(std::string_view text) {
  Users users;
  while (!trimmed(text).empty()) {
    const auto comma = text.find(',');
    const std::string_view entry = trimmed(text.substr(0, comma));
    const auto colon = entry.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == entry.size()) {
      return fail(Errc::malformed, "expected NAME:PASSWORD between commas");
    }
    const std::string user(trimmed(entry.substr(0, colon)));
    if (!users.emplace(user, trimmed(entry.substr(colon + 1))).second) {
      return fail(Errc::malformed, "expected each user once");
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return users;
}

}  // namespace millrace
