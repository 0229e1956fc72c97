#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/failure.hpp"
#include "apps/cli/row_source.hpp"
#include "protocol/compression.hpp"

namespace millrace::bench {

/// The four columns that the narrow scan asks for.
[[nodiscard]] const std::vector<std::string>& narrow_columns();

/// The flights of 2013 in memory, so that reading the file is not part of what is measured.
struct Flights {
  protocol::Schema schema;
  std::shared_ptr<arrow::Schema> columns;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;         ///< As Arrow holds them, all columns.
  std::uint64_t narrow_bytes = 0;  ///< The four columns alone.
};

/// Reads flights.csv in `folder`, at most about `rows_max` rows, in batches of about `batch_bytes`.
[[nodiscard]] cli::Done<Flights> read_flights(const std::filesystem::path& folder,
                                              std::int64_t rows_max, std::size_t batch_bytes);

/// What the batches take as they travel, without the frames around them.
[[nodiscard]] Result<std::uint64_t> encoded_bytes(const Flights& flights,
                                                  const protocol::Compression& compression);

/// The flights `copies` times over, as a file would give them.
[[nodiscard]] std::unique_ptr<cli::RowSource> repeated(const Flights& flights, int copies);

}  // namespace millrace::bench
