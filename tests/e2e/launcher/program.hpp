#pragma once
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/agent/file_descriptor.hpp"

namespace millrace {

/// A running `millrace`, its output and its events. Everything that waits gives up after a bound
/// that no healthy run comes near, and then fails the test.
class Program {
 public:
  using Matches = std::function<bool(const YAML::Node& event)>;

  /// Variables are `NAME=value`.
  explicit Program(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& variables = {});
  /// Kills it when it still runs.
  ~Program();

  /// The next line of standard output, or nothing when it ended.
  [[nodiscard]] std::optional<std::string> next_line();
  /// The next line of standard error, or nothing when it ended.
  [[nodiscard]] std::optional<std::string> next_error_line();
  /// The next event with this name that matches; the ones before it are skipped.
  [[nodiscard]] YAML::Node next_event(const std::string& name, const Matches& matches = {});
  void signal(int number) const;
  [[nodiscard]] int process_id() const { return process_id_; }
  /// The exit code, or minus the signal that ended it.
  [[nodiscard]] int wait_for_exit();
  /// All of standard error that was not read before; call it after the exit.
  [[nodiscard]] std::string rest_of_errors();

 private:
  struct Stream {
    FileDescriptor descriptor;
    std::string buffer;
  };
  [[nodiscard]] static std::optional<std::string> line_of(Stream& stream);

  int process_id_ = -1;
  Stream output_;
  Stream errors_;
};

/// Runs a command to its end.
struct Finished {
  int exit_code;
  std::string output;
  std::string errors;
};
[[nodiscard]] Finished run_program(const std::vector<std::string>& arguments,
                                   const std::vector<std::string>& variables = {});

/// What the fake node at `address` says once it has that revision of the map, or nothing.
[[nodiscard]] std::string ask_fake_node(const std::string& address, int revision);

/// The processes whose command line names `directory`; one that has ended names nothing.
[[nodiscard]] std::vector<int> processes_of(const std::filesystem::path& directory);

}  // namespace millrace
