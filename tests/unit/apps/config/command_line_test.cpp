#include "apps/config/command_line.hpp"

#include <gtest/gtest.h>

#include "apps/config/nearest_name.hpp"

namespace millrace {
namespace {

using Words = std::vector<std::string>;

Result<CommandLine> parse(const Words& arguments) {
  return CommandLine::parse(arguments, configuration_options());
}

TEST(CommandLine, ReadsBothSpellingsAndKeepsWords) {
  const auto line = parse({"show", "--set", "a=1", "--set=b=2=3", "check"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->words(), (Words{"show", "check"}));
  EXPECT_EQ(line->values("set"), (Words{"a=1", "b=2=3"}));
  const auto settings = flag_settings(*line);
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->size(), 2U);
  EXPECT_EQ((*settings)[1].value, "2=3");
}

TEST(CommandLine, NamedFlagsSetTheirKeyAndSetWins) {
  const auto line = parse({"--set", "data.dir=b", "--data-dir", "a"});
  ASSERT_TRUE(line);
  const auto settings = flag_settings(*line);
  ASSERT_TRUE(settings);
  EXPECT_EQ((*settings)[0].name, "data.dir");
  EXPECT_EQ(to_string((*settings)[0].source), "flag:--data-dir");
  EXPECT_EQ((*settings)[1].value, "b");
}

TEST(CommandLine, ArgumentsForAChildMeanTheSame) {
  const auto line = parse({"--roles", "tablet", "--set", "a=1", "--config", "/x/server.yaml"});
  ASSERT_TRUE(line);
  EXPECT_EQ(configuration_arguments(*line),
            (Words{"--config=/x/server.yaml", "--set=a=1", "--roles=tablet"}));
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse({"--sett", "a=1"}).error().message, "unknown option --sett, did you mean --set?");
  EXPECT_FALSE(parse({"--conf", "x"})) << "a prefix is not guessed";
  EXPECT_FALSE(parse({"--set"}));
  EXPECT_FALSE(parse({"-x"}));
  EXPECT_FALSE(flag_settings(*parse({"--set", "novalue"})));
  EXPECT_FALSE(flag_settings(*parse({"--set", "=x"})));
}

TEST(CommandLine, NumbersHaveBounds) {
  const std::vector<Option> options = {{"hosts", "N", ""}};
  const auto line = CommandLine::parse(Words{"--hosts", "9"}, options);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->number("hosts", 3, 1, 9), 9);
  EXPECT_FALSE(line->number("hosts", 3, 1, 8));
  EXPECT_EQ(CommandLine::parse(Words{}, options)->number("hosts", 3, 1, 8), 3);
}

TEST(NearestName, FindsTyposOnly) {
  const std::vector<std::string_view> names = {"up", "down", "status"};
  EXPECT_EQ(nearest_name("stauts", names), "status");
  EXPECT_EQ(nearest_name("dwon", names), "down");
  EXPECT_EQ(nearest_name("completely-different", names), "");
}

}  // namespace
}  // namespace millrace
