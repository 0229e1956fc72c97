@0xc594e9bb988a2f8e;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Agent: a host agent speaks with the node process that it started, and with the launcher that
# started it. Both conversations run over an inherited socket, so nothing is lost or reordered while
# both ends live, and nothing is acknowledged. The end of the stream says that the other end is gone:
# a node and an agent then go on alone.
#
# Each message is preceded by its length in bytes (32 bits, little-endian), at most 64 KiB.
# The map is a state, not an event: a newer one replaces an older one that was not read yet.

struct AgentMessage {
  union {
    unset @0 :Void;             # Never sent. A zeroed message must not look like a valid one.
    nodeStarted @1 :NodeStarted;  # agent -> launcher
    nodeReady @2 :Member;       # node -> agent -> launcher, once per incarnation: every listener is bound
    nodeExited @3 :NodeExited;  # agent -> launcher
    clusterMap @4 :ClusterMap;  # launcher -> agent -> node, once all are ready and at each change
    drain @5 :Drain;            # launcher -> agent
    stopNow @6 :Void;           # launcher -> agent: kill the node and end
  }
}

struct NodeStarted {
  nodeId @0 :Int32;
  incarnation @1 :UInt64;
  processId @2 :Int32;
}

struct Member {
  nodeId @0 :Int32;
  host @1 :Text;
  incarnation @2 :UInt64;       # Zero is never sent.
  clientListeners @3 :Text;     # What clients are told: NAME://host:port, separated by commas.
  linkListener @4 :Text;        # host:port
  httpListener @5 :Text;        # host:port, or empty when the node has no console.
  alive @6 :Bool;               # False: the agent saw this incarnation exit.
}

struct NodeExited {
  nodeId @0 :Int32;
  incarnation @1 :UInt64;
  exitCode @2 :Int32;           # Of a process that ended by itself.
  signal @3 :Int32;             # That ended the process, or zero.
  isDrained @4 :Bool;           # It ended by itself with code zero and is not started again.
  restartInMillis @5 :UInt64;   # Otherwise it is started again after this time, or, when draining, not.
}

struct ClusterMap {
  revision @0 :UInt64;          # Grows with each change. Zero is never sent.
  members @1 :List(Member);     # Every node of the cluster, ordered by id.
}

struct Drain {
  timeoutMillis @0 :UInt64;     # After it the node is killed.
}
