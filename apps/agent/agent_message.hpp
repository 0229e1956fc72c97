#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace millrace {

/// A node process was started; it is not ready yet.
struct NodeSpawned {
  NodeId node;
  Incarnation incarnation;
  std::int32_t process_id = 0;
  friend bool operator==(const NodeSpawned&, const NodeSpawned&) = default;
};

/// One node of the cluster as its host agent knows it.
struct Member {
  NodeId node;
  std::string host;  ///< Virtual host: `host-0`.
  Incarnation incarnation;
  std::string client_listeners;  ///< What clients are told: `FLUSS://127.0.0.1:41001`.
  std::string link_listener;     ///< `127.0.0.1:41002`
  std::string http_listener;     ///< `127.0.0.1:41003`, or empty for a node without a console.
  bool alive = true;             ///< False: the agent saw this incarnation exit. That is certain.
  friend bool operator==(const Member&, const Member&) = default;
};

/// Every listener of a node is bound: it can be reached.
struct NodeReady {
  Member member;
  friend bool operator==(const NodeReady&, const NodeReady&) = default;
};

/// A node process is gone.
struct NodeExited {
  NodeId node;
  Incarnation incarnation;
  std::int32_t exit_code = 0;  ///< Of a process that ended by itself.
  std::int32_t signal = 0;     ///< That ended it, or zero.
  bool is_drained = false;     ///< It ended by itself with code zero: it is not started again.
  std::chrono::milliseconds restart_in{0};
  friend bool operator==(const NodeExited&, const NodeExited&) = default;
};

/// Who belongs to the cluster. A map with a higher revision replaces the one before.
struct ClusterMap {
  Revision revision;
  std::vector<Member> members;  ///< Ordered by id.
  friend bool operator==(const ClusterMap&, const ClusterMap&) = default;
};

/// Let the node finish what it does and end; kill it when the time is over.
struct Drain {
  std::chrono::milliseconds timeout{0};
  friend bool operator==(const Drain&, const Drain&) = default;
};

/// Kill the node and end.
struct StopNow {
  friend bool operator==(const StopNow&, const StopNow&) = default;
};

using AgentMessage = std::variant<NodeSpawned, NodeReady, NodeExited, ClusterMap, Drain, StopNow>;

}  // namespace millrace
