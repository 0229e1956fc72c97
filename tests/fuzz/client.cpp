#include "client/client.hpp"

#include "base/check.hpp"
#include "client/acls.hpp"
#include "client/scanner.hpp"
#include "protocol/acl_wire.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/unit/client/fake_cluster.hpp"
#include "tests/unit/protocol/mutation.hpp"

// What a client reads of a server that answers anything. The first requests are served as they
// should be, the next ones get pieces of the input, the rest is refused. Whatever comes, every call
// ends, and exactly once.

namespace millrace::fuzz {
namespace {

using namespace client;
namespace wire = protocol::wire;

constexpr std::size_t scan_rows = 10;

class Caller {
 public:
  explicit Caller(InputReader& input) : cluster_(loop_, peer_, 2, 2) {
    which_ = input.below(scan_rows + 1);
    std::size_t served = input.below(4);
    cluster_.intercept = [this, &input, served](const Request& request) mutable {
      if (served > 0) return --served, false;
      if (input.empty()) {
        peer_.refuse(request, protocol::ErrorCode::table_not_exist, "no more");
      } else {
        peer_.answer_pieces(request, {input.piece()});
      }
      return true;
    };
    const Buffer batch = protocol::encode_batch(*cluster_.rows({1, 2, 3}), {}).value();
    cluster_.buckets[0].batches.push_back(batch);
    cluster_.buckets[0].end = 3;
  }

  void run() {
    if (which_ == scan_rows) return scan();
    ask();
    wait();
  }

 private:
  template <class T>
  [[nodiscard]] Callback<T> done() {
    calls_ = 0;
    return [this](const Outcome<T>&) { CHECK(++calls_ == 1); };
  }
  void wait() {
    (void)loop_.run_until([&] { return calls_ > 0; }, 1h);
    CHECK(calls_ == 1);
  }

  void ask() {
    switch (which_) {
      case 0:
        return client_.list_databases(done<std::vector<std::string>>());
      case 1:
        return client_.describe_table(cluster_.path, done<TablePtr>());
      case 2:
        return client_.list_partitions(cluster_.path, {}, done<std::vector<PartitionInfo>>());
      case 3:
        return client_.list_offsets(cluster_.path, OffsetQuery{},
                                    done<std::vector<BucketOffset>>());
      case 4:
        return client_.database_info("db", done<DatabaseInfo>());
      case 5:
        return client_.init_writer(cluster_.path, done<WriterId>());
      case 6:
        return list_acls(client_, {}, done<std::vector<protocol::AclEntry>>());
      case 7:
        return create_acls(client_, {{}}, done<std::vector<AclOutcome>>());
      case 8:
        return client_.describe_partition(cluster_.path, "p", done<TablePtr>());
      default:
        return client_.nodes(done<Cluster::Nodes>());
    }
  }

  void scan() {
    std::shared_ptr<Scanner> scanner;
    const auto opened = done<std::shared_ptr<Scanner>>();
    Scanner::open(client_, cluster_.path, {}, [&](const Outcome<std::shared_ptr<Scanner>>& found) {
      if (found) scanner = *found;
      opened(found);
    });
    wait();
    if (!scanner) return;
    if (scanner->table().is_partitioned() || scanner->table().buckets.size() < 2) return;
    for (int bucket = 0; bucket < 2; ++bucket) scanner->subscribe(BucketIndex{bucket}, 0);
    for (int turn = 0; turn < 3; ++turn) {
      scanner->poll(1s, done<std::vector<ScannedBatch>>());
      wait();
    }
  }

  std::size_t which_ = 0;
  int calls_ = 0;  // Of the callback that is waited for.
  VirtualLoop loop_;
  FakePeer peer_{loop_};
  FakeCluster cluster_;
  Client client_{peer_, loop_, {.bootstrap = {FakeCluster::address_of(0)}}};
};

std::string metadata() {
  VirtualLoop loop;
  FakePeer peer(loop);
  const FakeCluster cluster(loop, peer, 2, 2);
  wire::MetadataResponse answer;
  auto* server = answer.add_tablet_servers();
  server->set_node_id(0);
  server->set_host("node0");
  server->set_port(9123);
  *answer.mutable_coordinator_server() = *server;
  auto* table = answer.add_table_metadata();
  table->mutable_table_path()->set_database_name("db");
  table->mutable_table_path()->set_table_name("t");
  table->set_table_id(7);
  table->set_schema_id(1);
  table->set_table_json(protocol::to_json(cluster.descriptor));
  table->set_created_time(1);
  table->set_modified_time(2);
  for (int i = 0; i < 2; ++i) {
    auto* bucket = table->add_bucket_metadata();
    bucket->set_bucket_id(i);
    bucket->set_leader_id(0);
  }
  auto* partition = answer.add_partition_metadata();
  partition->set_table_id(7);
  partition->set_partition_name("p");
  partition->set_partition_id(3);
  return answer.SerializeAsString();
}

std::string fetched() {
  VirtualLoop loop;
  FakePeer peer(loop);
  const FakeCluster cluster(loop, peer, 2, 2);
  const Buffer batch = protocol::encode_batch(*cluster.rows({1, 2, 3}), {}).value();
  const std::vector<protocol::FetchedTable> tables = {{7, {{{}, 0, {}, 3, 0, {batch}}}}};
  return std::string(protocol::joined(protocol::encode_fetch_response(tables)).text());
}

/// An answer to what `which` asks, if it is not METADATA.
std::string answer_to(std::size_t which) {
  if (which == 0) {
    wire::ListDatabasesResponse answer;
    answer.add_database_name("db");
    return answer.SerializeAsString();
  }
  if (which == 3) {
    wire::ListOffsetsResponse answer;
    auto* bucket = answer.add_buckets_resp();
    bucket->set_bucket_id(0);
    bucket->set_offset(5);
    return answer.SerializeAsString();
  }
  if (which == 6) {
    wire::ListAclsResponse answer;
    protocol::write_acl(*answer.add_acl(),
                        {protocol::table_resource("db", "t"), protocol::user_principal("bob"), "*",
                         protocol::Operation::read, protocol::Permission::allow});
    return answer.SerializeAsString();
  }
  return which == scan_rows ? fetched() : std::string("\x0a\x01x");
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  Caller(reader).run();
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  for (std::size_t which = 0; which <= scan_rows; ++which) {
    for (std::size_t served = 0; served < 4; ++served)
      made.push_back(InputWriter()
                         .byte(which)
                         .byte(served)
                         .piece(served < 2 ? metadata() : answer_to(which))
                         .piece(answer_to(which))
                         .done());
  }
  return made;
}

}  // namespace millrace::fuzz
