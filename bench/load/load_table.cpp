#include "bench/load/load_table.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "apps/cli/table_reader.hpp"
#include "protocol/batch_codec.hpp"

namespace millrace::bench {

namespace {

constexpr std::int64_t pool_batches = 8;
constexpr std::int64_t sample_rows = 4096;
constexpr Duration ready_pause = 20ms;

/// Every bucket has a leader that answers.
cli::Done<void> wait_until_ready(cli::Session& session, const client::TablePath& table,
                                 Duration time_max) {
  const Instant start = session.loop().now();
  while (true) {
    const auto offsets = cli::offsets_of(session, table, {});
    if (offsets) return {};
    if (session.loop().now() - start > time_max) return tl::unexpected(offsets.error());
    (void)session.loop().run_until([] { return false; }, ready_pause);
  }
}

/// A table whose columns are not those of a shape was not made here, and is not ours to drop.
cli::Done<void> drop_old(cli::Session& session, const client::TablePath& table) {
  client::Client& client = session.client();
  const auto old = session.blocking().wait<client::TablePtr>(
      [&](auto done) { client.describe_table(table, std::move(done)); });
  if (!old && old.error().code == protocol::ErrorCode::table_not_exist) return {};
  if (!old) return cli::failed(old.error());
  if (!is_shaped((*old)->descriptor.schema)) {
    return cli::usage_failure("there is a table " + to_string(table) + " with other rows in it",
                              "--table DB.TABLE names one that may be dropped");
  }
  return session.wait<void>([&](auto done) { client.drop_table(table, true, std::move(done)); });
}

}  // namespace

protocol::TableDescriptor descriptor_of(const LoadOptions& options) {
  protocol::TableDescriptor descriptor;
  descriptor.schema = schema_of(options.shape);
  descriptor.bucket_count = options.buckets;
  descriptor.bucket_keys.emplace();
  descriptor.properties = table_properties(options.compression);
  descriptor.properties.emplace("table.replication.factor", "1");
  return descriptor;
}

cli::Done<void> make_table(cli::Session& session, const LoadOptions& options) {
  client::Client& client = session.client();
  auto made = session.wait<void>(
      [&](auto done) { client.create_database(options.table.database, true, std::move(done)); });
  if (!made) return made;
  if (auto dropped = drop_old(session, options.table); !dropped) return dropped;
  made = session.wait<void>([&](auto done) {
    client.create_table(options.table, descriptor_of(options), false, std::move(done));
  });
  if (!made) return made;
  return wait_until_ready(session, options.table, 30s);
}

cli::Done<std::shared_ptr<client::Appender>> open_appender(cli::Session& session,
                                                           const client::TablePath& table,
                                                           std::size_t pending_batches_max) {
  client::AppenderOptions options;
  options.pending_batches_max = pending_batches_max;
  // Whoever waits for a leader asks again soon: the time until it is there may be what is measured.
  options.longest_pause = options.first_pause;
  return session.wait<std::shared_ptr<client::Appender>>([&](auto done) {
    client::Appender::open(session.client(), table, options, std::move(done));
  });
}

Result<LoadBatches> encode_batches(const LoadOptions& options, std::int16_t schema_id) {
  const protocol::EncodeOptions how{.schema_id = schema_id, .compression = options.compression};
  const auto sample = protocol::encode_batch(*make_rows(options.shape, sample_rows), how);
  if (!sample) return tl::unexpected(sample.error());
  LoadBatches out;
  const auto wanted = static_cast<std::int64_t>(options.batch_bytes) * sample_rows /
                      static_cast<std::int64_t>(sample->size());
  out.rows_per_batch = std::clamp<std::int64_t>(wanted, 1, options.rows);
  const auto rows = make_rows(options.shape, out.rows_per_batch * pool_batches);
  out.logical_bytes_per_row =
      static_cast<double>(logical_bytes(*rows)) / static_cast<double>(rows->num_rows());
  for (std::int64_t i = 0; i < pool_batches; ++i) {
    auto batch =
        protocol::encode_batch(*rows->Slice(i * out.rows_per_batch, out.rows_per_batch), how);
    if (!batch) return tl::unexpected(batch.error());
    out.batches.push_back(std::move(*batch));
  }
  return out;
}

}  // namespace millrace::bench
