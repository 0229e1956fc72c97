// The question: what does it do to a cluster, and to a writer at work, when a log table gets ten
// thousand partitions?
// Workload: one cluster of one host, one table partitioned by a number, one bucket a partition. One
// writer appends a batch of 100 rows to one partition as soon as the one before was acknowledged.
// Meanwhile a client creates 10,000 partitions, eight at a time, and a second writer appends a row
// to each once it is there. All on one thread; the node shares the machine with it.
// Units: seconds; appends that failed; the longest append of the first writer; descriptors and
// resident bytes of the node at the end; the coordinator's time in mailbox, 99th percentile since
// its start, upper bound of its power-of-two class. One run: what is asked for are bounds.
// Left out: several hosts, several buckets, reading.
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/agent/child_process.hpp"
#include "apps/cli/session.hpp"
#include "apps/config/command_line.hpp"
#include "apps/config/output.hpp"
#include "bench/cluster/local_cluster.hpp"
#include "bench/record/run_record.hpp"
#include "client/appender.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::bench {
namespace {

constexpr std::array<Option, 4> known_options = {{
    {"smoke", "", "a few partitions: does it still run?"},
    {"partitions", "N", "how many partitions are created (10000)"},
    {"out", "FILE", "where the figures go (../bench/partitions.json)"},
    {"help", "", "show this text"},
}};

constexpr std::int64_t smoke_partitions = 50;
constexpr int creations_at_once = 8;
constexpr std::int64_t rows_per_batch = 100;
constexpr Duration call_time_max = 60s;
constexpr Duration run_time_max = 30min;
const client::TablePath table{"fluss", "many"};

struct Figures {
  double seconds = 0;
  std::int64_t partitions = 0;
  std::int64_t appends = 0;
  std::int64_t failures = 0;
  std::string first_failure;
  double longest_append_seconds = 0;
  std::size_t descriptors = 0;
  std::uint64_t resident_bytes = 0;
  double mailbox_p99_seconds = 0;
};

/// The page's text. Errors: unavailable.
Result<std::string> get(const Endpoint& server, const std::string& target) {
  namespace asio = boost::asio;
  boost::system::error_code error;
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  asio::ip::tcp::resolver resolver(context);
  const auto addresses = resolver.resolve(server.host, std::to_string(server.port), error);
  if (!error) asio::connect(socket, addresses, error);
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n", target,
                  server.host, server.port);
  if (!error) asio::write(socket, asio::buffer(request), error);
  if (error) return fail(Errc::unavailable, "console: " + error.message());
  std::string text;
  asio::read(socket, asio::dynamic_buffer(text), error);
  return text;
}

Result<double> coordinator_wait(const Endpoint& console) {
  const auto page = get(console, "/metrics");
  if (!page) return tl::unexpected(page.error());
  constexpr std::string_view name = "millrace_actor_mailbox_wait_p99_seconds{kind=\"coordinator\"";
  const std::size_t line = page->find(name);
  if (line == std::string::npos) return fail(Errc::unavailable, "metrics without a coordinator");
  const std::size_t value = page->find("} ", line);
  return std::strtod(page->c_str() + value + 2, nullptr);
}

std::shared_ptr<arrow::RecordBatch> rows_of(const arrow::Schema& schema, std::int64_t partition,
                                            std::int64_t count) {
  arrow::Int64Builder parts;
  arrow::Int64Builder ids;
  for (std::int64_t i = 0; i < count; ++i) {
    (void)parts.Append(partition);
    (void)ids.Append(i);
  }
  return arrow::RecordBatch::Make(std::make_shared<arrow::Schema>(schema), count,
                                  {parts.Finish().ValueOrDie(), ids.Finish().ValueOrDie()});
}

/// The clients' side of a run. Callbacks keep it going.
class Load {
 public:
  Load(cli::Session& session, std::int64_t partitions)
      : session_(session), partitions_(partitions) {}

  [[nodiscard]] cli::Done<void> run(Figures& figures) {
    if (auto made = prepare(); !made) return made;
    const Instant start = session_.loop().now();
    append_again();
    for (int i = 0; i < creations_at_once; ++i) create_next();
    const client::Blocking patient(
        [&](const std::function<bool()>& done, Duration time_max) {
          return session_.loop().run_until(done, time_max);
        },
        run_time_max);
    const bool finished = patient.until([&] { return is_over(); });
    figures.seconds = std::chrono::duration<double>(session_.loop().now() - start).count();
    figures.partitions = created_;
    figures.appends = appends_;
    figures.failures = failures_ + (finished ? 0 : 1);
    figures.first_failure = finished ? first_failure_ : "not done within half an hour";
    figures.longest_append_seconds = std::chrono::duration<double>(longest_append_).count();
    return {};
  }

 private:
  cli::Done<void> prepare() {
    protocol::TableDescriptor descriptor;
    for (const char* name : {"part", "id"}) {
      protocol::Column column;
      column.name = name;
      column.type = *protocol::parse_sql_type("BIGINT");
      descriptor.schema.columns.push_back(std::move(column));
    }
    protocol::assign_field_ids(descriptor.schema);
    descriptor.partition_keys = {"part"};
    descriptor.bucket_count = 1;
    descriptor.bucket_keys.emplace();
    auto made = session_.wait<void>([&](auto done) {
      session_.client().create_table(table, descriptor, false, std::move(done));
    });
    if (!made) return made;
    client::AppenderOptions options;
    options.pending_batches_max = 1000;
    for (auto* appender : {&steady_, &follower_}) {
      auto opened = session_.wait<std::shared_ptr<client::Appender>>([&](auto done) {
        client::Appender::open(session_.client(), table, options, std::move(done));
      });
      if (!opened) return tl::unexpected(opened.error());
      *appender = std::move(*opened);
    }
    return {};
  }

  [[nodiscard]] bool is_over() const {
    return created_ == partitions_ && steady_->pending() == 0 && follower_->pending() == 0;
  }

  void note(const protocol::ProtocolError& error) {
    if (failures_++ == 0) first_failure_ = error.message;
  }

  void append_again() {
    if (created_ == partitions_) return;
    const Instant begun = session_.loop().now();
    append(*steady_, partitions_, rows_per_batch, [this, begun] {
      longest_append_ = std::max(longest_append_, session_.loop().now() - begun);
      append_again();
    });
  }

  void append(client::Appender& appender, std::int64_t partition, std::int64_t rows,
              std::function<void()> then) {
    ++appends_;
    const Status taken = appender.append(
        rows_of(*appender.schema(), partition, rows),
        [this, then = std::move(then)](const client::Outcome<client::Appended>& appended) {
          if (!appended) note(appended.error());
          then();
        });
    if (!taken) note({protocol::ErrorCode::unknown_server_error, taken.error().message});
  }

  void create_next() {
    if (next_ == partitions_) return;
    const std::int64_t partition = next_++;
    session_.client().create_partition(table, {{"part", std::to_string(partition)}}, false,
                                       [this, partition](const client::Outcome<void>& outcome) {
                                         if (!outcome) note(outcome.error());
                                         ++created_;
                                         append(*follower_, partition, 1, [] {});
                                         create_next();
                                       });
  }

  cli::Session& session_;
  const std::int64_t partitions_;
  std::shared_ptr<client::Appender> steady_;
  std::shared_ptr<client::Appender> follower_;
  std::int64_t next_ = 0;
  std::int64_t created_ = 0;
  std::int64_t appends_ = 0;
  std::int64_t failures_ = 0;
  std::string first_failure_;
  Duration longest_append_{};
};

cli::Done<Figures> measure(std::int64_t partitions) {
  const std::string most = std::to_string(2 * partitions + 10);
  auto cluster = LocalCluster::start({own_program().parent_path() / "millrace",
                                      1,
                                      {"max.partition.num=" + most, "max.bucket.num=" + most}});
  if (!cluster) return cli::failed(cluster.error());
  cli::Session session({cluster->bootstrap(), call_time_max});
  Figures figures;
  if (auto ran = Load(session, partitions).run(figures); !ran) return tl::unexpected(ran.error());
  const auto wait = coordinator_wait(cluster->console());
  const auto descriptors = cluster->descriptors();
  const auto resident = cluster->resident_bytes();
  if (!wait) return cli::failed(wait.error());
  if (!descriptors) return cli::failed(descriptors.error());
  if (!resident) return cli::failed(resident.error());
  figures.mailbox_p99_seconds = *wait;
  figures.descriptors = *descriptors;
  figures.resident_bytes = *resident;
  return figures;
}

void print(const Figures& figures) {
  fmt::print(
      "{} partitions in {:.1f} s ({:.0f} a second), {} appends beside it, {} failures {}\n"
      "longest append {:.3f} s; coordinator's time in mailbox p99 {:.6f} s\n"
      "{} descriptors, {:.0f} MB resident at the end\n",
      figures.partitions, figures.seconds,
      static_cast<double>(figures.partitions) / figures.seconds, figures.appends, figures.failures,
      figures.first_failure, figures.longest_append_seconds, figures.mailbox_p99_seconds,
      figures.descriptors, static_cast<double>(figures.resident_bytes) / 1e6);
}

ExitCode run_command(const std::vector<std::string>& arguments, const RunRecord& record) {
  const auto line = CommandLine::parse(arguments, known_options);
  const auto partitions = line.and_then(
      [](const CommandLine& one) { return one.number("partitions", 10'000, 1, 1'000'000); });
  if (!partitions) {
    print_error("usage", partitions.error().message, "millrace-bench-partitions --help");
    return ExitCode::usage;
  }
  if (line->has("help")) {
    print_result("usage: millrace-bench-partitions [options]\n" + describe(known_options));
    return ExitCode::fine;
  }
  const bool smoke = line->has("smoke");
  const auto figures = measure(smoke ? smoke_partitions : *partitions);
  if (!figures) {
    cli::print_failure(figures.error());
    return figures.error().exit;
  }
  fmt::print("{}", to_text(record));
  print(*figures);
  if (figures->failures > 0) return ExitCode::failed;
  if (smoke) return ExitCode::fine;
  const nlohmann::ordered_json document = {
      {"run", to_json(record)},
      {"partitions", figures->partitions},
      {"seconds", figures->seconds},
      {"appends", figures->appends},
      {"longest_append_seconds", figures->longest_append_seconds},
      {"coordinator_mailbox_p99_seconds", figures->mailbox_p99_seconds},
      {"descriptors", figures->descriptors},
      {"resident_bytes", figures->resident_bytes}};
  std::ofstream file(line->value("out").value_or(default_result_file("partitions").string()));
  file << document.dump(1) << '\n';
  return file.flush() ? ExitCode::fine : ExitCode::failed;
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** arguments) {
  using namespace millrace;
  const std::vector<std::string> words(arguments, arguments + count);
  return static_cast<int>(
      bench::run_command({words.begin() + 1, words.end()}, bench::record_run(words)));
}
