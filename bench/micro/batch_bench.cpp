// The question: what do the steps of a batch's way cost that are neither message nor file?
// Workload: 16,384 rows of 19 columns that look like the flights (14 numbers, 4 short strings from
// small sets, a time), from a fixed seed. "batch_encode" and "batch_decode" are the client's side,
// by compression (0 none, 1 LZ4, 2 ZSTD at level 3, which tables have when they say nothing);
// "batch_project" is the server's side of a scan of 4 of the 19 columns. "writer_table" checks and
// adds one batch of 1,000 writers. Unit: time per batch, rows per second. Left out: files, CSV.
#include <arrow/api.h>
#include <benchmark/benchmark.h>

#include <array>

#include "actors/replica/writer_table.hpp"
#include "base/check.hpp"
#include "base/random.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/projection.hpp"

namespace millrace::bench {
namespace {

constexpr std::int64_t rows_per_batch = 16'384;
constexpr int number_columns = 14;
constexpr int text_columns = 4;

std::shared_ptr<arrow::Array> numbers(Random& random, std::int64_t bound) {
  arrow::Int64Builder builder;
  for (std::int64_t row = 0; row < rows_per_batch; ++row)
    CHECK(builder.Append(random.between(0, bound)).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> texts(Random& random, std::int64_t distinct) {
  arrow::StringBuilder builder;
  for (std::int64_t row = 0; row < rows_per_batch; ++row)
    CHECK(builder.Append("N" + std::to_string(10'000 + random.between(0, distinct))).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> times(Random& random) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MILLI),
                                  arrow::default_memory_pool());
  std::int64_t hour = 1'357'000'000;
  for (std::int64_t row = 0; row < rows_per_batch; ++row) {
    hour += random.chance(1, 40) ? 3600 : 0;
    CHECK(builder.Append(hour * 1000).ok());
  }
  return builder.Finish().ValueOrDie();
}

const std::shared_ptr<arrow::RecordBatch>& flight_rows() {
  static const std::shared_ptr<arrow::RecordBatch> rows = [] {
    Random random(2013);
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    const auto add = [&](std::shared_ptr<arrow::Array> column) {
      fields.push_back(arrow::field("c" + std::to_string(fields.size()), column->type()));
      columns.push_back(std::move(column));
    };
    for (int i = 0; i < number_columns; ++i) add(numbers(random, i < 7 ? 60 : 2400));
    for (int i = 0; i < text_columns; ++i) add(texts(random, i < 3 ? 16 : 4000));
    add(times(random));
    return arrow::RecordBatch::Make(arrow::schema(fields), rows_per_batch, std::move(columns));
  }();
  return rows;
}

protocol::EncodeOptions options_for(std::int64_t compression) {
  protocol::EncodeOptions options;
  options.compression.type = static_cast<protocol::CompressionType>(compression);
  return options;
}

void batch_encode(benchmark::State& state) {
  const auto options = options_for(state.range(0));
  for (auto _ : state) {
    auto batch = protocol::encode_batch(*flight_rows(), options);
    if (!batch) state.SkipWithError(batch.error().message.c_str());
    benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * rows_per_batch);
}
BENCHMARK(batch_encode)->DenseRange(0, 2)->UseRealTime();

void batch_decode(benchmark::State& state) {
  const auto batch = protocol::encode_batch(*flight_rows(), options_for(state.range(0)));
  for (auto _ : state) {
    auto rows = protocol::decode_batch(*batch, flight_rows()->schema());
    if (!rows) state.SkipWithError(rows.error().message.c_str());
    benchmark::DoNotOptimize(rows);
  }
  state.SetItemsProcessed(state.iterations() * rows_per_batch);
}
BENCHMARK(batch_decode)->DenseRange(0, 2)->UseRealTime();

void batch_project(benchmark::State& state) {
  constexpr std::array<std::int32_t, 4> wanted = {3, 5, 15, 18};
  const auto schema = protocol::from_arrow(*flight_rows()->schema());
  const auto batch = protocol::encode_batch(*flight_rows(), options_for(2));
  const auto plan = protocol::ProjectionPlan::make(*schema, wanted);
  for (auto _ : state) {
    auto projected = protocol::project(*batch, *plan);
    if (!projected) state.SkipWithError(projected.error().message.c_str());
    benchmark::DoNotOptimize(projected);
  }
  state.SetItemsProcessed(state.iterations() * rows_per_batch);
}
BENCHMARK(batch_project)->UseRealTime();

void writer_table(benchmark::State& state) {
  constexpr std::int64_t writers = 1000;
  replica::WriterTable table;
  Offset next = 0;
  for (auto _ : state) {
    const WriterId writer{next % writers};
    const auto sequence = static_cast<std::int32_t>(next / writers);
    if (!std::holds_alternative<replica::BatchIsNew>(table.check(writer, sequence)))
      state.SkipWithError("a new batch was refused");
    table.add({.base = next, .last = next, .writer = writer, .sequence = sequence});
    ++next;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(writer_table)->UseRealTime();

}  // namespace
}  // namespace millrace::bench
