#include "apps/cli/command.hpp"

#include <fmt/format.h>

namespace millrace::cli {

Session& Context::session() {
  if (!session_) session_ = std::make_unique<Session>(access_);
  return *session_;
}

Done<std::vector<std::string>> Context::words(std::size_t least, std::size_t most) const {
  // The first two words are the command's own.
  std::vector<std::string> words(line_.words().begin() + 2, line_.words().end());
  if (words.size() < least) return usage_failure("a name is missing", "see --help");
  if (words.size() > most)
    return usage_failure(fmt::format("one word too many: {}", words[most]), "see --help");
  return words;
}

void Context::print(const Document& document, const std::string& text) const {
  if (format_ == OutputFormat::table) return print_result(text);
  std::string out = rendered(document, format_);
  if (!out.ends_with('\n')) out += '\n';
  print_result(out);
}

}  // namespace millrace::cli
