#pragma once
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "runtime/actor.hpp"
#include "schemas/replica.capnp.h"

namespace millrace::bench {

/// What a Caller sends: bursts of messages, each of which is answered once, at its end. A burst of
/// one is a call; long ones are a flood that still has a bound.
struct CallPlan {
  std::size_t bursts = 1;
  std::size_t burst_messages = 1;
  std::size_t bursts_in_flight = 1;
  std::optional<Buffer> attachment = {};  ///< The same one with each message, never copied here.
};

/// The way of plans to a Caller, and of its word back. Plans are numbered from 1, so that one which
/// was given up is not taken for the next.
class CallDesk {
 public:
  struct Order {
    Correlation number = 0;
    CallPlan plan;
  };

  Correlation put(CallPlan plan) {
    const std::lock_guard lock(mutex_);
    order_ = {order_.number + 1, std::move(plan)};
    return order_.number;
  }
  [[nodiscard]] Order take() const {
    const std::lock_guard lock(mutex_);
    return order_;
  }
  void finish(Correlation number) {
    const std::lock_guard lock(mutex_);
    finished_ = number;
    changed_.notify_all();
  }
  /// False: `time_max` passed first.
  [[nodiscard]] bool wait(Correlation number, Duration time_max) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time_max, [&] { return finished_ == number; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Order order_;
  Correlation finished_ = 0;
};

/// What an append is between a connection and a replica, without its rows' meaning.
[[nodiscard]] inline Envelope request_message(const std::optional<Buffer>& attachment) {
  std::vector<Buffer> attachments;
  if (attachment) attachments.push_back(*attachment);
  return seal<schemas::ReplicaRequest>(
      [](schemas::ReplicaRequest::Builder request) { request.setAppend(); },
      std::move(attachments));
}
[[nodiscard]] inline Envelope answer_message() {
  return seal<schemas::ReplicaReply>([](schemas::ReplicaReply::Builder reply) {
    auto appended = reply.initAppended();
    appended.setBaseOffset(1'000'000);
    appended.setHighWatermark(1'000'100);
  });
}

/// Answers what wants an answer.
class Answerer final : public Actor {
 public:
  using Actor::Actor;

 protected:
  void on_envelope(const Envelope& envelope) override {
    if (envelope.correlation != 0) reply(envelope, answer_message());
  }
};

/// Carries out the desk's plan whenever it is told to go, by a message without a correlation.
class Caller final : public Actor {
 public:
  Caller(caf::actor_config& config, ActorSetup setup, CallDesk& desk, ActorAddress answerer)
      : Actor(config, std::move(setup)), desk_(desk), answerer_(std::move(answerer)) {}

 protected:
  void on_envelope(const Envelope& envelope) override {
    if (envelope.correlation == 0) {
      order_ = desk_.take();
      bursts_to_send_ = order_.plan.bursts;
      bursts_in_flight_ = 0;
    } else if (envelope.correlation != order_.number) {
      return;  // Of a plan that was given up.
    } else {
      CHECK(bursts_in_flight_ > 0);
      --bursts_in_flight_;
    }
    while (bursts_to_send_ > 0 && bursts_in_flight_ < order_.plan.bursts_in_flight) send_burst();
    if (bursts_in_flight_ == 0) desk_.finish(order_.number);
  }

 private:
  void send_burst() {
    for (std::size_t i = 1; i <= order_.plan.burst_messages; ++i) {
      Envelope envelope = request_message(order_.plan.attachment);
      if (i == order_.plan.burst_messages) envelope.correlation = order_.number;
      send(answerer_, std::move(envelope));
    }
    --bursts_to_send_;
    ++bursts_in_flight_;
  }

  CallDesk& desk_;
  const ActorAddress answerer_;
  CallDesk::Order order_;
  std::size_t bursts_to_send_ = 0;
  std::size_t bursts_in_flight_ = 0;
};

/// Has `plan` carried out by the actor "caller" of `context`. False: not done within `time_max`.
[[nodiscard]] inline bool carry_out(NodeContext& context, CallDesk& desk, CallPlan plan,
                                    Duration time_max) {
  const Correlation number = desk.put(std::move(plan));
  context.post("caller", "bench", answer_message());
  return desk.wait(number, time_max);
}

}  // namespace millrace::bench
