#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "client/callback.hpp"
#include "client/connection.hpp"
#include "client/table.hpp"

namespace millrace::protocol::wire {
class MetadataResponse;
}

namespace millrace::client {

struct ClientOptions {
  std::vector<Endpoint> bootstrap = {};  ///< Asked in this order; any server will do. Not empty.
  /// One request, from asking to its answer, repetitions included.
  Duration request_time_max = 30s;
  /// How long one server may take to say who is in the cluster before the next one is asked.
  Duration metadata_time_max = 5s;
  /// Which of several equal servers is asked, and the jitter of pauses, follow from it.
  std::uint64_t seed = 1;
  ConnectionOptions connection = {};
};

/// Who answers a call. Source: Fluss client routing.
enum class Where {
  coordinator,  ///< Calls that change something.
  any_server,   ///< Calls that read: a tablet server picked at random.
};

/// Whether a call may be sent again when it is not known whether it took effect.
enum class Repeat { never, safe };

/// The cluster as the client knows it: its servers, connections to them, and its tables. It learns
/// from METADATA answers only, and forgets when an answer shows that it was wrong. Connections are
/// made when needed and re-made when broken.
///
/// What is in flight holds it by shared_ptr; shut_down() ends all of that.
class Cluster : public std::enable_shared_from_this<Cluster> {
 public:
  Cluster(Transport& transport, EventLoop& loop, ClientOptions options);

  /// A call to the coordinator or to some server. Sent again, after a pause and at most three
  /// times, if it surely had no effect, or after any retriable error if that is `safe`.
  void ask(Where where, Repeat repeat, protocol::ApiKey api, Buffer body, Callback<Answer> done);

  /// A call to one server, once.
  void ask_node(NodeId node, protocol::ApiKey api, std::vector<Buffer> body, Duration time_max,
                Callback<Answer> done);

  /// A table as last heard of, or asks. Errors: table_not_exist.
  void table(const TablePath& path, Callback<TablePtr> done);
  /// The next table() asks again.
  void forget(const TablePath& path) { tables_.erase(path); }
  /// A partition of a table, by its name. Errors: partition_not_exists.
  void partition(const TablePath& path, const std::string& name, Callback<TablePtr> done);
  /// The newest about a table or partition that `known` is an older description of.
  void look_again(const TableInfo& known, Callback<TablePtr> done);

  /// The coordinator and all servers, freshly asked for.
  struct Nodes {
    std::optional<ServerNode> coordinator;
    std::vector<ServerNode> servers;
  };
  void nodes(Callback<Nodes> done);

  /// Breaks all connections; everything in flight and every later call fails.
  void shut_down();

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  /// `base` plus or minus a fifth, so that many clients do not come back in step.
  [[nodiscard]] Duration jittered(Duration base);

 private:
  struct Call;
  struct Search;

  [[nodiscard]] std::shared_ptr<Connection> connection_to(const Endpoint& endpoint);
  void proceed(const std::shared_ptr<Call>& call);
  void send(const std::shared_ptr<Call>& call);
  void settle(const std::shared_ptr<Call>& call, const Connection& connection,
              Outcome<Answer> answer);
  void with_nodes(Callback<void> then);
  void search(const std::shared_ptr<Search>& search);
  void found(const Outcome<void>& outcome);
  [[nodiscard]] Outcome<void> learn(const protocol::wire::MetadataResponse& answer);
  void found_table(const TablePath& path, const Outcome<TablePtr>& table);
  void explain_missing(const TablePath& path, const ProtocolError& unknown);
  [[nodiscard]] Outcome<TablePtr> pick_table(const TablePath& path,
                                             const protocol::wire::MetadataResponse& answer);
  [[nodiscard]] Outcome<TablePtr> pick_partition(const TablePath& path, const std::string& name,
                                                 const protocol::wire::MetadataResponse& answer);

  Transport& transport_;
  EventLoop& loop_;
  const ClientOptions options_;
  Random random_;
  bool shut_down_ = false;
  bool nodes_are_known_ = false;  // False also when they are known to be out of date.
  Nodes nodes_;
  std::vector<Callback<void>> wait_for_nodes_;
  std::map<Endpoint, std::shared_ptr<Connection>> connections_;
  std::map<TablePath, TablePtr> tables_;
  std::map<TablePath, std::vector<Callback<TablePtr>>> wait_for_table_;
};

}  // namespace millrace::client
