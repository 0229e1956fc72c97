#include "client/offset_lister.hpp"

#include <utility>

#include "client/parsed_answer.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

namespace {
constexpr int rounds_max = 6;
constexpr Duration first_pause = 50ms;
constexpr std::int32_t not_a_follower = -1;
}  // namespace

void OffsetLister::start(std::shared_ptr<Cluster> cluster, const TablePath& path,
                         std::optional<std::string> partition, OffsetQuery query,
                         Callback<std::vector<BucketOffset>> done) {
  std::shared_ptr<OffsetLister> lister(
      new OffsetLister(std::move(cluster), path, std::move(partition), query, std::move(done)));
  lister->next_round();
}

OffsetLister::OffsetLister(std::shared_ptr<Cluster> cluster, TablePath path,
                           std::optional<std::string> partition, OffsetQuery query,
                           Callback<std::vector<BucketOffset>> done)
    : cluster_(std::move(cluster)),
      path_(std::move(path)),
      partition_(std::move(partition)),
      query_(query),
      done_(std::move(done)) {}

void OffsetLister::next_round() {
  ++rounds_;
  auto found = [self = shared_from_this()](const Outcome<TablePtr>& table) {
    if (!table) return self->done_(tl::unexpected(table.error()));
    self->ask_leaders(**table);
  };
  if (partition_) return cluster_->partition(path_, *partition_, std::move(found));
  cluster_->table(path_, std::move(found));
}

void OffsetLister::ask_leaders(const TableInfo& table) {
  std::map<NodeId, std::vector<BucketIndex>> by_leader;
  for (const BucketInfo& info : table.buckets) {
    const auto known = offsets_.find(info.bucket);
    if (known != offsets_.end() && known->second) continue;
    if (info.leader) {
      by_leader[*info.leader].push_back(info.bucket);
    } else {
      offsets_.insert_or_assign(info.bucket, refuse(ErrorCode::leader_not_available_exception,
                                                    "the bucket has no leader now"));
    }
  }
  answers_missing_ = by_leader.size();
  if (by_leader.empty()) return end_round();
  for (const auto& [leader, buckets] : by_leader) ask_leader(table, leader, buckets);
}

void OffsetLister::ask_leader(const TableInfo& table, NodeId leader,
                              const std::vector<BucketIndex>& buckets) {
  wire::ListOffsetsRequest request;
  request.set_follower_server_id(not_a_follower);
  request.set_offset_type(static_cast<std::int32_t>(query_.kind));
  request.set_table_id(table.id.value());
  if (table.partition) request.set_partition_id(table.partition->id.value());
  for (const BucketIndex bucket : buckets) request.add_bucket_id(bucket.value());
  if (query_.kind == OffsetQuery::Kind::timestamp) request.set_starttimestamp(query_.timestamp);
  cluster_->ask_node(leader, protocol::ApiKey::list_offsets, {protocol::serialize(request)},
                     cluster_->options().request_time_max,
                     [self = shared_from_this(), buckets](const Outcome<Answer>& answer) {
                       self->heard(buckets, answer);
                       if (--self->answers_missing_ == 0) self->end_round();
                     });
}

void OffsetLister::heard(const std::vector<BucketIndex>& asked, const Outcome<Answer>& answer) {
  const auto all_fail = [&](const ProtocolError& error) {
    for (const BucketIndex bucket : asked) offsets_.insert_or_assign(bucket, tl::unexpected(error));
  };
  if (!answer) return all_fail(answer.error());
  const auto message = protocol::parse_message<wire::ListOffsetsResponse>(answer->body.bytes());
  if (!message) return all_fail({ErrorCode::corrupt_message, message.error().message});
  all_fail({ErrorCode::unknown_server_error, "the server's answer leaves this bucket out"});
  for (const auto& entry : message->buckets_resp()) {
    const auto slot = offsets_.find(BucketIndex{entry.bucket_id()});
    if (slot == offsets_.end()) continue;
    if (const auto error = error_in_entry(entry)) {
      slot->second = tl::unexpected(*error);
    } else if (entry.has_offset()) {
      slot->second = entry.offset();
    }
  }
}

void OffsetLister::end_round() {
  bool mendable = false;
  for (const auto& [bucket, offset] : offsets_)
    mendable = mendable || (!offset && is_retriable(offset.error().code));
  if (mendable && rounds_ < rounds_max) {
    cluster_->forget(path_);
    const Duration pause = cluster_->jittered(first_pause * (1 << (rounds_ - 1)));
    cluster_->loop().after(pause, [self = shared_from_this()] { self->next_round(); });
    return;
  }
  std::vector<BucketOffset> out;
  for (auto& [bucket, offset] : offsets_) out.push_back({bucket, std::move(offset)});
  done_(std::move(out));
}

}  // namespace millrace::client
