#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cluster.hpp"
#include "protocol/alteration.hpp"

namespace millrace::client {

struct DatabaseInfo {
  std::string name;
  protocol::DatabaseDescriptor descriptor;
  EpochMillis created = 0;
  EpochMillis modified = 0;
};

/// Which offset of a bucket is asked for. Source: Fluss LIST_OFFSETS offset types.
struct OffsetQuery {
  enum class Kind { earliest = 0, latest = 1, timestamp = 2 };
  Kind kind = Kind::latest;
  EpochMillis timestamp = 0;  ///< With `timestamp`: the first row that is not older.
};

struct BucketOffset {
  BucketIndex bucket;
  Outcome<Offset> offset;
};

/// A partition's values by key.
using PartitionSpec = std::vector<std::pair<std::string, std::string>>;

struct PartitionInfo {
  PartitionId id;
  PartitionSpec spec;  ///< In the order of the table's partition keys.

  /// "us$20241130".
  [[nodiscard]] std::string name() const;
};

/// The public protocol for programs: databases, tables, offsets. Reading and writing rows are
/// Scanner and Appender. All methods return at once; see Callback. One thread: the loop's.
class Client {
 public:
  /// `transport` and `loop` outlive the client. Requires a bootstrap address.
  Client(Transport& transport, EventLoop& loop, ClientOptions options);
  /// Fails what is still in flight.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void list_databases(Callback<std::vector<std::string>> done);
  void create_database(const std::string& name, bool ignore_if_exists, Callback<void> done);
  void drop_database(const std::string& name, bool ignore_if_missing, bool cascade,
                     Callback<void> done);
  /// Custom properties, set and deleted in order, and the comment.
  void alter_database(const protocol::AlterDatabase& alteration, Callback<void> done);
  void database_info(const std::string& name, Callback<DatabaseInfo> done);

  void list_tables(const std::string& database, Callback<std::vector<std::string>> done);
  void create_table(const TablePath& path, const protocol::TableDescriptor& descriptor,
                    bool ignore_if_exists, Callback<void> done);
  void drop_table(const TablePath& path, bool ignore_if_missing, Callback<void> done);
  /// Properties or columns, not both. Errors: invalid_alter_table_exception, table_not_exist.
  void alter_table(const protocol::AlterTable& alteration, Callback<void> done);
  /// With buckets and leaders, asked for anew.
  void describe_table(const TablePath& path, Callback<TablePtr> done);

  /// In the order of their creation; with `partial` only those that have these values. Errors:
  /// table_not_partitioned_exception.
  void list_partitions(const TablePath& path, const PartitionSpec& partial,
                       Callback<std::vector<PartitionInfo>> done);
  void create_partition(const TablePath& path, const PartitionSpec& spec, bool ignore_if_exists,
                        Callback<void> done);
  void drop_partition(const TablePath& path, const PartitionSpec& spec, bool ignore_if_missing,
                      Callback<void> done);
  /// As describe_table(), with the partition's buckets.
  void describe_partition(const TablePath& path, const std::string& name, Callback<TablePtr> done);

  /// One entry per bucket, by index. Asks each leader once, and again, for at most about two
  /// seconds, where the leader is missing or has moved; what remains is that bucket's error.
  void list_offsets(const TablePath& path, OffsetQuery query,
                    Callback<std::vector<BucketOffset>> done);
  /// The same of one partition.
  void list_offsets(const TablePath& path, const std::string& partition, OffsetQuery query,
                    Callback<std::vector<BucketOffset>> done);

  /// A new identity for idempotent writes.
  void init_writer(const TablePath& path, Callback<WriterId> done);

  void nodes(Callback<Cluster::Nodes> done) { cluster_->nodes(std::move(done)); }

  /// What Scanner and Appender share with this client.
  [[nodiscard]] const std::shared_ptr<Cluster>& cluster() const { return cluster_; }

 private:
  std::shared_ptr<Cluster> cluster_;
};

/// create_partition() for those who hold the cluster only.
void create_partition(Cluster& cluster, const TablePath& path, const PartitionSpec& spec,
                      bool ignore_if_exists, Callback<void> done);

/// init_writer() for those who hold the cluster only.
void init_writer(Cluster& cluster, const TablePath& path, Callback<WriterId> done);

}  // namespace millrace::client
