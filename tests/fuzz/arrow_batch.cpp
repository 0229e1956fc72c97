#include "base/check.hpp"
#include "base/endian.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/projection.hpp"
#include "tests/fuzz/fuzz_schemas.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/protocol/mutation.hpp"

// A log batch of format ARROW in every way that it is read: headers, change types, metadata, the
// server's check, projection, and all of its values. What a server lets in, readers can cut.

namespace millrace::fuzz {
namespace {

using namespace protocol;

/// The length and checksum that the rest asks for: most of what is worth trying lies behind them.
Buffer sealed(const Buffer& input) {
  std::vector<std::byte> bytes(input.bytes().begin(), input.bytes().end());
  if (bytes.size() < log_batch_header_size) return input;
  store_le(bytes.data() + 8, static_cast<std::int32_t>(bytes.size() - length_field_end));
  if (parse_whole_batch(bytes)) seal_crc(bytes);
  return Buffer::from(std::move(bytes));
}

void walk(const Buffer& records) {
  const auto split = split_batches(records);
  BatchCursor cursor(records);
  std::size_t found = 0;
  for (;;) {
    auto batch = cursor.next();
    if (!batch || !*batch) break;
    ++found;
    (void)verify_crc((*batch)->bytes.bytes());
    CHECK(sum_of(stamp((*batch)->bytes, 7, 1000)) == (*batch)->bytes.size());
  }
  if (!split) return;
  CHECK(split->size() == found);
  CHECK(sum_of(*split) == records.size());
}

void read_with(const Buffer& batch, const Schema& schema) {
  const auto last = static_cast<std::int32_t>(schema.columns.size() - 1);
  const auto plan = ProjectionPlan::make(schema, std::vector<std::int32_t>{last}).value();
  const bool is_let_in = check_batch(batch, plan.layout()).has_value();
  if (const auto rows = decode_batch(batch, to_arrow(schema))) {
    CHECK((*rows)->ValidateFull().ok());
    // What we wrote ourselves reads as the same rows.
    const auto again = encode_batch(**rows, {.compression = {.type = CompressionType::lz4_frame}});
    CHECK(again.has_value());
    const auto read = decode_batch(*again, to_arrow(schema));
    CHECK(read.has_value());
    CHECK((*read)->num_rows() == (*rows)->num_rows());
    CHECK((*read)->Equals(**rows, false, arrow::EqualOptions::Defaults().nans_equal(true)));
  }
  const auto pieces = project(batch, plan);
  CHECK(!is_let_in || pieces.has_value());
  if (!pieces) return;
  const Buffer projected = joined(*pieces);
  CHECK(parse_whole_batch(projected.bytes()).has_value());
  (void)decode_batch(projected, to_arrow(schema, plan.fields()));
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const Schema& schema = schemas()[reader.below(schemas().size())];
  const Buffer raw = reader.rest();
  walk(raw);
  const Buffer batch = sealed(raw);
  (void)change_types_of(batch);
  read_with(batch, schema);
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  const auto add = [&](std::size_t schema, const std::string& name) {
    made.push_back(InputWriter().byte(schema).rest(golden_file(name).text()).done());
  };
  for (const std::string name :
       {"append_lz4", "append_lz4_nullstrings", "append_none", "append_none_writer7_seq3",
        "append_zstd3", "changelog_empty", "changelog_none"})
    add(0, "log_v0_arrow_" + name + ".bin");
  add(1, "proj_append_full.bin");
  add(1, "proj_changelog_full.bin");
  for (const std::string codec : {"lz4", "none", "zstd3"})
    add(2, "log_v0_arrow_append_alltypes_" + codec + ".bin");
  for (std::size_t schema = 2; schema < schemas().size(); ++schema) {
    Random random(schema);
    const auto rows = random_rows(schemas()[schema], 3, random);
    made.push_back(InputWriter().byte(schema).rest(encode_batch(*rows, {}).value().text()).done());
  }
  return made;
}

}  // namespace millrace::fuzz
