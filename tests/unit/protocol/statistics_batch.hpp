#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/endian.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::protocol {

/// What is claimed of one column: its slots are as they lie in a row.
struct ClaimedColumn {
  std::int16_t position = 0;
  std::int32_t nulls = 0;
  std::optional<std::uint64_t> least{};
  std::optional<std::uint64_t> greatest{};
};

inline void append_row(std::vector<std::byte>& out, const std::vector<ClaimedColumn>& columns,
                       bool least, const std::string& tail) {
  const std::size_t slots = (columns.size() + 63 + 8) / 64 * 8;
  std::vector<std::byte> row(slots);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& value = least ? columns[i].least : columns[i].greatest;
    if (!value) row[(i + 8) / 8] |= static_cast<std::byte>(1U << (i % 8));
    append_le(row, value.value_or(0));
  }
  for (const char c : tail) row.push_back(static_cast<std::byte>(c));
  append_le(out, static_cast<std::int32_t>(row.size()));
  out.insert(out.end(), row.begin(), row.end());
}

inline std::vector<std::byte> statistics_block(const std::vector<ClaimedColumn>& columns,
                                               const std::string& tail = "") {
  std::vector<std::byte> block{std::byte{1}};
  append_le(block, static_cast<std::int16_t>(columns.size()));
  for (const ClaimedColumn& column : columns) append_le(block, column.position);
  for (const ClaimedColumn& column : columns) append_le(block, column.nulls);
  append_row(block, columns, true, tail);
  append_row(block, columns, false, tail);
  return block;
}

/// `plain` as client 1.0.0 would have sent it with these statistics.
inline Buffer with_statistics(const Buffer& plain, const std::vector<std::byte>& block) {
  LogBatchHeader header = parse_whole_batch(plain.bytes()).value();
  const Bytes rest = plain.bytes().subspan(header.fields_size());
  header.magic = magic_statistics;
  header.statistics_length = static_cast<std::int32_t>(block.size());
  header.length += static_cast<std::int32_t>(sizeof(std::int32_t) + block.size());
  std::vector<std::byte> batch;
  append_header(batch, header);
  batch.insert(batch.end(), block.begin(), block.end());
  batch.insert(batch.end(), rest.begin(), rest.end());
  seal_crc(batch);
  return Buffer::from(std::move(batch));
}

}  // namespace millrace::protocol
