#include "apps/cli/checked_lines.hpp"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

namespace millrace::cli {
namespace {

constexpr std::int64_t read_bytes = std::int64_t{1} << 20;
constexpr std::string_view blanks = " \t\r";

}  // namespace

arrow::Status CheckedLines::check(std::string_view line) {
  ++lines_;
  const std::size_t start = line.find_first_not_of(blanks);
  if (start == std::string_view::npos) return arrow::Status::OK();
  if (line.size() > line_bytes_max_) {
    return arrow::Status::Invalid("line ", lines_, " is longer than ", line_bytes_max_, " bytes");
  }
  // Whether text is UTF-8 is for the columns to say: here any letter will do.
  std::string ascii(line);
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return (c & 0x80) != 0; }, 'x');
  if (ascii[start] == '{' && nlohmann::json::accept(ascii)) return arrow::Status::OK();
  return arrow::Status::Invalid("line ", lines_, " is no JSON object");
}

arrow::Status CheckedLines::fill(std::int64_t size) {
  while (checked_ == 0 && !at_end_) {
    ARROW_ASSIGN_OR_RAISE(const auto more, file_->Read(std::max(size, read_bytes)));
    at_end_ = more->size() == 0;
    bytes_.append(reinterpret_cast<const char*>(more->data()),
                  static_cast<std::size_t>(more->size()));
    for (auto end = bytes_.find('\n'); end != std::string::npos;
         end = bytes_.find('\n', checked_)) {
      ARROW_RETURN_NOT_OK(check(std::string_view(bytes_).substr(checked_, end - checked_)));
      checked_ = end + 1;
    }
    if (bytes_.size() - checked_ > line_bytes_max_ || at_end_) {
      ARROW_RETURN_NOT_OK(check(std::string_view(bytes_).substr(checked_)));
      checked_ = bytes_.size();
    }
  }
  return arrow::Status::OK();
}

arrow::Result<std::int64_t> CheckedLines::Read(std::int64_t size, void* out) {
  ARROW_RETURN_NOT_OK(fill(size));
  const std::size_t count = std::min(static_cast<std::size_t>(size), checked_);
  std::memcpy(out, bytes_.data(), count);
  bytes_.erase(0, count);
  checked_ -= count;
  given_ += static_cast<std::int64_t>(count);
  return static_cast<std::int64_t>(count);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> CheckedLines::Read(std::int64_t size) {
  ARROW_RETURN_NOT_OK(fill(size));
  std::string text(std::min(static_cast<std::size_t>(size), checked_), '\0');
  ARROW_RETURN_NOT_OK(Read(static_cast<std::int64_t>(text.size()), text.data()).status());
  return arrow::Buffer::FromString(std::move(text));
}

}  // namespace millrace::cli
