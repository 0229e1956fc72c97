#include <arrow/record_batch.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sstream>

#include "apps/cli/row_source.hpp"
#include "apps/cli/row_text.hpp"
#include "apps/demo/flights_file.hpp"
#include "base/check.hpp"
#include "protocol/arrow_schema.hpp"
#include "tests/fuzz/fuzz_schemas.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// CSV and NDJSON files as `table load` reads them, into the columns of a table or into those that
// the file suggests; what was read can be printed. And the demo's own reader of CSV.

namespace millrace::fuzz {
namespace {

using cli::FileKind;

/// A file in memory, under a name that other code can open.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : descriptor_(::memfd_create("rows", MFD_CLOEXEC)) {
    CHECK(descriptor_ >= 0);
    CHECK(::write(descriptor_, content.data(), content.size()) ==
          static_cast<ssize_t>(content.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void read(const MemoryFile& file, FileKind kind, const protocol::Schema& schema) {
  auto source = cli::RowSource::open(file.path(), kind, protocol::to_arrow(schema), {});
  if (!source) return;
  std::size_t printed = 0;
  cli::RowPrinter json(cli::RowFormat::ndjson, schema.columns,
                       [&](std::string_view text) { printed += text.size(); });
  cli::RowPrinter table(cli::RowFormat::table, schema.columns,
                        [&](std::string_view text) { printed += text.size(); });
  for (;;) {
    const auto rows = (*source)->next();
    if (!rows || !*rows) break;
    CHECK((*rows)->num_rows() > 0);
    CHECK((*rows)->ValidateFull().ok());
    json.add(**rows);
    table.add(**rows);
    table.flush();
    CHECK(printed > 0);
  }
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t kind = reader.below(3);
  const std::size_t schema = reader.below(schemas().size() + 1);
  const Buffer text = reader.rest();
  if (kind == 2) {
    std::istringstream file{std::string(text.text())};
    (void)demo::totals_of_csv(file);
    return;
  }
  const FileKind file_kind = kind == 0 ? FileKind::csv : FileKind::ndjson;
  const MemoryFile file(text.text());
  if (schema < schemas().size()) return read(file, file_kind, schemas()[schema]);
  if (const auto suggested = cli::infer_schema(file.path(), file_kind, {}))
    read(file, file_kind, *suggested);
}

std::vector<Buffer> seeds() {
  const auto seed = [](std::size_t kind, std::size_t schema, std::string_view text) {
    return InputWriter().byte(kind).byte(schema).rest(text).done();
  };
  const std::size_t suggested = schemas().size();
  return {
      seed(0, 0, "a,b\n1,x\n2,\"y\"\"z\"\n,\n"),
      seed(0, 2,
           "c0,c4,c13,c14,c18,c22,c11\ntrue,5,2022-01-08,12:34:56,2022-01-08T12:00:00,"
           "2022-01-08T12:00:00Z,-12.50\n"),
      seed(0, suggested, "year,dest,time_hour\n2013,IAH,2013-01-01T05:00:00Z\nNA,,\n"),
      seed(1, 1, "{\"a\":1,\"b\":\"x\",\"c\":-2,\"d\":[1,null]}\n{\"a\":null}\n"),
      seed(1, suggested, "{\"n\":1.5,\"t\":\"2013-01-01\",\"r\":{\"x\":[true]}}\n"),
      seed(2, 0, "year,dep_delay,dest,origin,dep_time\n2013,2,IAH,EWR,517\n2013,NA,ORD,EWR,NA\n")};
}

}  // namespace millrace::fuzz
