#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"
#include "runtime/actor.hpp"
#include "runtime/byte_budget.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace::gateway {

struct ConnectionLimits {
  std::size_t request_bytes_max =
      protocol::request_frame_bytes_max;  ///< netty.server.max-request-size
  std::size_t calls_max = 500;            ///< Requests on their way; then reading stops.
  std::size_t in_flight_bytes_max = std::size_t{64} << 20;  ///< Of requests on their way.
  std::size_t unsent_bytes_max = std::size_t{64} << 20;     ///< Of answers not yet taken.
  Duration idle_max = 10min;                                ///< netty.connection.max-idle-time
  Duration frame_time_max = 2min;  ///< From a request's first byte to its last.
  Duration stall_max = 1min;       ///< Without a byte of an answer taken.
};

/// What a node's connections hold between them.
struct GatewayBudgets {
  /// Requests, from their first byte until they are answered. When it is spent, no request is
  /// begun; those that have begun to arrive go on until it is spent twice.
  ByteBudget requests;
  /// Answers not yet taken. When it is spent, who has not taken his is not read from.
  ByteBudget answers;
};

/// One client's connection: cuts frames, runs a call per request, writes answers as they come.
/// Requests are begun in the order they arrived, and appends reach each replica in that order.
/// Whatever a client sends costs at most its own connection.
class ConnectionActor final : public Actor {
 public:
  ConnectionActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
                  ConnectionId connection, const PublishedView& published, GatewayBudgets& budgets,
                  ConnectionLimits limits);

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
    std::optional<CoordinatorCommand> command;  // What the coordinator was asked.
  };

  void take_transport(const Envelope& envelope);
  void take_bytes(const Buffer& bytes);
  void begin(const protocol::RequestFrame& request);
  void answered(const Envelope& envelope);
  void perform(std::uint64_t number, const CallEffects& effects);
  void command_coordinator(std::uint64_t number);
  void ask(std::uint64_t number, const AskReplica& ask);
  void finish(std::uint64_t number, std::vector<Buffer> frame);
  void read_on();
  /// Tells the node's budget what this connection holds now.
  void settle_budget();
  /// Looks after frames that do not arrive and answers that nobody takes, while there are any.
  void watch();
  void check_progress();
  void give_up(const std::string& why);
  /// Runs `step` on a call with the newest view and performs what follows.
  template <class Step>
  void advance(std::uint64_t number, Step step);

  Transport& transport_;
  const ConnectionId connection_;
  const PublishedView& published_;
  GatewayBudgets& budgets_;
  const ConnectionLimits limits_;
  protocol::FrameSplitter frames_;
  std::map<std::uint64_t, Active> active_;
  std::uint64_t numbers_ = 0;
  std::size_t in_flight_bytes_ = 0;
  std::size_t settled_bytes_ = 0;  // What the node's budget knows of.
  std::size_t unsent_bytes_ = 0;
  bool reading_ = false;   // A receive() is pending.
  bool waiting_ = false;   // For room in the node's budget.
  bool watching_ = false;  // A timer is set.
  bool closed_ = false;
  Instant last_used_{};
  Instant frame_began_{};
  Instant last_taken_{};
};

}  // namespace millrace::gateway
