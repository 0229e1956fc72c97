// The question: what does a message between two actors of one node cost, from sealing to opening?
// Workload: the smallest request of a replica and its answer; actors on the scheduler's two threads
// with all counters and flight records on. Unit: time per message; "round trip" is a request and
// its answer. "flood" sends bursts of 256, four under way. Left out: links, attachments.
#include <benchmark/benchmark.h>

#include "bench/micro/caller_actor.hpp"
#include "runtime/production_environment.hpp"

namespace millrace::bench {
namespace {

void envelope_seal(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(answer_message());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(envelope_seal)->UseRealTime();

void envelope_open(benchmark::State& state) {
  const Envelope envelope = answer_message();
  for (auto _ : state) {
    auto base = open<schemas::ReplicaReply>(
        envelope, [](schemas::ReplicaReply::Reader reply) -> Result<std::int64_t> {
          if (!reply.isAppended()) return fail(Errc::malformed, "not appended");
          return reply.getAppended().getBaseOffset();
        });
    benchmark::DoNotOptimize(base);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(envelope_open)->UseRealTime();

/// One node with a caller and an answerer.
class Pair {
 public:
  Pair() {
    (void)context_.spawn<Answerer>("answerer", "", Placement::scheduled);
    (void)context_.spawn<Caller>("caller", "", Placement::scheduled, desk_,
                                 context_.address_of("answerer"));
  }
  ~Pair() {
    context_.stop("caller");
    context_.stop("answerer");
    environment_.await_actors();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  bool run(const CallPlan& plan) { return carry_out(context_, desk_, plan, 60s); }

 private:
  CallDesk desk_;
  ProductionEnvironment environment_{2};
  NodeContext context_{environment_, {"bench", NodeId{1}, Incarnation{1}}, Random(1)};
};

void measure(benchmark::State& state, const CallPlan& plan) {
  Pair pair;
  while (state.KeepRunningBatch(static_cast<std::int64_t>(plan.bursts * plan.burst_messages))) {
    if (!pair.run(plan)) {
      state.SkipWithError("no answer within a minute");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
}

void actor_round_trip(benchmark::State& state) { measure(state, {.bursts = 2000}); }
BENCHMARK(actor_round_trip)->UseRealTime()->MeasureProcessCPUTime();

void actor_flood(benchmark::State& state) {
  measure(state, {.bursts = 64, .burst_messages = 256, .bursts_in_flight = 4});
}
BENCHMARK(actor_flood)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace millrace::bench
