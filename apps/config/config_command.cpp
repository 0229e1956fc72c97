#include "apps/config/config_command.hpp"

#include <fmt/format.h>

#include "apps/config/output.hpp"

namespace millrace {
namespace {

constexpr std::string_view usage_text =
    "usage: millrace config show|check [options]\n"
    "  show   every key, its value and where it came from\n"
    "  check  what a server would refuse or ignore\n";

std::vector<Option> all_options() {
  std::vector<Option> options(configuration_options().begin(), configuration_options().end());
  options.insert(options.end(), output_options().begin(), output_options().end());
  options.push_back({"help", "", "show this text"});
  return options;
}

std::string shown_value(const Setting& setting) {
  if (setting.value.empty() || !is_secret_name(setting.name)) return setting.value;
  return "(hidden)";
}

void show(const Configuration& configuration, OutputFormat format) {
  std::vector<std::vector<std::string>> rows;
  Document document = Document::list();
  for (const Setting& setting : configuration.settings()) {
    const KeySpec& spec = *find_key(setting.name);
    rows.push_back({setting.name, shown_value(setting), to_string(setting.source)});
    document.add(Document::object()
                     .set("key", setting.name)
                     .set("value", shown_value(setting))
                     .set("source", to_string(setting.source))
                     .set("default", spec.default_text)
                     .set("has_effect", spec.standing == Standing::used)
                     .set("meaning", spec.meaning));
  }
  print_result(format == OutputFormat::table ? text_table({"KEY", "VALUE", "SOURCE"}, rows)
                                             : rendered(document, format));
}

void print_check(const ConfigurationOutcome& outcome, OutputFormat format) {
  std::vector<std::vector<std::string>> rows;
  Document document = Document::list();
  for (const Finding& finding : outcome.findings) {
    const std::string severity =
        finding.severity == Finding::Severity::warning ? "warning" : "error";
    rows.push_back({severity, finding.code, finding.message, finding.next});
    document.add(Document::object()
                     .set("severity", severity)
                     .set("code", finding.code)
                     .set("message", finding.message)
                     .set("next", finding.next));
  }
  print_result(format == OutputFormat::table
                   ? text_table({"SEVERITY", "CODE", "MESSAGE", "NEXT"}, rows)
                   : rendered(document, format));
}

}  // namespace

Result<ConfigurationOutcome> configuration_of(const CommandLine& line) {
  auto flags = flag_settings(line);
  if (!flags) return tl::unexpected(flags.error());
  return load_configuration({configuration_file(line), process_environment(), *std::move(flags)});
}

ExitCode run_config_command(std::span<const std::string> arguments) {
  const std::vector<Option> options = all_options();
  const auto line = CommandLine::parse(arguments, options);
  if (line && line->has("help")) {
    print_result(std::string(usage_text) + describe(options));
    return ExitCode::fine;
  }
  if (!line || line->words().size() != 1 ||
      (line->words()[0] != "show" && line->words()[0] != "check")) {
    print_error("usage", line ? "expected: config show, or config check" : line.error().message,
                "millrace config --help");
    return ExitCode::usage;
  }
  const auto format = output_format(*line);
  const auto outcome = configuration_of(*line);
  if (!format || !outcome) {
    print_error("usage", (format ? outcome.error() : format.error()).message,
                "millrace config --help");
    return ExitCode::usage;
  }
  if (line->words()[0] == "check") {
    print_check(*outcome, *format);
  } else {
    print_findings(outcome->findings);
    show(outcome->configuration, *format);
  }
  return outcome->usable() ? ExitCode::fine : ExitCode::usage;
}

}  // namespace millrace
