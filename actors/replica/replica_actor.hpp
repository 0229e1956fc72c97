#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/replica/replica_codec.hpp"
#include "protocol/table_options.hpp"
#include "runtime/actor.hpp"

namespace millrace::replica {

struct ReplicaOptions {
  /// A log that nobody asks for is opened within this time after the start, each at a moment of its
  /// own.
  Duration open_within = 5min;
  Duration retention_check_interval = 5min;  ///< log.retention.check-interval
  ReplicaRules rules;
  Duration writer_check_interval = 10min;  ///< server.writer-id.expiration-check-interval
  /// What the catalog says of the bucket, for a replica that starts; nothing: not heard yet.
  std::function<std::optional<Assigned>()> assigned = [] { return std::nullopt; };
  /// Who is in office now.
  std::function<ActorAddress()> coordinator = [] { return ActorAddress{}; };
  /// How long the table's rows are kept, as its properties say now; nothing: for ever.
  std::function<std::optional<Duration>()> time_to_live;
  /// log.retention.roll-active-segment.enabled, as it is now.
  std::function<bool()> roll_active_segment = [] { return false; };
  /// millrace.durability of the table, as it is now.
  std::function<protocol::Durability()> durability = [] { return protocol::Durability::memory; };
};

/// One bucket's replica on this node. Decides nothing: ReplicaMachine does. Its log is touched by
/// the device it was given only.
class ReplicaActor final : public Actor {
 public:
  ReplicaActor(caf::actor_config& config, ActorSetup setup, BucketId bucket, std::string device,
               ReplicaOptions options);

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;
  void on_stop() override;

 private:
  /// Who waits for a ticket.
  struct Asker {
    ActorAddress from;
    Correlation correlation = 0;
    Offset read_from = 0;
    ReadAsked read;  // If it is one.
    bool is_follower = false;
  };

  void step(const Event& event);
  void take_request(const Envelope& envelope);
  void take_replication(const Envelope& envelope);
  void take_fetch_reply(const Envelope& envelope);
  void take_data(Ticket ticket, const Buffer& batches);
  void take_device(const Envelope& envelope);
  void take_failure(Ticket ticket, const DeviceFailed& failed);

  void perform(const WriteBatches& effect);
  void perform(const ReadLog& effect);
  void perform(const FindTimestamp& effect);
  void perform(const AnswerAppended& effect);
  void perform(const AnswerNoData& effect);
  void perform(const AnswerAdvanced& effect);
  void perform(const AnswerWritten& effect);
  void perform(const AnswerOffset& effect);
  void perform(const Refuse& effect);
  void perform(const Fail& effect);
  void perform(const OpenNow& effect);
  void perform(const OpenLater& effect);
  void perform(const ExpireLog& effect);
  void perform(const BeginEpoch& effect);
  void perform(const CutLog& effect);
  void perform(const RestartLog& effect);
  void perform(const AskLeader& effect);
  void perform(const AnswerFetch& effect);
  void perform(const ReadForFollower& effect);
  void perform(const WakeFollower& effect);
  void perform(const ProposeInSync& effect);

  void answer(Ticket ticket, Envelope envelope);
  void order(Correlation correlation, Envelope envelope);
  /// The bits that set this actor's orders apart from its predecessors'.
  [[nodiscard]] Correlation own_correlations() const;

  const BucketId bucket_;
  const std::string device_;
  const ReplicaOptions options_;
  ReplicaMachine machine_;
  BudgetAccount appends_account_;
  BudgetAccount readers_account_;
  BudgetAccount writers_account_;
  std::map<Ticket, Asker> askers_;
  Ticket tickets_ = 0;
  bool ticks_ = false;
};

}  // namespace millrace::replica
