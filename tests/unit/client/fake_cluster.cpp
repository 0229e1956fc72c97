#include "tests/unit/client/fake_cluster.hpp"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "base/check.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/log_batch.hpp"
#include "protocol/produce_request.hpp"
#include "protocol/projection.hpp"

namespace millrace::client {

namespace wire = protocol::wire;
using protocol::ApiKey;

namespace {

constexpr EpochMillis stamp_time = 1'700'000'000'000;

Buffer joined(const std::vector<Buffer>& pieces) {
  std::vector<std::byte> out;
  for (const Buffer& piece : pieces)
    out.insert(out.end(), piece.bytes().begin(), piece.bytes().end());
  return Buffer::from(std::move(out));
}

}  // namespace

FakeCluster::FakeCluster(VirtualLoop& loop, FakePeer& peer, int servers, int buckets_count)
    : servers_count(servers),
      buckets(static_cast<std::size_t>(buckets_count)),
      loop_(loop),
      peer_(peer) {
  descriptor.schema.columns.resize(2);
  descriptor.schema.columns[0].name = "id";
  descriptor.schema.columns[0].type = protocol::parse_sql_type("BIGINT NOT NULL").value();
  descriptor.schema.columns[1].name = "name";
  descriptor.schema.columns[1].type = protocol::parse_sql_type("STRING").value();
  protocol::assign_field_ids(descriptor.schema);
  descriptor.bucket_count = buckets_count;
  descriptor.bucket_keys.emplace();
  for (std::size_t i = 0; i < buckets.size(); ++i)
    buckets[i].leader = static_cast<int>(i) % servers_count;
  for (int i = 0; i < servers_count; ++i) peer_.listening.insert(address_of(i));
  peer_.on_request = [this](const Request& request) {
    ++calls[request.api];
    return (intercept && intercept(request)) || serve(request);
  };
}

bool FakeCluster::leads(const Request& request, std::int32_t bucket) const {
  const auto& leader = buckets.at(static_cast<std::size_t>(bucket)).leader;
  return leader && address_of(*leader) == request.server;
}

bool FakeCluster::serve(const Request& request) {
  switch (request.api) {
    case ApiKey::get_metadata:
      serve_metadata(request);
      return true;
    case ApiKey::init_writer: {
      wire::InitWriterResponse answer;
      answer.set_writer_id(next_writer_id++);
      peer_.answer(request, answer);
      return true;
    }
    case ApiKey::produce_log:
      peer_.answer(request, append(request));
      return true;
    case ApiKey::fetch_log:
      answer_fetch(request);
      return true;
    case ApiKey::list_offsets:
      serve_offsets(request);
      return true;
    case ApiKey::get_table_schema:
      serve_schema(request);
      return true;
    default:
      return false;
  }
}

void FakeCluster::serve_metadata(const Request& request) {
  const auto asked = request.as<wire::MetadataRequest>();
  wire::MetadataResponse answer;
  const auto fill = [](wire::PbServerNode& node, int server) {
    node.set_node_id(server);
    node.set_host(address_of(server).host);
    node.set_port(address_of(server).port);
  };
  fill(*answer.mutable_coordinator_server(), coordinator);
  for (int i = 0; i < servers_count; ++i) fill(*answer.add_tablet_servers(), i);
  for (const auto& wanted : asked.table_path()) {
    if (wanted.table_name() != path.table)
      return peer_.refuse(request, ErrorCode::table_not_exist, "no such table");
    auto* table = answer.add_table_metadata();
    *table->mutable_table_path() = wanted;
    table->set_table_id(table_id);
    table->set_schema_id(schema_id);
    table->set_table_json(protocol::to_json(descriptor));
    table->set_created_time(1);
    table->set_modified_time(2);
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      auto* bucket = table->add_bucket_metadata();
      bucket->set_bucket_id(static_cast<std::int32_t>(i));
      if (buckets[i].leader) bucket->set_leader_id(*buckets[i].leader);
    }
  }
  peer_.answer(request, answer);
}

wire::ProduceLogResponse FakeCluster::append(const Request& request) {
  const auto parsed = protocol::parse_produce_request(request.body).value();
  CHECK(parsed.acks == -1);
  wire::ProduceLogResponse answer;
  for (const protocol::ProduceBucket& one : parsed.buckets) {
    auto* entry = answer.add_buckets_resp();
    entry->set_bucket_id(one.bucket_id);
    const auto refuse = [&](ErrorCode code) {
      entry->set_error_code(static_cast<std::int32_t>(code));
    };
    if (!leads(request, one.bucket_id)) {
      refuse(ErrorCode::not_leader_or_follower);
      continue;
    }
    CHECK(protocol::verify_crc(one.records.bytes()).has_value());
    const auto header = protocol::parse_header(one.records.bytes()).value();
    Bucket& bucket = buckets[static_cast<std::size_t>(one.bucket_id)];
    auto& remembered = bucket.writers[header.writer];
    std::optional<Offset> known;
    for (const auto& batch : remembered) {
      if (batch.sequence == header.batch_sequence) known = batch.base_offset;
    }
    const std::int32_t expected = remembered.empty() ? 0 : remembered.back().sequence + 1;
    if (known) {
      entry->set_base_offset(*known);
    } else if (header.batch_sequence != expected) {
      refuse(ErrorCode::out_of_order_sequence_exception);
    } else {
      entry->set_base_offset(bucket.end);
      remembered.push_back({header.batch_sequence, bucket.end});
      if (remembered.size() > 5) remembered.pop_front();
      bucket.batches.push_back(joined(protocol::stamp(one.records, bucket.end, stamp_time)));
      bucket.end += header.record_count;
    }
  }
  return answer;
}

void FakeCluster::answer_fetch(const Request& request) {
  const auto asked = request.as<wire::FetchLogRequest>();
  CHECK(asked.tables_req_size() == 1);
  const auto& table = asked.tables_req(0);
  std::vector<protocol::FetchedTable> out(1);
  out[0].table_id = table.table_id();
  bool rows = false;
  for (const auto& one : table.buckets_req()) {
    protocol::FetchedBucket fetched;
    fetched.bucket_id = one.bucket_id();
    const Bucket& bucket = buckets.at(static_cast<std::size_t>(one.bucket_id()));
    fetched.high_watermark = bucket.end;
    if (!leads(request, one.bucket_id())) {
      fetched.error = {ErrorCode::not_leader_or_follower, "moved"};
    } else if (one.fetch_offset() > bucket.end) {
      fetched.error = {ErrorCode::log_offset_out_of_range_exception, "out of range"};
    }
    std::size_t size = 0;
    for (const Buffer& batch : bucket.batches) {
      if (fetched.error) break;
      const auto header = protocol::parse_header(batch.bytes()).value();
      if (header.next_offset() <= one.fetch_offset()) continue;
      if (size > 0 && size + batch.size() > static_cast<std::size_t>(one.max_fetch_bytes())) {
        // As a server does: the slice ends where the limit is, within a batch.
        fetched.records.push_back(batch.slice(0, batch.size() / 2));
        break;
      }
      size += batch.size();
      rows = true;
      if (!table.projection_pushdown_enabled()) {
        fetched.records.push_back(batch);
        continue;
      }
      const std::vector<std::int32_t> fields(table.projected_fields().begin(),
                                             table.projected_fields().end());
      const auto plan = protocol::ProjectionPlan::make(descriptor.schema, fields).value();
      const auto pieces = protocol::project(batch, plan).value();
      fetched.records.insert(fetched.records.end(), pieces.begin(), pieces.end());
    }
    rows = rows || fetched.error;
    out[0].buckets.push_back(std::move(fetched));
  }
  if (rows) return peer_.answer_pieces(request, protocol::encode_fetch_response(out));
  // The long poll: looks again when the time is up.
  loop_.after(std::chrono::milliseconds(asked.max_wait_ms()), [this, request, out] {
    peer_.answer_pieces(request, protocol::encode_fetch_response(out));
  });
}

void FakeCluster::serve_schema(const Request& request) {
  const auto asked = request.as<wire::GetTableSchemaRequest>();
  const auto schema = schemas.find(asked.schema_id());
  if (schema == schemas.end())
    return peer_.refuse(request, ErrorCode::schema_not_exist, "no such schema");
  wire::GetTableSchemaResponse answer;
  answer.set_schema_id(asked.schema_id());
  answer.set_schema_json(to_json(schema->second));
  peer_.answer(request, answer);
}

void FakeCluster::serve_offsets(const Request& request) {
  const auto asked = request.as<wire::ListOffsetsRequest>();
  wire::ListOffsetsResponse answer;
  for (const std::int32_t id : asked.bucket_id()) {
    auto* entry = answer.add_buckets_resp();
    entry->set_bucket_id(id);
    if (leads(request, id)) {
      entry->set_offset(asked.offset_type() == 0 ? 0 : buckets[static_cast<std::size_t>(id)].end);
    } else {
      entry->set_error_code(static_cast<std::int32_t>(ErrorCode::not_leader_or_follower));
    }
  }
  peer_.answer(request, answer);
}

std::vector<std::int64_t> FakeCluster::ids_in(int bucket) const {
  std::vector<std::int64_t> out;
  for (const Buffer& batch : buckets.at(static_cast<std::size_t>(bucket)).batches) {
    const auto decoded =
        protocol::decode_batch(batch, protocol::to_arrow(descriptor.schema)).value();
    const auto& ids = static_cast<const arrow::Int64Array&>(*decoded->column(0));
    for (std::int64_t i = 0; i < ids.length(); ++i) out.push_back(ids.Value(i));
  }
  return out;
}

std::shared_ptr<arrow::RecordBatch> FakeCluster::rows(std::vector<std::int64_t> ids) const {
  arrow::Int64Builder id_builder;
  arrow::StringBuilder name_builder;
  for (const std::int64_t id : ids) {
    CHECK(id_builder.Append(id).ok());
    CHECK(name_builder.Append("name-" + std::to_string(id)).ok());
  }
  return arrow::RecordBatch::Make(
      protocol::to_arrow(descriptor.schema), static_cast<std::int64_t>(ids.size()),
      {id_builder.Finish().ValueOrDie(), name_builder.Finish().ValueOrDie()});
}

}  // namespace millrace::client
