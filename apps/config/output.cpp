#include "apps/config/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/check.hpp"

namespace millrace {
namespace {

constexpr std::array option_list = {
    Option{"output", "FORMAT", "table, json, ndjson or yaml"},
    Option{"json", "", "short for --output json"},
};

bool as_json = false;

void print_line(std::string_view severity, std::string_view code, std::string_view message,
                std::string_view next) {
  if (as_json) {
    fmt::print(stderr, "{}\n",
               Document::object()
                   .set(severity, Document::object()
                                      .set("code", std::string(code))
                                      .set("message", std::string(message))
                                      .set("next", std::string(next)))
                   .json());
    return;
  }
  fmt::print(stderr, "{} {}: {}\n", severity, code, message);
  if (!next.empty()) fmt::print(stderr, "  next: {}\n", next);
}

}  // namespace

std::span<const Option> output_options() { return option_list; }

Result<OutputFormat> output_format(const CommandLine& line) {
  if (line.has("json")) return OutputFormat::json;
  const std::string name = line.value("output").value_or("table");
  if (name == "table") return OutputFormat::table;
  if (name == "json") return OutputFormat::json;
  if (name == "ndjson") return OutputFormat::ndjson;
  if (name == "yaml") return OutputFormat::yaml;
  return fail(Errc::malformed, fmt::format("--output takes table, json, ndjson or yaml: {}", name));
}

std::string rendered(const Document& document, OutputFormat format) {
  CHECK(format != OutputFormat::table);
  if (format == OutputFormat::json) return document.json();
  return format == OutputFormat::yaml ? document.yaml() : document.ndjson();
}

std::string text_table(const std::vector<std::string>& headings,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings) widths.push_back(heading.size());
  for (const auto& row : rows) {
    CHECK(row.size() == headings.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  const auto add_row = [&](const std::vector<std::string>& cells) {
    std::string row;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      row += fmt::format("{:<{}}  ", cells[i], widths[i]);
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  };
  add_row(headings);
  for (const auto& row : rows) add_row(row);
  return text;
}

void print_result(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_errors_as_asked(std::span<const std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool named = arguments[i] == "--output" && i + 1 < arguments.size();
    const std::string_view format = named ? std::string_view(arguments[i + 1]) : arguments[i];
    as_json |= format == "--json" || format == "--output=json" || format == "--output=ndjson" ||
               (named && (format == "json" || format == "ndjson"));
  }
}

void print_error(std::string_view code, std::string_view message, std::string_view next) {
  print_line("error", code, message, next);
}

void print_findings(std::span<const Finding> findings) {
  for (const Finding& finding : findings) {
    const bool warning = finding.severity == Finding::Severity::warning;
    print_line(warning ? "warning" : "error", finding.code, finding.message, finding.next);
  }
}

}  // namespace millrace
