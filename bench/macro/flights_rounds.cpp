#include "bench/macro/flights_rounds.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/cli/session.hpp"
#include "apps/cli/table_loader.hpp"
#include "apps/cli/table_reader.hpp"

namespace millrace::bench {

namespace {

constexpr std::int32_t buckets = 3;
constexpr Duration call_time_max = 60s;
constexpr auto database = "bench";

std::string option_value(protocol::CompressionType type) {
  switch (type) {
    case protocol::CompressionType::none:
      return "NONE";
    case protocol::CompressionType::lz4_frame:
      return "LZ4_FRAME";
    case protocol::CompressionType::zstd:
      break;
  }
  return "ZSTD";
}

class Rounds {
 public:
  Rounds(const LocalCluster& cluster, const Setting& setting, const Flights& flights, int copies)
      : cluster_(cluster),
        setting_(setting),
        flights_(flights),
        copies_(copies),
        session_({cluster.bootstrap(), call_time_max}) {}

  [[nodiscard]] cli::Done<void> prepare() {
    const auto bytes = encoded_bytes(flights_, {.type = setting_.compression});
    if (!bytes) return cli::failed(bytes.error());
    encoded_bytes_ = *bytes;
    return session_.wait<void>(
        [&](auto done) { session_.client().create_database(database, true, std::move(done)); });
  }

  [[nodiscard]] cli::Done<Round> take(int number) {
    const client::TablePath table{database, fmt::format("flights_{}", number)};
    if (auto made = create(table); !made) return tl::unexpected(made.error());
    Round round;
    const auto copies = static_cast<std::uint64_t>(copies_);
    auto appended = measure(flights_.bytes * copies, [&]() { return append(table); });
    if (!appended) return tl::unexpected(appended.error());
    auto all = measure(flights_.bytes * copies, [&]() { return scan(table, {}); });
    if (!all) return tl::unexpected(all.error());
    auto narrow =
        measure(flights_.narrow_bytes * copies, [&]() { return scan(table, narrow_columns()); });
    if (!narrow) return tl::unexpected(narrow.error());
    auto dropped = session_.wait<void>(
        [&](auto done) { session_.client().drop_table(table, false, std::move(done)); });
    if (!dropped) return tl::unexpected(dropped.error());
    return Round{*appended, *all, *narrow};
  }

 private:
  /// Returns when every bucket has a leader that answers.
  [[nodiscard]] cli::Done<void> create(const client::TablePath& table) {
    protocol::TableDescriptor descriptor;
    descriptor.schema = flights_.schema;
    descriptor.bucket_count = buckets;
    descriptor.bucket_keys.emplace();
    descriptor.properties["table.log.arrow.compression.type"] = option_value(setting_.compression);
    auto made = session_.wait<void>([&](auto done) {
      session_.client().create_table(table, descriptor, false, std::move(done));
    });
    if (!made) return made;
    const auto offsets = cli::offsets_of(session_, table, {});
    if (!offsets) return tl::unexpected(offsets.error());
    return {};
  }

  [[nodiscard]] cli::Done<Measured> append(const client::TablePath& table) {
    const auto source = repeated(flights_, copies_);
    const auto loaded = cli::load_rows(session_, table, *source, [](const auto&) {});
    if (!loaded) return tl::unexpected(loaded.error());
    Measured measured;
    measured.rows = loaded->rows;
    measured.took = loaded->took;
    measured.wire_bytes = encoded_bytes_ * static_cast<std::uint64_t>(copies_);
    return measured;
  }

  [[nodiscard]] cli::Done<Measured> scan(const client::TablePath& table,
                                         const std::vector<std::string>& columns) {
    const cli::RowSink sink{.on_open = [](const client::Scanner&) {},
                            .on_rows = [](const client::ScannedBatch&) { return true; }};
    const auto read =
        cli::read_table(session_, {.table = table, .columns = columns}, call_time_max, sink);
    if (!read) return tl::unexpected(read.error());
    Measured measured;
    measured.rows = read->rows;
    measured.took = read->took;
    measured.wire_bytes = read->wire_bytes;
    return measured;
  }

  /// Runs a phase and adds what it cost. A phase that loses or makes rows fails.
  template <class Phase>
  [[nodiscard]] cli::Done<Measured> measure(std::uint64_t arrow_bytes, Phase&& phase) {
    const auto server_before = cluster_.processor_time();
    if (!server_before) return cli::failed(server_before.error());
    const Duration client_before = own_processor_time();
    auto measured = std::forward<Phase>(phase)();
    if (!measured) return measured;
    const auto server_after = cluster_.processor_time();
    if (!server_after) return cli::failed(server_after.error());
    measured->client_processor_time = own_processor_time() - client_before;
    measured->server_processor_time = *server_after - *server_before;
    measured->arrow_bytes = arrow_bytes;
    const std::int64_t expected = flights_.rows * copies_;
    if (measured->rows != expected) {
      return cli::failed(
          Error{Errc::corrupt, fmt::format("{} rows instead of {}", measured->rows, expected)});
    }
    return measured;
  }

  const LocalCluster& cluster_;
  const Setting& setting_;
  const Flights& flights_;
  const int copies_;
  cli::Session session_;
  std::uint64_t encoded_bytes_ = 0;
};

}  // namespace

std::string to_text(const Setting& setting) {
  return fmt::format("{} host{}, {}", setting.hosts, setting.hosts == 1 ? "" : "s",
                     option_value(setting.compression));
}

cli::Done<SettingResult> take_rounds(const std::filesystem::path& program, const Setting& setting,
                                     const Amount& amount, const Flights& flights,
                                     const std::function<bool()>& is_cancelled) {
  const auto cluster = LocalCluster::start({program, setting.hosts});
  if (!cluster) return cli::failed(cluster.error());
  Rounds rounds(*cluster, setting, flights, amount.copies);
  if (auto prepared = rounds.prepare(); !prepared) return tl::unexpected(prepared.error());
  SettingResult result{setting, {}, 0};
  for (int number = 0; number < amount.warm_up_rounds + amount.rounds; ++number) {
    if (is_cancelled()) return cli::failed(Error{Errc::unavailable, "ended by a signal"});
    auto round = rounds.take(number);
    if (!round) return tl::unexpected(round.error());
    if (number >= amount.warm_up_rounds) result.rounds.push_back(*round);
  }
  const auto resident = cluster->resident_bytes();
  if (!resident) return cli::failed(resident.error());
  result.resident_bytes = *resident;
  return result;
}

}  // namespace millrace::bench
