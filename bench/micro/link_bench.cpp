// The question: what does the way of a message between two nodes cost, beyond that within one?
// Workload: messages of a replica with one attachment of N bytes. "link_frame" is the codec alone.
// "link_round_trip" is a request with the attachment and a small answer, one at a time;
// "link_throughput" keeps four bursts under way, at most 16 MiB. Both run over two nodes in this
// process, each with its own actor system and event loop, joined by TCP on loopback. Unit: time per
// message, bytes of attachments per second. Left out: a real network; whoever makes the bytes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "bench/micro/caller_actor.hpp"
#include "runtime/link/links_actor.hpp"
#include "runtime/production_environment.hpp"
#include "runtime/transport/asio/asio_transport.hpp"
#include "runtime/transport_inbox.hpp"
#include "schemas/link.capnp.h"

namespace millrace::bench {
namespace {

constexpr auto attempt_time = 100ms;
constexpr int attempts_max = 300;

Buffer bytes_of_size(std::int64_t size) {
  return Buffer::from(std::string(static_cast<std::size_t>(size), 'r'));
}

Envelope addressed_message(std::int64_t attached) {
  Envelope envelope = request_message(bytes_of_size(attached));
  envelope.from = {NodeId{1}, "caller"};
  envelope.to = {NodeId{2}, "answerer"};
  envelope.incarnation = Incarnation{1};
  envelope.correlation = 7;
  return envelope;
}

void link_frame_encode(benchmark::State& state) {
  const Envelope envelope = addressed_message(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(encode_message(envelope));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(link_frame_encode)->Arg(100)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

void link_frame_decode(benchmark::State& state) {
  const auto pieces = encode_message(addressed_message(state.range(0)));
  std::string joined;
  for (const Buffer& piece : *pieces) joined += piece.text();
  const Buffer frame = Buffer::from(std::move(joined));
  LinkFrameReader reader;
  for (auto _ : state) {
    reader.push(frame);
    auto decoded = reader.next();
    if (!decoded || !*decoded) state.SkipWithError("the frame cannot be read");
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(link_frame_decode)->Arg(100)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

/// A node as a program wires it, as far as links go.
class Node {
 public:
  explicit Node(std::int32_t id)
      : context(environment_, {"bench", NodeId{id}, Incarnation{1}}, Random(1)), transport_(loop_) {
    (void)context.spawn<LinksActor>("links", "", Placement::detached, transport_, LinkOptions{});
    loop_.start();
    endpoint = transport_.listen({"127.0.0.1", 0}, accept_to(context, transport_, "links")).value();
  }
  ~Node() {
    for (const char* root : {"caller", "answerer", "links"}) context.stop(root);
    environment_.await_actors();
    loop_.stop();
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

 private:
  ProductionEnvironment environment_{2};

 public:
  NodeContext context;
  Endpoint endpoint;

 private:
  AsioEventLoop loop_;
  AsioTransport transport_;
};

/// Two nodes, a caller on one, an answerer on the other.
class LinkedPair {
 public:
  LinkedPair() {
    (void)two_.context.spawn<Answerer>("answerer", "", Placement::scheduled);
    (void)one_.context.spawn<Caller>("caller", "", Placement::scheduled, desk_,
                                     two_.context.address_of("answerer"));
    for (Node* node : {&one_, &two_}) node->context.post("links", "bench", members());
  }

  /// A link that is not up yet drops what it is given, so the first calls may stay unanswered.
  [[nodiscard]] bool is_up() {
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      if (carry_out(one_.context, desk_, {.attachment = bytes_of_size(1)}, attempt_time))
        return true;
    }
    return false;
  }

  bool run(const CallPlan& plan) { return carry_out(one_.context, desk_, plan, 60s); }

 private:
  [[nodiscard]] Envelope members() const {
    return seal<schemas::LinkOrder>([this](schemas::LinkOrder::Builder order) {
      auto list = order.initMembers(2);
      for (unsigned i = 0; i < 2; ++i) {
        const Node& node = i == 0 ? one_ : two_;
        list[i].setNodeId(node.context.node().value());
        list[i].setIncarnation(node.context.identity().incarnation.value());
        list[i].setLinkHost(node.endpoint.host);
        list[i].setLinkPort(node.endpoint.port);
      }
    });
  }

  CallDesk desk_;
  Node one_{1};
  Node two_{2};
};

void measure(benchmark::State& state, const CallPlan& plan) {
  LinkedPair pair;
  if (!pair.is_up()) return state.SkipWithError("the link did not come up");
  while (state.KeepRunningBatch(static_cast<std::int64_t>(plan.bursts * plan.burst_messages))) {
    if (!pair.run(plan)) {
      state.SkipWithError("no answer within a minute");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void link_round_trip(benchmark::State& state) {
  measure(state, {.bursts = 50, .attachment = bytes_of_size(state.range(0))});
}
BENCHMARK(link_round_trip)
    ->Arg(100)
    ->Arg(64 << 10)
    ->Arg(1 << 20)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

void link_throughput(benchmark::State& state) {
  constexpr std::int64_t under_way_bytes = std::int64_t{16} << 20;
  constexpr std::size_t bursts_under_way = 4;
  const auto fitting = static_cast<std::size_t>(under_way_bytes / state.range(0));
  measure(state, {.bursts = 16,
                  .burst_messages = std::clamp<std::size_t>(fitting / bursts_under_way, 1, 256),
                  .bursts_in_flight = bursts_under_way,
                  .attachment = bytes_of_size(state.range(0))});
}
BENCHMARK(link_throughput)
    ->Arg(100)
    ->Arg(64 << 10)
    ->Arg(1 << 20)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace millrace::bench
