#include "apps/cli/failure.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/config/output.hpp"

namespace millrace::cli {

using protocol::ErrorCode;

namespace {

std::string_view next_step(ErrorCode code) {
  switch (code) {
    case ErrorCode::network_exception:
      return "check --bootstrap HOST:PORT; millrace status tells what runs here";
    case ErrorCode::request_time_out:
      return "try again with a longer --timeout";
    case ErrorCode::unsupported_version:
      return "the server is too old or too new for this command";
    case ErrorCode::database_not_exist:
      return "millrace db ls";
    case ErrorCode::database_not_empty:
      return "millrace table ls DATABASE, or drop it with --cascade";
    case ErrorCode::database_already_exist:
      return "millrace db create NAME --if-not-exists";
    case ErrorCode::table_not_exist:
      return "millrace table ls";
    case ErrorCode::table_already_exist:
      return "millrace table describe TABLE, or create it with --if-not-exists";
    case ErrorCode::log_offset_out_of_range_exception:
      return "millrace table describe TABLE shows the offsets that exist";
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::leader_not_available_exception:
      return "millrace table describe TABLE shows the leaders; try again when all buckets have one";
    case ErrorCode::storage_exception:
    case ErrorCode::disk_write_locked:
      return "free some disk space on the server";
    case ErrorCode::authenticate_exception:
      return "--security-protocol sasl --sasl-username NAME --sasl-password-file FILE";
    case ErrorCode::authorization_exception:
      return "millrace acl ls, or ask somebody who may: millrace acl add";
    case ErrorCode::security_disabled_exception:
      return "set authorizer.enabled on the servers";
    case ErrorCode::invalid_config_exception:
      return "correct the --property";
    default:
      return "";
  }
}

/// Some servers answer with a stack trace: its root cause without the class name is what counts.
std::string sentence_of(std::string_view message) {
  constexpr std::string_view cause = "Caused by: ";
  const std::size_t last = message.rfind(cause);
  if (last != std::string_view::npos) message.remove_prefix(last + cause.size());
  message = message.substr(0, message.find('\n'));
  const std::size_t colon = message.find(": ");
  const bool names_class = colon != std::string_view::npos && message.find(' ') == colon + 1 &&
                           message.substr(0, colon).find('.') != std::string_view::npos &&
                           message.substr(0, colon).find(':') == std::string_view::npos;
  return std::string(names_class ? message.substr(colon + 2) : message);
}

}  // namespace

tl::unexpected<Failure> usage_failure(std::string message, std::string next) {
  return tl::unexpected<Failure>(
      Failure{"usage", std::move(message), std::move(next), ExitCode::usage});
}

tl::unexpected<Failure> failed(const protocol::ProtocolError& error) {
  const bool late = error.code == ErrorCode::request_time_out;
  return tl::unexpected<Failure>(
      Failure{fmt::format("{} {}", static_cast<std::int32_t>(error.code), name_of(error.code)),
              sentence_of(error.message), std::string(next_step(error.code)),
              late ? ExitCode::timed_out : ExitCode::failed});
}

tl::unexpected<Failure> failed(const Error& error) {
  return tl::unexpected<Failure>(
      Failure{std::string(name_of(error.code)), error.message, "", ExitCode::failed});
}

void print_failure(const Failure& failure) {
  print_error(failure.code, failure.message, failure.next);
}

}  // namespace millrace::cli
