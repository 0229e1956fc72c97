#include "apps/cli/login.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace millrace::cli {
namespace {

Result<std::optional<client::PlainLogin>> login(const std::vector<std::string>& arguments) {
  const auto line = CommandLine::parse(arguments, login_options());
  if (!line) return tl::unexpected(line.error());
  return login_of(*line);
}

/// A variable of this process for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Login, NobodyLogsInUnlessAsked) {
  EXPECT_FALSE(login({}).value().has_value());
  EXPECT_FALSE(login({"--security-protocol=PLAINTEXT"}).value().has_value());
}

TEST(Login, FlagsSayWho) {
  const auto found = login({"--security-protocol=SASL", "--sasl-mechanism=plain",
                            "--sasl-username=bob", "--sasl-password=pw"});
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->username, "bob");
  EXPECT_EQ((*found)->password, "pw");
}

TEST(Login, VariablesSayWhoWhereFlagsDoNot) {
  const Variable protocol("MILLRACE_CLIENT_SECURITY_PROTOCOL", "sasl");
  const Variable username("MILLRACE_CLIENT_SECURITY_SASL_USERNAME", "ann");
  const Variable password("MILLRACE_CLIENT_SECURITY_SASL_PASSWORD", "from variable");
  EXPECT_EQ(login({}).value()->username, "ann");
  EXPECT_EQ(login({}).value()->password, "from variable");
  EXPECT_EQ(login({"--sasl-username=bob"}).value()->username, "bob");
  EXPECT_FALSE(login({"--security-protocol=plaintext"}).value().has_value());
}

TEST(Login, APasswordMayStandInAFile) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("millrace-login-" + std::to_string(::getpid()) + ".txt");
  std::ofstream(path) << "from file\r\nmore\n";
  const std::string file = "--sasl-password-file=" + path.string();
  EXPECT_EQ(login({"--security-protocol=sasl", "--sasl-username=b", file}).value()->password,
            "from file");
  const Variable password("MILLRACE_CLIENT_SECURITY_SASL_PASSWORD", "from variable");
  EXPECT_EQ(login({"--security-protocol=sasl", "--sasl-username=b", file}).value()->password,
            "from file");
  std::filesystem::remove(path);
  EXPECT_FALSE(login({"--security-protocol=sasl", "--sasl-username=b", file}).has_value());
}

TEST(Login, WhatIsMissingOrNotBuiltIsSaid) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--security-protocol=ssl"},
           {"--sasl-username=bob"},
           {"--security-protocol=sasl"},
           {"--security-protocol=sasl", "--sasl-username=bob"},
           {"--security-protocol=sasl", "--sasl-password=hunter2"},
           {"--security-protocol=sasl", "--sasl-username=bob", "--sasl-password=hunter2",
            "--sasl-mechanism=SCRAM-SHA-256"}}) {
    const auto refused = login(arguments);
    ASSERT_FALSE(refused.has_value()) << arguments.back();
    EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  }
  const Variable password("MILLRACE_CLIENT_SECURITY_SASL_PASSWORD", "");
  EXPECT_FALSE(login({"--security-protocol=sasl", "--sasl-username=bob"}).has_value());
}

}  // namespace
}  // namespace millrace::cli
