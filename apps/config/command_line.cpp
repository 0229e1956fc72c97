#include "apps/config/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>

#include "apps/config/nearest_name.hpp"
#include "apps/config/value_text.hpp"

namespace millrace {
namespace {

namespace options_library = boost::program_options;

constexpr std::array configuration_option_list = {
    Option{"config", "FILE", "server.yaml to read"},
    Option{"set", "KEY=VALUE", "set one key; may come several times"},
    Option{"roles", "LIST", "millrace.roles"},
    Option{"node-id", "N", "millrace.node.id"},
    Option{"data-dir", "DIR", "data.dir"},
    Option{"listen", "LIST", "bind.listeners"},
    Option{"http", "HOST:PORT", "millrace.http.listener"},
    Option{"log-format", "FORMAT", "millrace.log.format"},
    Option{"log-level", "LEVEL", "millrace.log.level"},
};

// What the option sets; the two that are no key of their own set nothing.
std::string_view key_of(const Option& option) {
  return option.name == "config" || option.name == "set" ? std::string_view() : option.meaning;
}

options_library::options_description described(std::span<const Option> options) {
  options_library::options_description description;
  for (const Option& option : options) {
    const std::string name(option.name);
    if (option.value_name.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(
          name.c_str(), options_library::value<std::vector<std::string>>()->composing(), "");
    }
  }
  return description;
}

tl::unexpected<Error> unknown_option(std::string name, std::span<const Option> options) {
  name.erase(0, name.find_first_not_of('-'));
  std::vector<std::string_view> names;
  for (const Option& option : options) names.push_back(option.name);
  const std::string_view nearest = nearest_name(name, names);
  return fail(Errc::malformed,
              nearest.empty()
                  ? fmt::format("unknown option --{}", name)
                  : fmt::format("unknown option --{}, did you mean --{}?", name, nearest));
}

}  // namespace

Result<CommandLine> CommandLine::parse(std::span<const std::string> arguments,
                                       std::span<const Option> options) {
  namespace style = options_library::command_line_style;
  constexpr int plain_style =
      style::allow_long | style::long_allow_adjacent | style::long_allow_next;
  CommandLine line;
  try {
    const auto description = described(options);
    const std::vector<std::string> copy(arguments.begin(), arguments.end());
    const auto parsed =
        options_library::command_line_parser(copy).options(description).style(plain_style).run();
    for (const auto& option : parsed.options) {
      if (option.position_key >= 0 || option.string_key.empty()) {
        line.words_.insert(line.words_.end(), option.value.begin(), option.value.end());
        continue;
      }
      auto& values = line.values_[option.string_key];
      values.insert(values.end(), option.value.begin(), option.value.end());
    }
  } catch (const options_library::unknown_option& error) {
    return unknown_option(error.get_option_name(), options);
  } catch (const std::exception& error) {
    return fail(Errc::malformed, error.what());
  }
  for (const std::string& word : line.words_) {
    if (word.size() > 1 && word.front() == '-') return unknown_option(word, options);
  }
  return line;
}

bool CommandLine::has(std::string_view name) const { return values_.contains(name); }

std::vector<std::string> CommandLine::values(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::string> CommandLine::value(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

Result<std::int64_t> CommandLine::number(std::string_view name, std::int64_t otherwise,
                                         std::int64_t least, std::int64_t most) const {
  const auto text = value(name);
  if (!text) return otherwise;
  const auto parsed = parse_integer(*text);
  if (!parsed || *parsed < least || *parsed > most) {
    return fail(Errc::malformed,
                fmt::format("--{} takes a number from {} to {}: {}", name, least, most, *text));
  }
  return *parsed;
}

std::span<const Option> configuration_options() { return configuration_option_list; }

Result<std::vector<Setting>> flag_settings(const CommandLine& line) {
  std::vector<Setting> settings;
  for (const Option& option : configuration_option_list) {
    const auto value = line.value(option.name);
    if (key_of(option).empty() || !value) continue;
    settings.push_back({std::string(key_of(option)),
                        *value,
                        {SourceKind::flag, fmt::format("--{}", option.name)}});
  }
  for (const std::string& assignment : line.values("set")) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::malformed, fmt::format("--set takes KEY=VALUE: {}", assignment));
    }
    settings.push_back(
        {assignment.substr(0, equals), assignment.substr(equals + 1), {SourceKind::flag, "--set"}});
  }
  return settings;
}

std::vector<std::string> configuration_arguments(const CommandLine& line) {
  std::vector<std::string> arguments;
  if (const auto file = configuration_file(line)) {
    arguments.push_back("--config=" + file->string());
  }
  for (const Option& option : configuration_option_list) {
    if (option.name == "config") continue;
    for (const std::string& value : line.values(option.name)) {
      arguments.push_back(fmt::format("--{}={}", option.name, value));
    }
  }
  return arguments;
}

std::optional<std::filesystem::path> configuration_file(const CommandLine& line) {
  const auto file = line.value("config");
  if (!file) return std::nullopt;
  std::error_code unknown_directory;
  const auto absolute = std::filesystem::absolute(*file, unknown_directory);
  return unknown_directory ? std::filesystem::path(*file) : absolute;
}

std::string describe(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    const std::string head = option.value_name.empty()
                                 ? fmt::format("--{}", option.name)
                                 : fmt::format("--{} {}", option.name, option.value_name);
    text += fmt::format("  {:<24} {}\n", head, option.meaning);
  }
  return text;
}

}  // namespace millrace
