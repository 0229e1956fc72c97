// docs/options.md lists every server key as the code knows it.
#include <fmt/format.h>

#include <algorithm>

#include "apps/config/configuration.hpp"
#include "tests/unit/document_section.hpp"

namespace millrace {
namespace {

std::string_view name_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return "text";
    case ValueKind::list:
      return "list";
    case ValueKind::boolean:
      return "boolean";
    case ValueKind::integer:
      return "integer";
    case ValueKind::size:
      return "size";
    case ValueKind::duration:
      return "duration";
    case ValueKind::listeners:
      return "listeners";
  }
  return "";
}

std::string used_row(const KeySpec& spec) {
  return fmt::format("| {} | {} | {} | {} |\n", spec.name, name_of(spec.kind), spec.default_text,
                     spec.meaning);
}

std::string rows_of(Standing standing, std::string (*row)(const KeySpec&)) {
  std::vector<const KeySpec*> specs;
  for (const KeySpec& spec : known_keys()) {
    if (spec.standing == standing) specs.push_back(&spec);
  }
  std::ranges::sort(specs, {}, &KeySpec::name);
  std::string rows;
  for (const KeySpec* spec : specs) rows += row(*spec);
  return rows;
}

TEST(KeyList, IsTheOneInTheDocuments) {
  test::expect_section("options.md", "server keys",
                       "| key | type | default | meaning |\n|---|---|---|---|\n" +
                           rows_of(Standing::used, used_row));
  const auto name_only = [](const KeySpec& spec) { return fmt::format("- {}\n", spec.name); };
  test::expect_section("options.md", "server keys without effect",
                       rows_of(Standing::without_effect, name_only));
  test::expect_section("options.md", "security keys", rows_of(Standing::security, name_only));
}

// What the lists say is what a server does with the key.
TEST(KeyList, EveryKeyIsTakenAsItsStandingSays) {
  for (const KeySpec& spec : known_keys()) {
    SCOPED_TRACE(spec.name);
    std::string name(spec.name);
    if (is_family(spec)) name.replace(name.size() - 1, 1, "some");
    // Not a value that means nothing: that is fine even where it would promise protection.
    const std::string value =
        spec.standing == Standing::security ? "on" : std::string(spec.default_text);
    const auto outcome =
        load_configuration({std::nullopt, {}, {{name, value, {SourceKind::flag, "--set"}}}});
    const auto has = [&](std::string_view code) {
      return std::ranges::any_of(outcome.findings,
                                 [&](const Finding& finding) { return finding.code == code; });
    };
    EXPECT_FALSE(has("config.unknown_key"));
    EXPECT_EQ(has("config.no_effect"), spec.standing == Standing::without_effect);
    EXPECT_EQ(has("config.security_not_built"), spec.standing == Standing::security);
    EXPECT_EQ(outcome.usable(), spec.standing != Standing::security);
  }
}

}  // namespace
}  // namespace millrace
