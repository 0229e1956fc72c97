#pragma once
#include <string>
#include <tl/expected.hpp>

#include "apps/config/command_line.hpp"
#include "base/result.hpp"
#include "protocol/error_code.hpp"

namespace millrace::cli {

/// Why a command ended, as people read it: a code, one sentence with the cause, what to do next.
struct Failure {
  std::string code;  ///< "7 TABLE_NOT_EXIST" of the protocol, or a word such as "usage".
  std::string message;
  std::string next;  ///< A command or an option to try; may be empty.
  ExitCode exit = ExitCode::failed;
};

template <class T>
using Done = tl::expected<T, Failure>;

[[nodiscard]] tl::unexpected<Failure> usage_failure(std::string message, std::string next);
/// What the cluster or the way to it said.
[[nodiscard]] tl::unexpected<Failure> failed(const protocol::ProtocolError& error);
/// What went wrong here, with a file most likely.
[[nodiscard]] tl::unexpected<Failure> failed(const Error& error);

/// Writes a failure to standard error.
void print_failure(const Failure& failure);

}  // namespace millrace::cli
