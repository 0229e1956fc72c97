#pragma once
#include "apps/config/configuration.hpp"

namespace millrace {

/// Merges the sources of one configuration in order, then checks what came out.
class ConfigurationLoader {
 public:
  void add_file(const std::filesystem::path& path);
  void add_environment(const std::vector<Variable>& variables);
  void add_flags(const std::vector<Setting>& flags);

  /// Checks values, security keys and dangerous pairs. The loader is empty afterwards.
  [[nodiscard]] ConfigurationOutcome finish();

 private:
  void put(const Setting& setting);
  void check_winner(const Setting& setting);
  void check_value(const KeySpec& spec, const Setting& setting);
  void check_pairs();
  void check_secret_off_loopback(const Key<std::vector<Listener>>& listener,
                                 const Key<std::string>& secret);
  void report(Finding::Severity severity, std::string code, std::string message, std::string next);

  ConfigurationOutcome outcome_;
};

}  // namespace millrace
