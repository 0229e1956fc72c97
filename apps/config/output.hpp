#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/command_line.hpp"
#include "apps/config/document.hpp"

namespace millrace {

enum class OutputFormat : std::uint8_t { table, json, ndjson, yaml };

/// The options that every printing command takes: --output and its short form --json.
[[nodiscard]] std::span<const Option> output_options();

/// Errors: malformed for an unknown format.
[[nodiscard]] Result<OutputFormat> output_format(const CommandLine& line);

/// The document in the machine formats. Requires a format other than table.
[[nodiscard]] std::string rendered(const Document& document, OutputFormat format);

/// Columns under their headings, aligned, two blanks apart.
[[nodiscard]] std::string text_table(const std::vector<std::string>& headings,
                                     const std::vector<std::vector<std::string>>& rows);

/// Writes the whole result to standard output. A reader that went away is no error.
void print_result(std::string_view text);

/// Whoever asked for JSON gets errors and findings as JSON, too, one object per line.
void print_errors_as_asked(std::span<const std::string> arguments);

/// Writes `error CODE: message` and the next step to standard error.
void print_error(std::string_view code, std::string_view message, std::string_view next);

/// Writes each finding to standard error.
void print_findings(std::span<const Finding> findings);

}  // namespace millrace
