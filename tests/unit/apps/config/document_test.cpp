#include "apps/config/document.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "apps/config/output.hpp"

namespace millrace {
namespace {

Document sample() {
  return Document::object()
      .set("name", "a\"b\n")
      .set("none", Document())
      .set("empty", Document::list())
      .set("list", Document::list().add(1).add(Document::object().set("x", true).set("y", 2)));
}

TEST(Document, PrintsJson) {
  EXPECT_EQ(
      sample().json(),
      "{\"name\":\"a\\\"b\\n\",\"none\":null,\"empty\":[],\"list\":[1,{\"x\":true,\"y\":2}]}\n");
}

TEST(Document, NumbersWithAFractionKeepIt) {
  EXPECT_EQ(Document::list().add(0.25).add(-1e300).add(0.0 / 0.0).json(), "[0.25,-1e+300,null]\n");
}

TEST(Document, YamlSaysTheSameAsJson) {
  const YAML::Node yaml = YAML::Load(sample().yaml());
  EXPECT_EQ(yaml["name"].as<std::string>(), "a\"b\n");
  EXPECT_TRUE(yaml["none"].IsNull());
  EXPECT_EQ(yaml["empty"].size(), 0U);
  EXPECT_EQ(yaml["list"][1]["y"].as<int>(), 2);
}

TEST(Document, NdjsonHasOneLinePerElement) {
  EXPECT_EQ(Document::list().add(1).add("x").ndjson(), "1\n\"x\"\n");
  EXPECT_EQ(Document::object().set("a", 1).ndjson(), "{\"a\":1}\n");
}

TEST(TextTable, AlignsColumns) {
  EXPECT_EQ(text_table({"A", "BB"}, {{"long", "x"}, {"s", ""}}), "A     BB\nlong  x\ns\n");
}

}  // namespace
}  // namespace millrace
