#pragma once
#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

namespace millrace::cli {

/// A file of one JSON object per line, line by line checked before anybody parses it: Arrow's
/// reader takes what is no object for one and reads where nothing is. Its reads fail at the first
/// bad line.
class CheckedLines final : public arrow::io::InputStream {
 public:
  /// A line longer than `line_bytes_max` is bad.
  CheckedLines(std::shared_ptr<arrow::io::InputStream> file, std::size_t line_bytes_max)
      : file_(std::move(file)), line_bytes_max_(line_bytes_max) {}

  arrow::Status Close() override { return file_->Close(); }
  [[nodiscard]] bool closed() const override { return file_->closed(); }
  [[nodiscard]] arrow::Result<std::int64_t> Tell() const override { return given_; }
  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override;

 private:
  /// Reads on until there are whole lines, or the end.
  arrow::Status fill(std::int64_t size);
  arrow::Status check(std::string_view line);

  std::shared_ptr<arrow::io::InputStream> file_;
  const std::size_t line_bytes_max_;
  std::string bytes_;        // Read and not given.
  std::size_t checked_ = 0;  // Of them: whole lines that are sound.
  std::int64_t given_ = 0;
  std::int64_t lines_ = 0;
  bool at_end_ = false;
};

}  // namespace millrace::cli
