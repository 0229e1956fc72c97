#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::cli {

enum class FileKind : std::uint8_t { csv, ndjson, parquet };

/// By the end of the name: .csv, .ndjson, .jsonl, .json, .parquet.
[[nodiscard]] std::optional<FileKind> kind_of(const std::string& path);

struct RowSourceOptions {
  /// What stands for null in a CSV file, besides an empty field that is not in quotes.
  std::vector<std::string> null_values = {};
  std::size_t batch_bytes = std::size_t{2} << 20;
};

/// The rows of a file, in the columns that a table wants, in batches of about `batch_bytes`.
/// File columns are found by name; one that the file lacks is null. CSV files have a header line.
/// Values are cast: text to dates and times, numbers to wider or narrower ones if they fit.
class RowSource {
 public:
  /// `columns` are the rows wanted. Errors: unavailable (no such file), malformed (not such a file;
  /// the file has a column that is not wanted, or lacks one that must not be null).
  [[nodiscard]] static Result<std::unique_ptr<RowSource>> open(
      const std::string& path, FileKind kind, std::shared_ptr<arrow::Schema> columns,
      RowSourceOptions options);
  virtual ~RowSource() = default;

  /// The next batch, with at least one row; nothing at the end of the file. Errors: malformed, with
  /// the column and the value's text where known.
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> next();

  /// How much of the file has been handed out, 0 to 1.
  [[nodiscard]] virtual double fraction() const = 0;

 protected:
  RowSource(std::shared_ptr<arrow::Schema> columns, RowSourceOptions options);

  /// The next rows as the file has them; nothing at its end.
  [[nodiscard]] virtual Result<std::shared_ptr<arrow::RecordBatch>> read() = 0;
  [[nodiscard]] const arrow::Schema& columns() const { return *columns_; }
  [[nodiscard]] Status check_names(const arrow::Schema& in_file) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> fitted(
      const arrow::RecordBatch& rows) const;

  const std::shared_ptr<arrow::Schema> columns_;
  const RowSourceOptions options_;
  std::shared_ptr<arrow::RecordBatch> rest_;  // Read, not handed out.
  std::int64_t slice_rows_ = 0;
};

/// A log table's schema that fits the file: what its first megabytes look like. Field ids are
/// assigned. Errors: as RowSource::open.
[[nodiscard]] Result<protocol::Schema> infer_schema(const std::string& path, FileKind kind,
                                                    const RowSourceOptions& options);

}  // namespace millrace::cli
