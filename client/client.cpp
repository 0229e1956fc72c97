#include "client/client.hpp"

#include <utility>

#include "client/offset_lister.hpp"
#include "client/parsed_answer.hpp"

namespace millrace::client {

namespace wire = protocol::wire;
using protocol::ApiKey;

namespace {

void set_path(wire::PbTablePath& to, const TablePath& path) {
  to.set_database_name(path.database);
  to.set_table_name(path.table);
}

template <class Strings>
std::vector<std::string> strings_of(const Strings& from) {
  return {from.begin(), from.end()};
}

}  // namespace

Client::Client(Transport& transport, EventLoop& loop, ClientOptions options)
    : cluster_(std::make_shared<Cluster>(transport, loop, std::move(options))) {}

Client::~Client() { cluster_->shut_down(); }

void Client::list_databases(Callback<std::vector<std::string>> done) {
  auto heard = parsed<wire::ListDatabasesResponse>(
      [done = std::move(done)](Outcome<wire::ListDatabasesResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        done(strings_of(answer->database_name()));
      });
  cluster_->ask(Where::any_server, Repeat::safe, ApiKey::list_databases,
                protocol::serialize(wire::ListDatabasesRequest()), std::move(heard));
}

void Client::create_database(const std::string& name, bool ignore_if_exists, Callback<void> done) {
  wire::CreateDatabaseRequest request;
  request.set_database_name(name);
  request.set_ignore_if_exists(ignore_if_exists);
  request.set_database_json(protocol::to_json(protocol::DatabaseDescriptor()));
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::create_database,
                protocol::serialize(request),
                done_when<wire::CreateDatabaseResponse>(std::move(done)));
}

void Client::drop_database(const std::string& name, bool ignore_if_missing, bool cascade,
                           Callback<void> done) {
  wire::DropDatabaseRequest request;
  request.set_database_name(name);
  request.set_ignore_if_not_exists(ignore_if_missing);
  request.set_cascade(cascade);
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::drop_database,
                protocol::serialize(request),
                done_when<wire::DropDatabaseResponse>(std::move(done)));
}

void Client::database_info(const std::string& name, Callback<DatabaseInfo> done) {
  wire::GetDatabaseInfoRequest request;
  request.set_database_name(name);
  auto heard = parsed<wire::GetDatabaseInfoResponse>(
      [name, done = std::move(done)](Outcome<wire::GetDatabaseInfoResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        auto descriptor = protocol::parse_database_json(answer->database_json());
        if (!descriptor) return done(tl::unexpected(descriptor.error()));
        done(DatabaseInfo{name, std::move(*descriptor), answer->created_time(),
                          answer->modified_time()});
      });
  cluster_->ask(Where::any_server, Repeat::safe, ApiKey::get_database_info,
                protocol::serialize(request), std::move(heard));
}

void Client::list_tables(const std::string& database, Callback<std::vector<std::string>> done) {
  wire::ListTablesRequest request;
  request.set_database_name(database);
  auto heard = parsed<wire::ListTablesResponse>(
      [done = std::move(done)](Outcome<wire::ListTablesResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        done(strings_of(answer->table_name()));
      });
  cluster_->ask(Where::any_server, Repeat::safe, ApiKey::list_tables, protocol::serialize(request),
                std::move(heard));
}

void Client::create_table(const TablePath& path, const protocol::TableDescriptor& descriptor,
                          bool ignore_if_exists, Callback<void> done) {
  wire::CreateTableRequest request;
  set_path(*request.mutable_table_path(), path);
  request.set_table_json(protocol::to_json(descriptor));
  request.set_ignore_if_exists(ignore_if_exists);
  cluster_->forget(path);
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::create_table,
                protocol::serialize(request),
                done_when<wire::CreateTableResponse>(std::move(done)));
}

void Client::drop_table(const TablePath& path, bool ignore_if_missing, Callback<void> done) {
  wire::DropTableRequest request;
  set_path(*request.mutable_table_path(), path);
  request.set_ignore_if_not_exists(ignore_if_missing);
  cluster_->forget(path);
  cluster_->ask(Where::coordinator, Repeat::never, ApiKey::drop_table, protocol::serialize(request),
                done_when<wire::DropTableResponse>(std::move(done)));
}

void Client::describe_table(const TablePath& path, Callback<TablePtr> done) {
  cluster_->forget(path);
  cluster_->table(path, std::move(done));
}

void Client::list_offsets(const TablePath& path, OffsetQuery query,
                          Callback<std::vector<BucketOffset>> done) {
  OffsetLister::start(cluster_, path, {}, query, std::move(done));
}

void Client::list_offsets(const TablePath& path, const std::string& partition, OffsetQuery query,
                          Callback<std::vector<BucketOffset>> done) {
  OffsetLister::start(cluster_, path, partition, query, std::move(done));
}

void Client::init_writer(const TablePath& path, Callback<WriterId> done) {
  client::init_writer(*cluster_, path, std::move(done));
}

void init_writer(Cluster& cluster, const TablePath& path, Callback<WriterId> done) {
  wire::InitWriterRequest request;
  set_path(*request.add_table_path(), path);
  auto heard = parsed<wire::InitWriterResponse>(
      [done = std::move(done)](Outcome<wire::InitWriterResponse> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        done(WriterId{answer->writer_id()});
      });
  // Safe to repeat: ids that nobody uses are allowed.
  cluster.ask(Where::any_server, Repeat::safe, ApiKey::init_writer, protocol::serialize(request),
              std::move(heard));
}

}  // namespace millrace::client
