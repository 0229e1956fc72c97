#include "protocol/predicate.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/protocol/statistics_batch.hpp"

namespace millrace::protocol {
namespace {

using wire::PbLiteralValue;
using wire::PbPredicate;

enum Leaf { eq, ne, lt, le, gt, ge, is_null, not_null, starts, contains, ends, in, not_in };

PbLiteralValue literal(std::int64_t value) {
  PbLiteralValue out;
  out.set_literal_type(4);
  out.set_is_null(false);
  out.set_bigint_value(value);
  return out;
}
PbLiteralValue literal(double value) {
  PbLiteralValue out;
  out.set_literal_type(6);
  out.set_is_null(false);
  out.set_double_value(value);
  return out;
}
PbLiteralValue literal(const std::string& value) {
  PbLiteralValue out;
  out.set_literal_type(8);
  out.set_is_null(false);
  out.set_string_value(value);
  return out;
}

PbPredicate leaf(std::int32_t function, std::int32_t field,
                 const std::vector<PbLiteralValue>& literals = {}) {
  PbPredicate out;
  out.set_type(0);
  out.mutable_leaf()->set_function(function);
  out.mutable_leaf()->set_field_id(field);
  for (const PbLiteralValue& one : literals) *out.mutable_leaf()->add_literals() = one;
  return out;
}

PbPredicate compound(std::int32_t function, const std::vector<PbPredicate>& children) {
  PbPredicate out;
  out.set_type(1);
  out.mutable_compound()->set_function(function);
  for (const PbPredicate& child : children) *out.mutable_compound()->add_children() = child;
  return out;
}

std::uint64_t slot(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::uint64_t slot(double value) { return std::bit_cast<std::uint64_t>(value); }
std::uint64_t slot(const std::string& text) {
  std::uint64_t out = std::uint64_t{0x80U | text.size()} << 56;
  for (std::size_t i = 0; i < text.size(); ++i)
    out |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  return out;
}

/// Columns with the ids 10 to 13: a number, a text, a double, and one without statistics.
class PredicateTest : public testing::Test {
 protected:
  PredicateTest() {
    schema = schema_of({{"n", "BIGINT"}, {"s", "STRING"}, {"d", "DOUBLE"}, {"x", "BIGINT"}});
    for (std::size_t i = 0; i < schema.columns.size(); ++i)
      schema.columns[i].id = static_cast<std::int32_t>(10 + i);
    plain = encode_batch(
                *rows_of(schema, {"[1, 2, 3]", R"(["a", "b", "c"])", "[1, 2, 3]", "[1, 2, 3]"}), {})
                .value();
    claim({{0, 0, slot(std::int64_t{-5}), slot(std::int64_t{20})},
           {1, 1, slot(std::string("bb")), slot(std::string("dd"))},
           {2, 0, slot(-1.5), slot(0.0)}});
  }

  void claim(const std::vector<ClaimedColumn>& columns) {
    statistics =
        BatchStatistics::read(with_statistics(plain, statistics_block(columns))).value().value();
  }

  [[nodiscard]] bool may(const PbPredicate& predicate) const {
    return may_match(parse_predicate(serialize(predicate).bytes()).value(), statistics, schema);
  }
  template <class T>
  [[nodiscard]] bool may(std::int32_t function, std::int32_t field, T value) const {
    return may(leaf(function, field, {literal(value)}));
  }

  Schema schema;
  Buffer plain;
  BatchStatistics statistics;
};

TEST_F(PredicateTest, NumbersAreLookedForBetweenLeastAndGreatest) {
  using Int = std::int64_t;
  for (const Int inside : {Int{-5}, Int{0}, Int{20}}) EXPECT_TRUE(may(eq, 10, inside)) << inside;
  for (const Int outside : {Int{-6}, Int{21}}) EXPECT_FALSE(may(eq, 10, outside)) << outside;
  EXPECT_FALSE(may(lt, 10, Int{-5}));
  EXPECT_TRUE(may(lt, 10, Int{-4}));
  EXPECT_TRUE(may(le, 10, Int{-5}));
  EXPECT_FALSE(may(le, 10, Int{-6}));
  EXPECT_FALSE(may(gt, 10, Int{20}));
  EXPECT_TRUE(may(gt, 10, Int{19}));
  EXPECT_TRUE(may(ge, 10, Int{20}));
  EXPECT_FALSE(may(ge, 10, Int{21}));
  EXPECT_TRUE(may(ne, 10, Int{7}));
  EXPECT_TRUE(may(leaf(in, 10, {literal(Int{-9}), literal(Int{3})})));
  EXPECT_FALSE(may(leaf(in, 10, {literal(Int{-9}), literal(Int{30})})));
  EXPECT_FALSE(may(leaf(in, 10)));
  EXPECT_TRUE(may(leaf(not_in, 10, {literal(Int{3})})));
  claim({{0, 0, slot(Int{7}), slot(Int{7})}});
  EXPECT_FALSE(may(ne, 10, Int{7}));
  EXPECT_FALSE(may(leaf(not_in, 10, {literal(Int{3}), literal(Int{7})})));
}

TEST_F(PredicateTest, TextIsComparedByItsBytes) {
  const std::string high = "d\xc3\xa4";
  EXPECT_TRUE(may(eq, 11, std::string("c")));
  EXPECT_FALSE(may(eq, 11, std::string("b")));
  EXPECT_FALSE(may(eq, 11, high));
  for (const char* prefix : {"", "b", "bb", "c", "d", "dd"})
    EXPECT_TRUE(may(starts, 11, std::string(prefix))) << prefix;
  for (const char* prefix : {"a", "ba", "e", "ddd"})
    EXPECT_FALSE(may(starts, 11, std::string(prefix))) << prefix;
  EXPECT_TRUE(may(contains, 11, std::string("zzz")));
  EXPECT_TRUE(may(ends, 11, std::string("zzz")));
}

TEST_F(PredicateTest, NullsAreCounted) {
  EXPECT_FALSE(may(leaf(is_null, 10)));
  EXPECT_TRUE(may(leaf(is_null, 11)));
  EXPECT_TRUE(may(leaf(not_null, 11)));
  claim({{0, 3, {}, {}}});
  EXPECT_TRUE(may(leaf(is_null, 10)));
  EXPECT_FALSE(may(leaf(not_null, 10)));
  EXPECT_FALSE(may(eq, 10, std::int64_t{1}));
  EXPECT_FALSE(may(ne, 10, std::int64_t{1}));
}

TEST_F(PredicateTest, ZerosAndNansOfDoublesAreNeverTheReasonToLeaveOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double zero : {0.0, -0.0}) {
    for (const std::int32_t function : {eq, ne, lt, le, gt, ge})
      EXPECT_TRUE(may(function, 12, zero)) << function;
  }
  EXPECT_FALSE(may(gt, 12, 0.5));
  EXPECT_FALSE(may(lt, 12, -1.5));
  for (const std::int32_t function : {eq, ne, lt, le, gt, ge}) EXPECT_TRUE(may(function, 12, nan));
  claim({{2, 0, slot(nan), slot(nan)}});
  EXPECT_FALSE(may(lt, 12, 5.0));
  EXPECT_TRUE(may(gt, 12, 5.0));
}

TEST_F(PredicateTest, DoubtKeepsTheBatch) {
  EXPECT_TRUE(may(eq, 13, std::int64_t{99}));  // No statistics.
  EXPECT_TRUE(may(eq, 77, std::int64_t{99}));  // No such column.
  EXPECT_TRUE(may(eq, 10, std::string("x")));  // Another type.
  EXPECT_TRUE(may(99, 10, std::int64_t{99}));  // An unknown function.
  EXPECT_TRUE(may(leaf(eq, 10)));              // No literal.
  PbLiteralValue null = literal(std::int64_t{0});
  null.set_is_null(true);
  EXPECT_TRUE(may(leaf(eq, 10, {null})));
  PbPredicate odd;
  odd.set_type(7);
  EXPECT_TRUE(may(odd));
  odd.set_type(0);
  EXPECT_TRUE(may(odd));
  EXPECT_TRUE(may(compound(9, {leaf(is_null, 10)})));
}

TEST_F(PredicateTest, CompoundsAreEvaluated) {
  const PbPredicate yes = leaf(eq, 10, {literal(std::int64_t{0})});
  const PbPredicate no = leaf(eq, 10, {literal(std::int64_t{99})});
  EXPECT_TRUE(may(compound(0, {yes, yes})));
  EXPECT_FALSE(may(compound(0, {yes, no})));
  EXPECT_TRUE(may(compound(1, {no, yes})));
  EXPECT_FALSE(may(compound(1, {no, no})));
  EXPECT_FALSE(may(compound(0, {yes, compound(1, {no, no})})));
}

TEST_F(PredicateTest, TooMuchIsRefused) {
  PbPredicate deep = leaf(is_null, 10);
  for (int i = 0; i <= predicate_depth_max; ++i) deep = compound(0, {deep});
  EXPECT_EQ(parse_predicate(serialize(deep).bytes()).error().code, Errc::overloaded);
  const std::vector<PbLiteralValue> many(predicate_parts_max + 1, literal(std::int64_t{1}));
  EXPECT_EQ(parse_predicate(serialize(leaf(in, 10, many)).bytes()).error().code, Errc::overloaded);
  EXPECT_FALSE(parse_predicate(Buffer::from("no").bytes()).has_value());
}

TEST(Statistics, EveryTypeIsReadFromItsSlot) {
  const auto least_of = [](const std::string& type, std::uint64_t bits, const std::string& tail) {
    const Schema schema = schema_of({{"c", type}});
    const Buffer batch = with_statistics(encode_batch(*rows_of(schema, {"[null]"}), {}).value(),
                                         statistics_block({{0, 0, bits, bits}}, tail));
    const auto column = BatchStatistics::read(batch).value().value().of(0, schema.columns[0].type);
    return column ? column->least : std::nullopt;
  };
  using Value = ComparableValue;
  EXPECT_EQ(least_of("BOOLEAN", 1, ""), comparable(std::int64_t{1}));
  EXPECT_EQ(least_of("TINYINT", 0xff, ""), comparable(std::int64_t{-1}));
  EXPECT_EQ(least_of("SMALLINT", 0xfffe, ""), comparable(std::int64_t{-2}));
  EXPECT_EQ(least_of("INT", 0xfffffffd, ""), comparable(std::int64_t{-3}));
  EXPECT_EQ(least_of("DATE", 5, ""), comparable(std::int64_t{5}));
  EXPECT_EQ(least_of("TIME(3)", 5, ""), comparable(std::int64_t{5}));
  EXPECT_EQ(least_of("FLOAT", std::bit_cast<std::uint32_t>(1.5F), ""), comparable(1.5));
  EXPECT_EQ(least_of("DECIMAL(10, 2)", slot(std::int64_t{-7}), ""),
            comparable_decimal(std::int64_t{-7}));
  EXPECT_EQ(least_of("TIMESTAMP(3)", slot(std::int64_t{-7}), ""), (Value{.high = -7}));
  // Behind the header word and the slot, at byte 16.
  const std::string millis("\x05\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(least_of("TIMESTAMP(6)", std::uint64_t{16} << 32 | 250, millis),
            (Value{.high = 5, .low = 250}));
  EXPECT_EQ(least_of("STRING", std::uint64_t{16} << 32 | 8, "12345678"),
            (Value{.text = "12345678"}));
  EXPECT_EQ(least_of("DECIMAL(30, 0)", std::uint64_t{16} << 32 | 2, "\xff\xfe"),
            comparable_decimal(std::int64_t{-2}));
  EXPECT_EQ(least_of("STRING", std::uint64_t{16} << 32 | 9, "12345678"), std::nullopt);
  EXPECT_EQ(least_of("STRING", std::uint64_t{1000} << 32 | 1, ""), std::nullopt);
  EXPECT_EQ(least_of("TIMESTAMP(6)", std::uint64_t{17} << 32, millis), std::nullopt);
  EXPECT_EQ(least_of("BYTES", 1, ""), std::nullopt);
}

TEST(Statistics, OrderOfComparableValuesIsThatOfTheValues) {
  const std::vector<double> ascending{
      -std::numeric_limits<double>::infinity(), -1e300,      -1.5, -1e-300, 0.0, 1e-300, 1.5, 1e300,
      std::numeric_limits<double>::infinity(),  std::nan("")};
  for (std::size_t i = 1; i < ascending.size(); ++i)
    EXPECT_LT(comparable(ascending[i - 1]), comparable(ascending[i])) << i;
  EXPECT_EQ(comparable(0.0), comparable(-0.0));
  EXPECT_LT(comparable_decimal(std::int64_t{-2}), comparable_decimal(std::int64_t{-1}));
  EXPECT_LT(comparable_decimal(std::int64_t{-1}), comparable_decimal(std::int64_t{0}));
  EXPECT_LT((ComparableValue{.text = "a"}), (ComparableValue{.text = "\xff"}));
}

TEST(Statistics, AnyBytesAreReadSafely) {
  const Schema schema = schema_of({{"s", "STRING"}, {"d", "DECIMAL(30, 0)"}, {"n", "BIGINT"}});
  const Buffer plain = encode_batch(*rows_of(schema, {"[null]", "[null]", "[null]"}), {}).value();
  const std::vector<std::byte> block = statistics_block({{0, 0, std::uint64_t{32} << 32 | 9, 1},
                                                         {1, 0, std::uint64_t{32} << 32 | 9, 2},
                                                         {2, 0, 1, 2}},
                                                        "some text");
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    std::vector<std::byte> mutated = block;
    for (std::uint64_t i = 1 + random.below(4); i > 0; --i)
      mutated[random.below(mutated.size())] = static_cast<std::byte>(random.below(256));
    if (random.chance(1, 4)) mutated.resize(random.below(mutated.size() + 1));
    const auto statistics = BatchStatistics::read(with_statistics(plain, mutated));
    if (!statistics || !*statistics) continue;
    for (std::int32_t i = 0; i < 3; ++i)
      (void)(*statistics)->of(i, schema.columns[static_cast<std::size_t>(i)].type);
  }
}

}  // namespace
}  // namespace millrace::protocol
