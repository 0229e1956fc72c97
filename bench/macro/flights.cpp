#include "bench/macro/flights.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <limits>
#include <utility>

#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"

namespace millrace::bench {

namespace {

class RepeatedFlights final : public cli::RowSource {
 public:
  RepeatedFlights(const Flights& flights, int copies)
      // As large as they are: the batches were cut when the file was read.
      : RowSource(flights.columns, {.batch_bytes = std::numeric_limits<std::int32_t>::max()}),
        flights_(flights),
        left_(flights.batches.size() * static_cast<std::size_t>(copies)) {}

  [[nodiscard]] double fraction() const override { return left_ == 0 ? 1 : 0; }

 protected:
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> read() override {
    if (left_ == 0) return std::shared_ptr<arrow::RecordBatch>();
    return flights_.batches[--left_ % flights_.batches.size()];
  }

 private:
  const Flights& flights_;
  std::size_t left_;
};

Result<std::uint64_t> bytes_of(const arrow::RecordBatch& rows) {
  const auto bytes = arrow::util::ReferencedBufferSize(rows);
  if (!bytes.ok()) return fail(Errc::malformed, bytes.status().message());
  return static_cast<std::uint64_t>(*bytes);
}

/// Adds a batch and what it weighs.
Status add(Flights& flights, std::shared_ptr<arrow::RecordBatch> rows) {
  std::vector<int> narrow;
  for (const std::string& name : narrow_columns())
    narrow.push_back(rows->schema()->GetFieldIndex(name));
  const auto selected = rows->SelectColumns(narrow);
  if (!selected.ok()) return fail(Errc::malformed, selected.status().message());
  const auto all = bytes_of(*rows);
  const auto some = bytes_of(**selected);
  if (!all) return tl::unexpected(all.error());
  if (!some) return tl::unexpected(some.error());
  flights.bytes += *all;
  flights.narrow_bytes += *some;
  flights.rows += rows->num_rows();
  flights.batches.push_back(std::move(rows));
  return {};
}

}  // namespace

const std::vector<std::string>& narrow_columns() {
  static const std::vector<std::string> names = {"dep_time", "dep_delay", "carrier", "origin"};
  return names;
}

cli::Done<Flights> read_flights(const std::filesystem::path& folder, std::int64_t rows_max,
                                std::size_t batch_bytes) {
  const std::string path = (folder / "flights.csv").string();
  const cli::RowSourceOptions options{.null_values = {"NA"}, .batch_bytes = batch_bytes};
  auto schema = cli::infer_schema(path, cli::FileKind::csv, options);
  if (!schema) return cli::failed(schema.error());
  Flights flights;
  flights.schema = std::move(*schema);
  flights.columns = protocol::to_arrow(flights.schema);
  const auto source = cli::RowSource::open(path, cli::FileKind::csv, flights.columns, options);
  if (!source) return cli::failed(source.error());
  while (flights.rows < rows_max) {
    auto rows = (*source)->next();
    if (!rows) return cli::failed(rows.error());
    if (!*rows) break;
    if (auto added = add(flights, std::move(*rows)); !added) return cli::failed(added.error());
  }
  return flights;
}

Result<std::uint64_t> encoded_bytes(const Flights& flights,
                                    const protocol::Compression& compression) {
  protocol::EncodeOptions options;
  options.compression = compression;
  std::uint64_t sum = 0;
  for (const auto& rows : flights.batches) {
    const auto batch = protocol::encode_batch(*rows, options);
    if (!batch) return tl::unexpected(batch.error());
    sum += batch->size();
  }
  return sum;
}

std::unique_ptr<cli::RowSource> repeated(const Flights& flights, int copies) {
  return std::make_unique<RepeatedFlights>(flights, copies);
}

}  // namespace millrace::bench
