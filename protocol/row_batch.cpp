#include "protocol/row_batch.hpp"

#include <fmt/format.h>

#include "base/endian.hpp"
#include "protocol/cell_coding.hpp"
#include "protocol/row_codec.hpp"

namespace millrace::protocol {

Status append_record(std::vector<std::byte>& out, ChangeType change,
                     const std::function<Status(std::vector<std::byte>&)>& append_row_to) {
  const std::size_t start = out.size();
  append_le(out, std::int32_t{0});
  out.push_back(static_cast<std::byte>(change));
  if (auto appended = append_row_to(out); !appended) return appended;
  if (out.size() > log_batch_size_max)
    return fail(Errc::overloaded,
                fmt::format("log batch is larger than {} bytes", log_batch_size_max));
  const std::size_t length = out.size() - start - sizeof(std::int32_t);
  store_le(out.data() + start, static_cast<std::int32_t>(length));
  return {};
}

Status for_each_record(const Buffer& batch, const LogBatchHeader& header,
                       const std::function<Status(ChangeType, Bytes row)>& take) {
  ByteReader reader(batch.bytes().subspan(log_batch_header_size));
  for (std::int32_t i = 0; i < header.record_count; ++i) {
    ByteReader record(reader.take(reader.integer<std::uint32_t>()));
    const auto code = record.integer<std::uint8_t>();
    if (reader.failed() || record.failed())
      return fail(Errc::malformed,
                  fmt::format("log batch ends within row {} of {}", i, header.record_count));
    if (code > static_cast<std::uint8_t>(ChangeType::remove))
      return fail(Errc::malformed, fmt::format("unknown change type: {}", code));
    if (auto taken = take(static_cast<ChangeType>(code), record.rest()); !taken)
      return wrap(taken.error(), fmt::format("row {}", i));
  }
  if (header.record_count > 0 && !reader.at_end())
    return fail(Errc::malformed,
                fmt::format("log batch does not end with its {} rows", header.record_count));
  return {};
}

Status check_row_batch(const Buffer& batch, RowFormat format, const DataType& row) {
  auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  Cells scratch;
  return for_each_record(batch, *header, [&](ChangeType /*change*/, Bytes bytes) {
    return check_row(format, row, bytes, scratch);
  });
}

}  // namespace millrace::protocol
