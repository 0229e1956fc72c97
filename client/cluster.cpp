#include "client/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "client/parsed_answer.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

namespace {

/// Not retriable, so that whoever retries stops at once.
const ProtocolError closed_here{ErrorCode::operation_not_attempted_exception,
                                "the client is closed"};

constexpr int attempts_max = 4;
/// Pauses are 100, 200, 400 ms. Source: Fluss client bootstrap.
constexpr Duration first_pause = 100ms;

Duration pause_after(int attempts) { return first_pause * (1 << std::min(attempts - 1, 10)); }

ServerNode node_of(const wire::PbServerNode& node) {
  ServerNode out{NodeId{node.node_id()},
                 Endpoint{node.host(), static_cast<std::uint16_t>(node.port())}, std::nullopt};
  if (node.has_rack()) out.rack = node.rack();
  return out;
}

BucketInfo bucket_of(const wire::PbBucketMetadata& bucket) {
  BucketInfo out{BucketIndex{bucket.bucket_id()}, std::nullopt, {}};
  if (bucket.has_leader_id()) out.leader = NodeId{bucket.leader_id()};
  for (const std::int32_t replica : bucket.replica_id()) out.replicas.emplace_back(replica);
  return out;
}

/// Of a table or a partition, in order.
template <class Entry>
std::vector<BucketInfo> buckets_of(const Entry& entry) {
  std::vector<BucketInfo> buckets;
  for (const auto& bucket : entry.bucket_metadata()) buckets.push_back(bucket_of(bucket));
  std::sort(buckets.begin(), buckets.end(),
            [](const BucketInfo& a, const BucketInfo& b) { return a.bucket < b.bucket; });
  return buckets;
}

}  // namespace

/// One ask() on its way.
struct Cluster::Call {
  Where where;
  Repeat repeat;
  protocol::ApiKey api;
  Buffer body;
  Callback<Answer> done;
  Instant give_up_at;
  int attempts = 0;
};

/// One search for a server that says who is in the cluster.
struct Cluster::Search {
  std::vector<Endpoint> candidates;
  std::size_t next = 0;
  int rounds = 0;
};

Cluster::Cluster(Transport& transport, EventLoop& loop, ClientOptions options)
    : transport_(transport),
      loop_(loop),
      options_(std::move(options)),
      random_(Random(options_.seed).fork("cluster")) {
  CHECK(!options_.bootstrap.empty());
}

Duration Cluster::jittered(Duration base) { return base * random_.between(800, 1200) / 1000; }

void Cluster::ask(Where where, Repeat repeat, protocol::ApiKey api, Buffer body,
                  Callback<Answer> done) {
  proceed(std::make_shared<Call>(Call{where, repeat, api, std::move(body), std::move(done),
                                      loop_.now() + options_.request_time_max}));
}

void Cluster::proceed(const std::shared_ptr<Call>& call) {
  with_nodes([self = shared_from_this(), call](Outcome<void> known) {
    if (!known) return call->done(tl::unexpected(known.error()));
    self->send(call);
  });
}

void Cluster::send(const std::shared_ptr<Call>& call) {
  ++call->attempts;
  if (call->where == Where::coordinator && !nodes_.coordinator) {
    nodes_are_known_ = false;
    return call->done(refuse(ErrorCode::network_exception, "the cluster has no coordinator now"));
  }
  const ServerNode& node = call->where == Where::coordinator
                               ? *nodes_.coordinator
                               : nodes_.servers[random_.below(nodes_.servers.size())];
  const auto connection = connection_to(node.endpoint);
  connection->ask(call->api, {call->body}, call->give_up_at - loop_.now(),
                  [self = shared_from_this(), call, connection](Outcome<Answer> answer) {
                    self->settle(call, *connection, std::move(answer));
                  });
}

void Cluster::settle(const std::shared_ptr<Call>& call, const Connection& connection,
                     Outcome<Answer> answer) {
  if (answer) return call->done(std::move(answer));
  const ErrorCode code = answer.error().code;
  const bool refused = code == ErrorCode::not_coordinator_leader_exception;
  const bool broken = code == ErrorCode::network_exception;
  if (refused || broken) nodes_are_known_ = false;
  const bool had_no_effect = refused || (broken && !connection.was_ready());
  const bool may_repeat = had_no_effect || (call->repeat == Repeat::safe && is_retriable(code));
  const Duration pause = jittered(pause_after(call->attempts));
  if (shut_down_ || !may_repeat || call->attempts >= attempts_max ||
      loop_.now() + pause >= call->give_up_at)
    return call->done(std::move(answer));
  loop_.after(pause, [self = shared_from_this(), call] { self->proceed(call); });
}

void Cluster::ask_node(NodeId node, protocol::ApiKey api, std::vector<Buffer> body,
                       Duration time_max, Callback<Answer> done) {
  const auto found = std::find_if(nodes_.servers.begin(), nodes_.servers.end(),
                                  [&](const ServerNode& server) { return server.id == node; });
  if (shut_down_ || found == nodes_.servers.end()) {
    const ProtocolError unknown{ErrorCode::network_exception,
                                fmt::format("server {} is not known", node.value())};
    return loop_.post([done = std::move(done), error = shut_down_ ? closed_here : unknown] {
      done(tl::unexpected(error));
    });
  }
  connection_to(found->endpoint)
      ->ask(api, std::move(body), time_max,
            [self = shared_from_this(), done = std::move(done)](Outcome<Answer> answer) {
              if (!answer && answer.error().code == ErrorCode::network_exception)
                self->nodes_are_known_ = false;
              done(std::move(answer));
            });
}

std::shared_ptr<Connection> Cluster::connection_to(const Endpoint& endpoint) {
  std::erase_if(connections_, [](const auto& entry) { return entry.second->is_closed(); });
  auto& connection = connections_[endpoint];
  if (!connection) connection = Connection::open(transport_, loop_, endpoint, options_.connection);
  return connection;
}

void Cluster::nodes(Callback<Nodes> done) {
  nodes_are_known_ = false;
  with_nodes([self = shared_from_this(), done = std::move(done)](Outcome<void> known) {
    if (!known) return done(tl::unexpected(known.error()));
    done(self->nodes_);
  });
}

void Cluster::with_nodes(Callback<void> then) {
  if (shut_down_ || nodes_are_known_) {
    return loop_.post([down = shut_down_, then = std::move(then)] {
      if (down) return then(tl::unexpected(closed_here));
      then({});
    });
  }
  wait_for_nodes_.push_back(std::move(then));
  if (wait_for_nodes_.size() > 1) return;
  // Servers that we know come first: the bootstrap list may name only some, long gone.
  auto next = std::make_shared<Search>();
  for (const ServerNode& server : nodes_.servers) next->candidates.push_back(server.endpoint);
  for (std::size_t i = next->candidates.size(); i > 1; --i)
    std::swap(next->candidates[i - 1], next->candidates[random_.below(i)]);
  for (const Endpoint& endpoint : options_.bootstrap) {
    if (std::find(next->candidates.begin(), next->candidates.end(), endpoint) ==
        next->candidates.end())
      next->candidates.push_back(endpoint);
  }
  search(next);
}

void Cluster::search(const std::shared_ptr<Search>& state) {
  const Endpoint& endpoint = state->candidates[state->next];
  auto heard = parsed<wire::MetadataResponse>(
      [self = shared_from_this(), state](Outcome<wire::MetadataResponse> answer) {
        Outcome<void> outcome;
        if (answer) {
          outcome = self->learn(*answer);
        } else {
          outcome = tl::unexpected(answer.error());
        }
        if (outcome || self->shut_down_) return self->found(outcome);
        if (++state->next < state->candidates.size()) return self->search(state);
        if (++state->rounds >= attempts_max || !is_retriable(outcome.error().code))
          return self->found(outcome);
        state->next = 0;
        self->loop_.after(self->jittered(pause_after(state->rounds)),
                          [self, state] { self->search(state); });
      });
  connection_to(endpoint)->ask(protocol::ApiKey::get_metadata,
                               {protocol::serialize(wire::MetadataRequest())},
                               options_.metadata_time_max, std::move(heard));
}

void Cluster::found(const Outcome<void>& outcome) {
  for (const Callback<void>& waiting : std::exchange(wait_for_nodes_, {})) waiting(outcome);
}

Outcome<void> Cluster::learn(const wire::MetadataResponse& answer) {
  if (answer.tablet_servers().empty())
    return refuse(ErrorCode::leader_not_available_exception, "the cluster has no live server now");
  nodes_ = {};
  if (answer.has_coordinator_server()) nodes_.coordinator = node_of(answer.coordinator_server());
  for (const auto& server : answer.tablet_servers()) nodes_.servers.push_back(node_of(server));
  nodes_are_known_ = true;
  return {};
}

void Cluster::table(const TablePath& path, Callback<TablePtr> done) {
  if (const auto cached = tables_.find(path); cached != tables_.end()) {
    return loop_.post([done = std::move(done), table = cached->second] { done(table); });
  }
  auto& waiting = wait_for_table_[path];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  wire::MetadataRequest request;
  auto* wanted = request.add_table_path();
  wanted->set_database_name(path.database);
  wanted->set_table_name(path.table);
  auto heard = parsed<wire::MetadataResponse>(
      [self = shared_from_this(), path](Outcome<wire::MetadataResponse> answer) {
        if (answer) return self->found_table(path, self->pick_table(path, *answer));
        if (answer.error().code != ErrorCode::unknown_server_error)
          return self->found_table(path, tl::unexpected(answer.error()));
        self->explain_missing(path, answer.error());
      });
  ask(Where::any_server, Repeat::safe, protocol::ApiKey::get_metadata, protocol::serialize(request),
      std::move(heard));
}

void Cluster::found_table(const TablePath& path, const Outcome<TablePtr>& table) {
  const auto waiters = std::exchange(wait_for_table_[path], {});
  wait_for_table_.erase(path);
  for (const Callback<TablePtr>& waiter : waiters) waiter(table);
}

/// Fluss 0.9.1 answers METADATA about a table that does not exist with an unknown error. The call
/// for one table's description says what it is.
void Cluster::explain_missing(const TablePath& path, const ProtocolError& unknown) {
  wire::GetTableInfoRequest request;
  request.mutable_table_path()->set_database_name(path.database);
  request.mutable_table_path()->set_table_name(path.table);
  ask(Where::any_server, Repeat::safe, protocol::ApiKey::get_table_info,
      protocol::serialize(request),
      [self = shared_from_this(), path, unknown](const Outcome<Answer>& answer) {
        self->found_table(path, tl::unexpected(answer ? unknown : answer.error()));
      });
}

Outcome<TablePtr> Cluster::pick_table(const TablePath& path, const wire::MetadataResponse& answer) {
  if (const auto learnt = learn(answer); !learnt) return tl::unexpected(learnt.error());
  for (const auto& entry : answer.table_metadata()) {
    if (entry.table_path().database_name() != path.database ||
        entry.table_path().table_name() != path.table)
      continue;
    auto descriptor = protocol::parse_table_json(entry.table_json());
    if (!descriptor) return tl::unexpected(descriptor.error());
    auto table = std::make_shared<TableInfo>(TableInfo{path,
                                                       TableId{entry.table_id()},
                                                       entry.schema_id(),
                                                       std::move(*descriptor),
                                                       {},
                                                       entry.created_time(),
                                                       entry.modified_time()});
    table->buckets = buckets_of(entry);
    return tables_[path] = std::move(table);
  }
  // Source: Fluss leaves out, without an error, what the caller may not describe.
  return refuse(ErrorCode::authorization_exception,
                "no permission to describe table " + to_string(path));
}

void Cluster::partition(const TablePath& path, const std::string& name, Callback<TablePtr> done) {
  wire::MetadataRequest request;
  auto* table = request.add_table_path();
  table->set_database_name(path.database);
  table->set_table_name(path.table);
  auto* wanted = request.add_partitions_path();
  wanted->set_database_name(path.database);
  wanted->set_table_name(path.table);
  wanted->set_partition_name(name);
  auto heard = parsed<wire::MetadataResponse>(
      [self = shared_from_this(), path, name,
       done = std::move(done)](const Outcome<wire::MetadataResponse>& answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        done(self->pick_partition(path, name, *answer));
      });
  ask(Where::any_server, Repeat::safe, protocol::ApiKey::get_metadata, protocol::serialize(request),
      std::move(heard));
}

Outcome<TablePtr> Cluster::pick_partition(const TablePath& path, const std::string& name,
                                          const wire::MetadataResponse& answer) {
  auto whole = pick_table(path, answer);
  if (!whole) return whole;
  for (const auto& entry : answer.partition_metadata()) {
    if (entry.table_id() != (*whole)->id.value() || entry.partition_name() != name) continue;
    auto table = std::make_shared<TableInfo>(**whole);
    table->buckets = buckets_of(entry);
    table->partition = PartitionRef{PartitionId{entry.partition_id()}, name};
    return table;
  }
  return refuse(ErrorCode::partition_not_exists,
                "no partition " + name + " of table " + to_string(path));
}

void Cluster::look_again(const TableInfo& known, Callback<TablePtr> done) {
  if (known.partition) return partition(known.path, known.partition->name, std::move(done));
  forget(known.path);
  table(known.path, std::move(done));
}

void Cluster::shut_down() {
  shut_down_ = true;
  for (auto& [endpoint, connection] : connections_) connection->close(closed_here.message);
  tables_.clear();
  for (Callback<void>& waiting : std::exchange(wait_for_nodes_, {}))
    loop_.post([waiting = std::move(waiting)] { waiting(tl::unexpected(closed_here)); });
  for (auto& [path, waiters] : std::exchange(wait_for_table_, {})) {
    for (Callback<TablePtr>& waiting : waiters)
      loop_.post([waiting = std::move(waiting)] { waiting(tl::unexpected(closed_here)); });
  }
}

}  // namespace millrace::client
