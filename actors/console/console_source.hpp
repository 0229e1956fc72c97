#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "state/meta/catalog/cluster_view.hpp"

namespace millrace {

// What the pages are made of, as plain values: the shell reads them from the running node.

/// The node that answers.
struct NodeFacts {
  std::string cluster_id;
  NodeId node;
  Incarnation incarnation;
  std::string version;
  Instant now{};
  std::uint64_t undeliverable = 0;              ///< Messages to actors that were not there.
  std::uint64_t batches_left_out = 0;           ///< Of answers, by filters of readers.
  std::optional<std::uint64_t> resident_bytes;  ///< Of the process, if it is one.
  std::vector<std::string> required_actors;     ///< Without them this node serves nobody.
};

struct ActorFacts {
  std::string name;
  std::string parent;
  bool running = false;
  std::uint64_t starts = 0;
  std::uint64_t received = 0;
  std::uint64_t handled = 0;
  std::uint64_t dropped = 0;
  std::int64_t mailbox_depth = 0;
  Duration busy{};
  Duration waited_p50{};  ///< Time in mailbox.
  Duration waited_p99{};
  Duration waited_max{};
  std::string last_error;
};

/// A bound of this node and what is used of it.
struct BudgetFacts {
  std::string name;
  std::string unit;         ///< "bytes", or what is counted.
  std::uint64_t limit = 0;  ///< Of each holder.
  std::uint64_t holders = 0;
  std::uint64_t used = 0;     ///< By all holders.
  std::uint64_t fullest = 0;  ///< By the one that uses most.
};

/// One message of an actor's flight recorder.
struct HandledMessage {
  Instant handled_at{};
  std::uint64_t schema = 0;
  std::string from;
  std::size_t bytes = 0;
  Duration waited{};
  Duration worked{};
  bool dropped = false;
};

/// Where a page takes its facts from; it asks for what it shows and nothing else.
class ConsoleSource {
 public:
  virtual ~ConsoleSource() = default;

  [[nodiscard]] virtual NodeFacts node() const = 0;
  /// In order of names.
  [[nodiscard]] virtual std::vector<ActorFacts> actors() const = 0;
  /// Oldest first. Empty for an actor that is not there.
  [[nodiscard]] virtual std::vector<HandledMessage> flight_of(const std::string& actor) const = 0;
  /// In order of names.
  [[nodiscard]] virtual std::vector<BudgetFacts> budgets() const = 0;
  [[nodiscard]] virtual const ClusterView& cluster() const = 0;
};

}  // namespace millrace
