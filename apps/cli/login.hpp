#pragma once
#include <optional>
#include <span>

#include "apps/config/command_line.hpp"
#include "client/connection.hpp"

namespace millrace::cli {

/// The options that say who the user is. Each has a variable: MILLRACE_CLIENT_ and the rest of the
/// Fluss key, as MILLRACE_CLIENT_SECURITY_SASL_USERNAME.
[[nodiscard]] std::span<const Option> login_options();

/// Who asks, from flags, then the environment; nothing: nobody has to know. Errors: malformed,
/// never with a password in it.
[[nodiscard]] Result<std::optional<client::PlainLogin>> login_of(const CommandLine& line);

}  // namespace millrace::cli
