#pragma once
#include <arrow/type_fwd.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "protocol/fetch_response.hpp"
#include "tests/unit/client/fake_peer.hpp"

namespace millrace::client {

/// What a Fluss cluster of one table does, in memory: metadata, writer ids, appends with the check
/// of sequences, fetches with long poll and projection, offsets. Requests pass `intercept` first.
class FakeCluster {
 public:
  /// Servers 0, 1, .. listen on "node<i>:9123", server 0 is the coordinator; all lead buckets.
  FakeCluster(VirtualLoop& loop, FakePeer& peer, int servers_count, int buckets_count);

  [[nodiscard]] static Endpoint address_of(int server) {
    return {"node" + std::to_string(server), 9123};
  }

  struct Bucket {
    std::optional<int> leader;
    std::vector<Buffer> batches = {};  // Stamped, in order.
    Offset end = 0;
    struct Remembered {
      std::int32_t sequence;
      Offset base_offset;
    };
    std::map<WriterId, std::deque<Remembered>> writers = {};
  };

  const TablePath path{"db", "t"};
  protocol::TableDescriptor descriptor;  ///< id BIGINT NOT NULL, name STRING
  std::int32_t schema_id = 1;
  std::map<std::int32_t, protocol::Schema> schemas;  ///< What GET_TABLE_SCHEMA knows.
  std::int64_t table_id = 7;
  int servers_count;
  int coordinator = 0;
  std::vector<Bucket> buckets;
  std::int64_t next_writer_id = 100;
  /// True: the test deals with the request itself.
  std::function<bool(const Request&)> intercept;
  std::map<protocol::ApiKey, int> calls;

  /// The effect of a produce request, without the answer.
  [[nodiscard]] protocol::wire::ProduceLogResponse append(const Request& request);
  void answer_fetch(const Request& request);
  /// All ids in a bucket's log, in order.
  [[nodiscard]] std::vector<std::int64_t> ids_in(int bucket) const;
  [[nodiscard]] std::shared_ptr<arrow::RecordBatch> rows(std::vector<std::int64_t> ids) const;

 private:
  [[nodiscard]] bool serve(const Request& request);
  void serve_metadata(const Request& request);
  void serve_offsets(const Request& request);
  void serve_schema(const Request& request);
  [[nodiscard]] bool leads(const Request& request, std::int32_t bucket) const;

  VirtualLoop& loop_;
  FakePeer& peer_;
};

}  // namespace millrace::client
