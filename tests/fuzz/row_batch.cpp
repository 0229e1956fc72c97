#include <arrow/record_batch.h>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "protocol/batch_check.hpp"
#include "protocol/row_batch_codec.hpp"
#include "tests/fuzz/fuzz_schemas.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/golden/golden_file.hpp"

// A log batch of the formats INDEXED and COMPACTED: the server's check and all values. What was
// read is written and read again as the same rows.

namespace millrace::fuzz {
namespace {

using namespace protocol;

constexpr RowFormat formats[] = {RowFormat::indexed, RowFormat::compacted};

/// A batch of `records` that has nothing else to be refused for.
Buffer batch_of(std::int32_t rows, const Buffer& records) {
  std::vector<std::byte> bytes(log_batch_header_size);
  bytes.insert(bytes.end(), records.bytes().begin(), records.bytes().end());
  return finish_batch(std::move(bytes), start_header(rows, {}).value());
}

void read_with(const Buffer& batch, const Schema& schema, RowFormat format) {
  const LogFormat log_format =
      format == RowFormat::indexed ? LogFormat::indexed : LogFormat::compacted;
  (void)BatchCheck(log_format, schema).check(batch);
  const auto last = static_cast<std::int32_t>(schema.columns.size() - 1);
  (void)decode_row_batch(batch, schema, format, std::vector<std::int32_t>{last});
  const auto read = decode_row_batch(batch, schema, format);
  if (!read) return;
  CHECK(read->rows->ValidateFull().ok());
  const auto written = encode_row_batch(*read->rows, schema, format, {.changes = read->changes});
  // A moment may lie beyond what milliseconds reach, a nested null where none may be.
  if (!written) return;
  CHECK(BatchCheck(log_format, schema).check(*written).has_value());
  const auto again = decode_row_batch(*written, schema, format);
  CHECK(again.has_value());
  CHECK(again->changes == read->changes);
  CHECK(again->rows->Equals(*read->rows, false, arrow::EqualOptions::Defaults().nans_equal(true)));
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const Schema& schema = schemas()[reader.below(schemas().size())];
  const RowFormat format = formats[reader.below(2)];
  const std::size_t rows = reader.below(8);
  // Zero: the input is a batch with its header, whatever that says.
  read_with(rows == 0 ? reader.rest() : batch_of(static_cast<std::int32_t>(rows), reader.rest()),
            schema, format);
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  const auto add = [&](std::size_t schema, std::size_t format, std::size_t rows,
                       std::string_view bytes) {
    made.push_back(InputWriter().byte(schema).byte(format).byte(rows).rest(bytes).done());
  };
  add(0, 0, 0, golden_file("log_v0_indexed_append.bin").text());
  add(0, 1, 0, golden_file("log_v0_compacted_append.bin").text());
  add(0, 1, 0, golden_file("log_v0_compacted_changelog.bin").text());
  for (std::size_t schema = 0; schema < schemas().size(); ++schema) {
    for (std::size_t format = 0; format < 2; ++format) {
      Random random(schema);
      const auto rows = random_rows(schemas()[schema], 2, random);
      const auto batch = encode_row_batch(*rows, schemas()[schema], formats[format], {});
      if (!batch) continue;  // A null drawn where there must be none.
      add(schema, format, 2, batch->text().substr(log_batch_header_size));
    }
  }
  return made;
}

}  // namespace millrace::fuzz
