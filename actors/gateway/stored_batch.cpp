#include "actors/gateway/stored_batch.hpp"

#include "protocol/rows_start.hpp"
#include "protocol/table_options.hpp"

namespace millrace::gateway {

using protocol::ProtocolError;

ProtocolError damaged(const Error& error) {
  return {protocol::ErrorCode::corrupt_record_exception, error.message};
}

std::optional<ProtocolError> why_damaged(const CallContext& context, const BucketId& bucket,
                                         const protocol::LogBatch& batch) {
  const auto table = context.view.catalog.find_table(bucket.table);
  if (!table || protocol::log_format_of(table->descriptor) != protocol::LogFormat::arrow) {
    return std::nullopt;
  }
  const auto sound = protocol::check_rows_start(batch.header, batch.bytes.bytes());
  if (sound) return std::nullopt;
  return damaged(sound.error());
}

}  // namespace millrace::gateway
