#include "protocol/batch_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/endian.hpp"

namespace millrace::protocol {
namespace {

constexpr std::uint8_t version_known = 1;
constexpr std::size_t slot_size = 8;
constexpr std::size_t null_bits_start = 8;  // A header byte comes before them.
constexpr std::size_t word_bits = 64;
// Precision up to which values are short: DECIMAL within 64 bits, timestamps in milliseconds.
constexpr std::int32_t short_decimal_max = 18;
constexpr std::int32_t short_timestamp_max = 3;
constexpr unsigned inline_flag = 0x80;

Error malformed(const char* what) {
  return {Errc::malformed, fmt::format("log batch statistics: {}", what)};
}

/// Takes values off the front of a block.
class BlockReader {
 public:
  explicit BlockReader(Buffer block) : block_(std::move(block)) {}

  template <class T>
  [[nodiscard]] std::optional<T> take() {
    if (block_.size() - at_ < sizeof(T)) return std::nullopt;
    at_ += sizeof(T);
    return load_le<T>(block_.bytes(), at_ - sizeof(T));
  }
  template <class T>
  [[nodiscard]] bool take(std::vector<T>& out, std::size_t count) {
    if ((block_.size() - at_) / sizeof(T) < count) return false;
    for (std::size_t i = 0; i < count; ++i) out.push_back(*take<T>());
    return true;
  }
  /// A length and as many bytes.
  [[nodiscard]] std::optional<Buffer> take_row() {
    const auto size = take<std::int32_t>();
    if (!size || *size < 0 || static_cast<std::size_t>(*size) > block_.size() - at_)
      return std::nullopt;
    at_ += static_cast<std::size_t>(*size);
    return block_.slice(at_ - static_cast<std::size_t>(*size), static_cast<std::size_t>(*size));
  }

 private:
  Buffer block_;
  std::size_t at_ = 0;
};

/// One value per slot behind a header and null bits; long values lie behind the slots.
class AlignedRow {
 public:
  AlignedRow(Bytes bytes, std::size_t fields)
      : bytes_(bytes),
        slots_start_((fields + word_bits - 1 + null_bits_start) / word_bits * slot_size) {}

  [[nodiscard]] bool has(std::size_t field) const {
    return slots_start_ + (field + 1) * slot_size <= bytes_.size();
  }
  [[nodiscard]] bool is_null(std::size_t field) const {
    const std::size_t bit = field + null_bits_start;
    return (std::to_integer<unsigned>(bytes_[bit / 8]) >> (bit % 8) & 1U) != 0;
  }
  template <class T>
  [[nodiscard]] T number(std::size_t field) const {
    return load_le<T>(bytes_, slots_start_ + field * slot_size);
  }
  /// What a slot of length and offset, or one that holds the bytes itself, stands for.
  [[nodiscard]] std::optional<Bytes> text(std::size_t field) const {
    const std::size_t slot = slots_start_ + field * slot_size;
    const auto top = std::to_integer<unsigned>(bytes_[slot + slot_size - 1]);
    if ((top & inline_flag) == 0)
      return stretch(number<std::uint64_t>(field) >> 32, number<std::uint32_t>(field));
    const std::size_t size = top & ~inline_flag;
    if (size >= slot_size) return std::nullopt;
    return bytes_.subspan(slot, size);
  }
  /// Milliseconds behind the slots, nanoseconds of a millisecond in the slot.
  [[nodiscard]] std::optional<ComparableValue> long_timestamp(std::size_t field) const {
    const auto millis = stretch(number<std::uint64_t>(field) >> 32, sizeof(std::int64_t));
    if (!millis) return std::nullopt;
    return ComparableValue{.high = load_le<std::int64_t>(*millis, 0),
                           .low = number<std::uint32_t>(field)};
  }

 private:
  [[nodiscard]] std::optional<Bytes> stretch(std::uint64_t offset, std::size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
    return bytes_.subspan(static_cast<std::size_t>(offset), size);
  }

  const Bytes bytes_;
  const std::size_t slots_start_;
};

std::optional<ComparableValue> text_value(std::optional<Bytes> bytes) {
  if (!bytes) return std::nullopt;
  return ComparableValue{
      .text = std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())};
}

std::optional<ComparableValue> decimal_value(const AlignedRow& row, std::size_t field,
                                             const DataType& type) {
  if (type.precision <= short_decimal_max)
    return comparable_decimal(row.number<std::int64_t>(field));
  const auto bytes = row.text(field);
  return bytes ? comparable_decimal(*bytes) : std::nullopt;
}

std::optional<ComparableValue> timestamp_value(const AlignedRow& row, std::size_t field,
                                               const DataType& type) {
  if (type.precision <= short_timestamp_max) return comparable(row.number<std::int64_t>(field));
  return row.long_timestamp(field);
}

std::optional<ComparableValue> value_of(const AlignedRow& row, std::size_t field,
                                        const DataType& type) {
  switch (type.root) {
    case TypeRoot::boolean:
      return comparable(std::int64_t{row.number<std::uint8_t>(field) != 0});
    case TypeRoot::tinyint:
      return comparable(std::int64_t{row.number<std::int8_t>(field)});
    case TypeRoot::smallint:
      return comparable(std::int64_t{row.number<std::int16_t>(field)});
    case TypeRoot::integer:
    case TypeRoot::date:
    case TypeRoot::time:
      return comparable(std::int64_t{row.number<std::int32_t>(field)});
    case TypeRoot::bigint:
      return comparable(row.number<std::int64_t>(field));
    case TypeRoot::float32:
      return comparable(double{std::bit_cast<float>(row.number<std::uint32_t>(field))});
    case TypeRoot::float64:
      return comparable(std::bit_cast<double>(row.number<std::uint64_t>(field)));
    case TypeRoot::string:
      return text_value(row.text(field));
    case TypeRoot::decimal:
      return decimal_value(row, field, type);
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return timestamp_value(row, field, type);
    default:
      return std::nullopt;
  }
}

std::optional<ComparableValue> value_in(const Buffer& row_bytes, std::size_t fields,
                                        std::size_t field, const DataType& type) {
  const AlignedRow row(row_bytes.bytes(), fields);
  if (!row.has(field) || row.is_null(field)) return std::nullopt;
  return value_of(row, field, type);
}

}  // namespace

Result<std::optional<BatchStatistics>> BatchStatistics::read(const Buffer& batch) {
  const auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  if (header->statistics_length == 0) return std::nullopt;
  BlockReader block(
      batch.slice(header->fields_size(), static_cast<std::size_t>(header->statistics_length)));
  if (block.take<std::uint8_t>() != version_known) return std::nullopt;  // Of a newer client.
  const auto count = block.take<std::int16_t>();
  if (!count || *count < 0) return tl::unexpected(malformed("no count of columns"));
  BatchStatistics statistics;
  statistics.rows_ = header->record_count;
  const auto columns = static_cast<std::size_t>(*count);
  if (!block.take(statistics.positions_, columns) || !block.take(statistics.nulls_, columns))
    return tl::unexpected(malformed("fewer columns than announced"));
  auto least = block.take_row();
  auto greatest = block.take_row();
  if (!least || !greatest) return tl::unexpected(malformed("a row of values is cut off"));
  statistics.least_ = std::move(*least);
  statistics.greatest_ = std::move(*greatest);
  return statistics;
}

std::optional<ColumnStatistics> BatchStatistics::of(std::int32_t position,
                                                    const DataType& type) const {
  const auto found = std::find(positions_.begin(), positions_.end(), position);
  if (found == positions_.end()) return std::nullopt;
  const auto field = static_cast<std::size_t>(found - positions_.begin());
  if (nulls_[field] < 0 || nulls_[field] > rows_) return std::nullopt;
  return ColumnStatistics{rows_, nulls_[field], value_in(least_, positions_.size(), field, type),
                          value_in(greatest_, positions_.size(), field, type)};
}

}  // namespace millrace::protocol
