#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "actors/coordinator/coordinator_machine.hpp"

namespace millrace::coordinator {

// Of the nodes whose coordinators may hold office one does; the others stand by and follow the
// catalog as every node does. Who holds office is a fact among the others: OfficeTaken, with an
// epoch that is one more than the one before.
//
// Why a deposed coordinator changes nothing any more: the store takes a fact only after the newest
// one, and each commit names the revision that it was decided on. Say that B's OfficeTaken became
// revision n + 1. Until then A knew n at most. A's next commit, also one that was under way all the
// time, names n or less and is refused: something else stands there. To go on A must read what is
// there, and finds B's fact. From then on it is out of office. A commit of unknown outcome is no
// exception: it was written before n + 1 or never, and A learns which of the two from what it
// reads; when B's fact is there, too, A says that it does not know. B read all that was written
// before its own fact, or that fact would have been refused.
//
// Answers that write nothing need a proof, too, since a deposed coordinator may not know that it
// is: a command is looked at after a read of the store that began when the command was there, and
// found no successor. One read serves all commands that wait. Orders to the nodes carry the epoch,
// and a node that obeyed a later coordinator refuses an earlier one.

// What can happen, besides what happens to a coordinator in office.
/// Answers ReadNews: the deltas after `base`, or everything if they are not all there.
struct NewsRead {
  Revision base;
  Revision revision;
  std::optional<Catalog> image;
  std::vector<CatalogDelta> deltas;
};
struct NewsFailed {
  Error error;
};
/// This node has heard what the catalog is at a revision.
struct Followed {
  Revision revision;
  Catalog catalog;
};
using OfficeEvent = std::variant<Loaded, LoadFailed, Committed, CommitFailed, Asked, NodeReported,
                                 NodeLost, Tick, NewsRead, NewsFailed, Followed>;

// What the shell must do, in this order, besides what a coordinator orders.
struct ReadNews {
  Revision after;
};
/// Another node may want to open the store.
struct CloseStore {};
struct OfficeChanged {
  bool in_office = false;  ///< This node's coordinator.
  OfficeTaken office;      ///< Who is, as far as is known.
};
using OfficeEffect = std::variant<Load, Commit, StoreSnapshot, Answer, SendUpdate,
                                  WarnWithoutEffect, ReadNews, CloseStore, OfficeChanged>;

/// One node's coordinator, in office or standing by. Who stands by takes office when the holder's
/// node is lost or silent: the first by node id at once after `patience`, each further one a
/// `stagger` later, so that they do not get into each other's way. Being wrong about the holder is
/// safe. Who held office before it started again takes it again at once.
class OfficeMachine {
 public:
  struct Options {
    CoordinatorMachine::Options coordinator;
    std::set<NodeId> candidates;  ///< Whose coordinators may hold office.
    Duration patience = 300ms;    ///< With a holder that is lost.
    Duration stagger = 300ms;     ///< Longer than taking office takes.
    /// Who hears less than half of the candidates, itself among them, waits for so long: it is more
    /// likely cut off than the last one, and would depose one that can work.
    Duration alone_patience = 10s;
    Duration silence_max = 3s;     ///< A node without reports for so long is taken for lost.
    Duration again_after = 500ms;  ///< Between attempts when the store fails.
  };

  OfficeMachine(Options options, NodeId self, Incarnation incarnation);

  /// Requires `now` never to go back.
  [[nodiscard]] std::vector<OfficeEffect> step(Instant now, const OfficeEvent& event);

  [[nodiscard]] bool in_office() const { return holder_.has_value(); }
  [[nodiscard]] std::size_t waiting_commands() const;
  [[nodiscard]] std::size_t kept_deltas() const { return holder_ ? holder_->kept_deltas() : 0; }

 private:
  using Effects = std::vector<OfficeEffect>;
  enum class State { standby, reading, taking, in_office };
  struct Heard {
    NodeReported report;
    Instant at;
    bool is_lost = false;
  };

  void apply(const Loaded& event, Effects& effects);
  void apply(const LoadFailed& event, Effects& effects);
  void apply(const Committed& event, Effects& effects);
  void apply(const CommitFailed& event, Effects& effects);
  void apply(const Asked& event, Effects& effects);
  void apply(const NodeReported& event, Effects& effects);
  void apply(const NodeLost& event, Effects& effects);
  void apply(const Tick& event, Effects& effects);
  void apply(const NewsRead& event, Effects& effects);
  void apply(const NewsFailed& event, Effects& effects);
  void apply(const Followed& event, Effects& effects);

  /// Hands an event to the coordinator in office.
  void pass(const Event& event, Effects& effects);
  /// Takes over what was read.
  void learn(const NewsRead& news);
  void confirm(Effects& effects);
  void confirmed(const NewsRead& news, Effects& effects);
  void campaign(Effects& effects);
  void take(Effects& effects);
  void enter(Effects& effects);
  void leave(Effects& effects);
  /// From when on this node may try to take office.
  [[nodiscard]] Instant due_at() const;
  [[nodiscard]] bool is_alive(NodeId node) const;
  [[nodiscard]] bool is_alone() const;
  [[nodiscard]] Instant lost_since(NodeId node) const;
  /// How many go first.
  [[nodiscard]] int rank() const;
  [[nodiscard]] bool is_own(const std::optional<OfficeTaken>& office) const {
    return office == own_;
  }

  const Options options_;
  const NodeId self_;
  const Incarnation incarnation_;
  Instant now_{};
  std::optional<Instant> started_at_;
  State state_ = State::standby;
  Revision revision_;  // While not in office.
  Catalog catalog_;
  std::map<NodeId, Heard> heard_;
  std::optional<OfficeTaken> own_;  // In office, or tried to be and does not know the outcome.
  Instant not_before_{};
  std::optional<CoordinatorMachine> holder_;  // In office.
  std::vector<Asked> asked_;       // Came after the read that is under way, if there is one.
  std::vector<Asked> confirming_;  // Wait for it.
  bool is_confirming_ = false;
  bool is_doubted_ = false;  // Some node has obeyed a later coordinator.
};

}  // namespace millrace::coordinator
