#pragma once
#include <arrow/type_fwd.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/cli/session.hpp"
#include "client/appender.hpp"
#include "client/scanner.hpp"
#include "tests/e2e/client/live_cluster.hpp"

namespace millrace {

using client::ErrorCode;
using client::Outcome;
using client::TablePath;

/// No healthy call comes near it.
inline constexpr Duration call_time_max = 30s;

/// none for a success.
template <class T>
[[nodiscard]] ErrorCode code_of(const Outcome<T>& outcome) {
  return outcome ? ErrorCode::none : outcome.error().code;
}

/// The value, or the end of the test with the error's words.
template <class T>
T must(Outcome<T> outcome) {
  if (!outcome) {
    throw std::runtime_error(std::string(name_of(outcome.error().code)) + ": " +
                             outcome.error().message);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

/// Rows of the table that most tests write: id BIGINT, name STRING, score DOUBLE.
[[nodiscard]] std::shared_ptr<arrow::RecordBatch> rows(std::int64_t first, std::int64_t count);
[[nodiscard]] std::shared_ptr<arrow::Table> joined(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);
/// A log table without bucket keys.
[[nodiscard]] protocol::TableDescriptor log_table(
    int buckets_count = 1, std::string_view columns = "id BIGINT, name STRING, score DOUBLE");

/// The client's calls as calls that return.
class Calls {
 public:
  explicit Calls(std::vector<Endpoint> bootstrap, std::optional<client::PlainLogin> login = {})
      : session_({std::move(bootstrap), call_time_max, std::move(login)}) {}

  template <class T>
  [[nodiscard]] Outcome<T> wait(const std::function<void(client::Callback<T>)>& start) const {
    return session_.blocking().wait<T>(start);
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) const {
    return session_.blocking().until(done);
  }
  /// Makes the same call until its outcome is the one wanted. False: not within call_time_max.
  [[nodiscard]] bool repeat_until(const std::function<bool()>& call_and_see);

  [[nodiscard]] Outcome<void> create_database(const std::string& name, bool ignore = false);
  [[nodiscard]] Outcome<void> drop_database(const std::string& name, bool ignore = false,
                                            bool cascade = false);
  [[nodiscard]] Outcome<client::DatabaseInfo> database_info(const std::string& name);
  [[nodiscard]] Outcome<std::vector<std::string>> list_databases();
  [[nodiscard]] Outcome<std::vector<std::string>> list_tables(const std::string& database);
  [[nodiscard]] Outcome<void> create_table(const TablePath& path,
                                           const protocol::TableDescriptor& table,
                                           bool ignore = false);
  [[nodiscard]] Outcome<void> drop_table(const TablePath& path, bool ignore = false);
  [[nodiscard]] Outcome<client::TablePtr> describe(const TablePath& path);
  /// By bucket index; the first bucket's error is the call's.
  [[nodiscard]] Outcome<std::vector<Offset>> offsets(const TablePath& path,
                                                     client::OffsetQuery query);
  [[nodiscard]] Outcome<std::vector<Offset>> latest(const TablePath& path);

  [[nodiscard]] std::shared_ptr<client::Appender> appender(const TablePath& path);
  [[nodiscard]] std::shared_ptr<client::Scanner> scanner(const TablePath& path,
                                                         std::vector<std::int32_t> columns = {});
  /// One batch, awaited.
  [[nodiscard]] Outcome<client::Appended> append(client::Appender& appender,
                                                 std::shared_ptr<arrow::RecordBatch> batch,
                                                 int bucket = 0);

  [[nodiscard]] client::Client& client() { return session_.client(); }
  [[nodiscard]] EventLoop& loop() { return session_.loop(); }

 private:
  cli::Session session_;
};

/// What a scan brought: by bucket index, each in the order of arrival.
using Scanned = std::map<int, std::vector<client::ScannedBatch>>;
/// Polls until `count` rows came; more than that fails the test.
[[nodiscard]] Scanned poll_rows(Calls& calls, client::Scanner& scanner, std::int64_t count);
/// Reads `count` rows from these offsets, by bucket index.
[[nodiscard]] Scanned read_rows(Calls& calls, const TablePath& path, std::int64_t count,
                                const std::vector<Offset>& from = {client::from_earliest},
                                std::vector<std::int32_t> columns = {});
[[nodiscard]] std::shared_ptr<arrow::Table> joined(const std::vector<client::ScannedBatch>& found);
/// The first column.
[[nodiscard]] std::vector<std::int64_t> ids_of(const std::vector<client::ScannedBatch>& found);
/// Whether the batches' offsets follow each other without a gap.
[[nodiscard]] bool is_dense(const std::vector<client::ScannedBatch>& found, Offset from);
/// first, first + 1, ..
[[nodiscard]] std::vector<std::int64_t> counted(std::int64_t first, std::int64_t count);

/// A server for all tests, and for each a connection and a database that is gone afterwards. With
/// MILLRACE_E2E_BOOTSTRAP=host:port that server is taken, whoever wrote it; otherwise a cluster of
/// ours is started.
class ClientSuite : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;
  void TearDown() override;

  /// Null: the server is not ours.
  [[nodiscard]] static const LiveCluster* ours();
  [[nodiscard]] Calls& calls() { return *calls_; }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] TablePath path() const { return {database_, "rows"}; }
  /// path(), ready to be written: every bucket has a leader.
  void make_table(const protocol::TableDescriptor& table = log_table());

 private:
  std::unique_ptr<Calls> calls_;
  std::string database_;
};

}  // namespace millrace
