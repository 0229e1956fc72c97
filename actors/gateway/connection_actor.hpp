#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/gateway/answer_window.hpp"
#include "actors/gateway/authenticator.hpp"
#include "actors/gateway/call.hpp"
#include "actors/gateway/gateway_security.hpp"
#include "protocol/frame.hpp"
#include "runtime/actor.hpp"
#include "runtime/byte_budget.hpp"
#include "runtime/byte_shares.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace::gateway {

struct ConnectionLimits {
  std::size_t request_bytes_max =
      protocol::request_frame_bytes_max;  ///< netty.server.max-request-size
  std::size_t calls_max = 500;            ///< Requests on their way; then reading stops.
  std::size_t in_flight_bytes_max = std::size_t{64} << 20;  ///< Of requests on their way.
  std::size_t answer_bytes_max = std::size_t{64} << 20;     ///< Of answers, until they are taken.
  Duration idle_max = 10min;                                ///< netty.connection.max-idle-time
  Duration authentication_time_max = 30s;                   ///< On a listener that asks for it.
  /// From a request's first byte to its last, while we read.
  Duration frame_time_max = 2min;
  /// What waits to be taken must all have been taken within this time.
  Duration answer_time_max = 3min;
};

/// Where a connection came from.
struct ConnectionOrigin {
  ConnectionId connection;
  std::string host;
  std::shared_ptr<const GatewaySecurity> security;
  std::size_t listener = 0;  ///< Of the security's listeners. Requires that it is one.
};

/// What a node's connections hold between them.
struct GatewayBudgets {
  /// The number of the device that a bucket lies on.
  using DeviceOf = std::function<std::size_t(BucketId)>;
  GatewayBudgets(std::size_t requests_bytes_max, std::size_t answers_bytes_max, std::size_t devices,
                 DeviceOf number_of)
      : requests(std::make_shared<ByteBudget>(requests_bytes_max)),
        appends(requests, devices),
        device_of(std::move(number_of)),
        answers(answers_bytes_max) {}

  /// Requests, from their first byte until they are answered; rows, until they are written. When it
  /// is spent, no request is begun; those that have begun to arrive go on until it is spent twice.
  /// Shared with those rows, which may outlive everybody else.
  const std::shared_ptr<ByteBudget> requests;
  /// Of them, rows on their way to each device. When a device's share is spent, appends to it wait,
  /// and a connection that has one that waits begins nothing more. When what waits would leave too
  /// little to everybody else, further ones are refused.
  ByteShares appends;
  const DeviceOf device_of;
  /// Answers: rows that are being read, rows that calls have, frames not yet taken. When it is
  /// spent, a connection that holds some of it asks for nothing more, and one that holds nothing
  /// reads one batch at a time.
  ByteBudget answers;
  /// Batches that filters of readers left out of answers, so far.
  std::atomic<std::uint64_t> batches_left_out{0};
};

/// One client's connection: cuts frames, runs a call per request, writes answers as they come.
/// Requests are begun in the order they arrived, and appends reach each replica in that order.
/// Whatever a client sends costs at most its own connection.
class ConnectionActor final : public Actor {
 public:
  ConnectionActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
                  ConnectionOrigin origin, const PublishedView& published, GatewayBudgets& budgets,
                  ConnectionLimits limits, std::shared_ptr<const protocol::Properties> configs);

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;
  void on_stop() override;
  void on_end() override;

 private:
  struct Active {
    std::unique_ptr<Call> call;
    std::int32_t request_id = 0;
    std::size_t bytes = 0;
    std::size_t counted_elsewhere = 0;          // Of them, by the rows themselves.
    std::optional<CoordinatorCommand> command;  // What the coordinator was asked.
  };

  void take_transport(const Envelope& envelope);
  void take_bytes(const Buffer& bytes);
  /// After every event: begins requests that have arrived, sends reads that had to wait, asks for
  /// more bytes; each as far as the limits allow.
  void go_on();
  void begin_requests();
  void begin(const protocol::RequestFrame& request);
  [[nodiscard]] bool may_begin() const;
  void answered(const Envelope& envelope);
  void perform(std::uint64_t number, const CallEffects& effects);
  void command_coordinator(std::uint64_t number);
  void ask(std::uint64_t number, const AskReplica& ask);
  void send_question(std::uint64_t number, const AskReplica& asked);
  [[nodiscard]] bool may_read(std::uint64_t number) const;
  void send_waiting_reads();
  [[nodiscard]] bool may_append(std::size_t device) const;
  void send_append(std::uint64_t number, const AskReplica& ask);
  void send_waiting_appends();
  /// Their calls are told once they are not being performed any more.
  void answer_refused_appends();
  void wait_for_shares();
  void forget_shares();
  void finish(std::uint64_t number, std::vector<Buffer> frame);
  void after_failed_authentication();
  void receive();
  /// Tells the node's budgets what this connection holds now.
  void settle_budgets();
  /// Looks after frames that do not arrive and answers that nobody takes, while there are any.
  void watch();
  void check_progress();
  void give_up(const std::string& why);
  /// Runs `step` on a call with the newest view and performs what follows.
  template <class Step>
  void advance(std::uint64_t number, Step step);

  Transport& transport_;
  const ConnectionOrigin origin_;
  const ConnectionId connection_;
  Authenticator authenticator_;
  Caller caller_;
  const PublishedView& published_;
  GatewayBudgets& budgets_;
  const ConnectionLimits limits_;
  const std::shared_ptr<const protocol::Properties> configs_;
  protocol::FrameSplitter frames_;
  AnswerWindow answers_;
  std::map<std::uint64_t, Active> active_;
  std::deque<std::pair<std::uint64_t, AskReplica>> waiting_reads_;       // By call.
  std::deque<std::pair<std::uint64_t, AskReplica>> waiting_appends_;     // By call, in their order.
  std::deque<std::pair<std::uint64_t, std::uint32_t>> refused_appends_;  // By call and slot.
  std::map<std::size_t, ByteBudget::WaiterId> waits_for_shares_;         // By device.
  std::uint64_t numbers_ = 0;
  std::size_t in_flight_bytes_ = 0;
  std::size_t counted_elsewhere_ = 0;  // Of them.
  BudgetAccount calls_account_;
  BudgetAccount requests_account_;
  BudgetAccount answers_account_;
  std::size_t settled_requests_ = 0;  // What the node's budgets know of.
  std::size_t settled_answers_ = 0;
  ByteBudget::WaiterId waits_for_requests_ = 0;
  ByteBudget::WaiterId waits_for_answers_ = 0;
  bool opened_ = false;
  bool reading_ = false;   // A receive() is pending.
  bool watching_ = false;  // A timer is set.
  bool closed_ = false;
  Instant last_used_{};
  Instant frame_began_{};
  std::uint64_t to_be_taken_ = 0;  // All answers up to here, within answer_time_max of the next.
  Instant to_be_taken_since_{};
};

}  // namespace millrace::gateway
