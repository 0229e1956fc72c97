// F29: somebody asks for more than his share: a thousand requests at once, more connections than
// there may be, a request that is too large, or answers that he never takes.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/api.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/frame.hpp"
#include "protocol/message_codec.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"

namespace millrace::scenarios {
namespace {

namespace wire = protocol::wire;

constexpr ProcessId stranger{5000};
constexpr std::size_t requests_at_once = 2000;
constexpr std::size_t connections_too_many = 100;
constexpr std::size_t fetches_at_once = 100;

class Flood final : public Fault {
 public:
  explicit Flood(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    SimulatedNetwork& network = run.cluster().simulation().network();
    transport_ = network.transport_of(stranger);
    kind_ = static_cast<Kind>(random_.below(4));
    const NodeId node = run.draw_node(random_);
    const Endpoint& to = run.cluster().client_endpoint(node);
    window_bytes_ = NetworkWeather{}.window_bytes;
    switch (kind_) {
      case Kind::many_requests:
        return open(to, many_requests());
      case Kind::many_connections:
        for (std::size_t i = 0; i < connections_too_many; ++i) open(to, {});
        return;
      case Kind::huge_request:
        return open(to, huge_request());
      case Kind::slow_consumer:
        takes_answers_ = false;
        return open(to, fetches(run.buckets_of(node)));
    }
  }

  void heal(MixedRun& run) override {
    if (!takes_answers_) {
      // What has piled up comes now: more than the network holds for itself.
      takes_answers_ = true;
      for (const auto& [connection, requests] : opened_) transport_->receive(connection);
      run.cluster().run_for(500ms);
    }
    run.cluster().simulation().network().end_process(stranger);
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override {
    switch (kind_) {
      case Kind::many_requests:
        return received_bytes_;
      case Kind::slow_consumer:
        return received_bytes_ > window_bytes_ ? 1 : 0;
      default:
        return closed_;
    }
  }

 private:
  enum class Kind { many_requests, many_connections, huge_request, slow_consumer };
  using Requests = std::vector<Buffer>;

  static void add(Requests& all, Requests request) {
    all.insert(all.end(), std::make_move_iterator(request.begin()),
               std::make_move_iterator(request.end()));
  }

  static Requests many_requests() {
    Requests all;
    for (std::size_t i = 0; i < requests_at_once; ++i) {
      add(all,
          protocol::encode_request(protocol::ApiKey::get_metadata, 0, static_cast<std::int32_t>(i),
                                   {protocol::serialize(wire::MetadataRequest())}));
    }
    return all;
  }

  /// As large as its frame says, which is too large.
  static Requests huge_request() {
    return protocol::encode_request(protocol::ApiKey::produce_log, 0, 1,
                                    {Buffer::from(std::string(std::size_t{1} << 20, 'x'))});
  }

  static Requests fetches(const std::set<BucketId>& buckets) {
    Requests all;
    for (std::size_t i = 0; i < fetches_at_once; ++i) {
      wire::FetchLogRequest request;
      request.set_follower_server_id(-1);
      request.set_max_bytes(1 << 20);
      for (const BucketId& bucket : buckets) {
        auto* table = request.add_tables_req();
        table->set_table_id(bucket.table.value());
        table->set_projection_pushdown_enabled(false);
        auto* asked = table->add_buckets_req();
        asked->set_bucket_id(bucket.bucket.value());
        asked->set_fetch_offset(0);
        asked->set_max_fetch_bytes(1 << 20);
      }
      add(all,
          protocol::encode_request(protocol::ApiKey::fetch_log, 0, static_cast<std::int32_t>(i),
                                   {protocol::serialize(request)}));
    }
    return all;
  }

  void open(const Endpoint& to, Requests requests) {
    const ConnectionId connection =
        transport_->connect(to, [this](const TransportEvent& event) { take(event); });
    opened_.emplace(connection, std::move(requests));
  }

  void take(const TransportEvent& event) {
    if (const auto* up = std::get_if<Opened>(&event)) {
      transport_->send(up->connection, std::exchange(opened_[up->connection], {}));
      if (takes_answers_) transport_->receive(up->connection);
    } else if (const auto* received = std::get_if<Received>(&event)) {
      received_bytes_ += received->bytes.size();
      if (takes_answers_) transport_->receive(received->connection);
    } else if (const auto* gone = std::get_if<Closed>(&event)) {
      ++closed_;
      opened_.erase(gone->connection);
    }
  }

  Random random_;
  std::unique_ptr<Transport> transport_;
  Kind kind_ = Kind::many_requests;
  bool takes_answers_ = true;
  std::map<ConnectionId, Requests> opened_;  // Until they are sent.
  std::size_t window_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t closed_ = 0;
};

}  // namespace

FaultPointer make_flood(Random random) { return std::make_unique<Flood>(random); }

}  // namespace millrace::scenarios
