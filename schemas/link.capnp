@0xd9b4417c03ea52f6;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Link: the stream between two nodes, and what a link tells and is told inside its node.
# Per pair of nodes there are two connections, control and data, so that liveness and metadata never wait behind
# rows. The node with the higher id connects; both sides say hello first. Messages are delivered at most once and in
# order per lane; what is queued when a connection breaks is lost, and each conversation copes with that.

using Envelope = import "envelope.capnp";

enum Lane {
  unset @0;                     # Never sent.
  control @1;
  data @2;
}

struct LinkFrame {
  # Head of every frame. For `message`, the message's words and its attachments follow behind.
  union {
    unset @0 :Void;             # Never sent.
    hello @1 :Hello;            # First frame of each side.
    message @2 :Message;
    creditBytes @3 :UInt64;     # The receiver has room for this many more bytes of frames.
  }
}

struct Hello {
  protocolVersion @0 :UInt32;   # Of this conversation; both sides must speak the same one.
  clusterId @1 :Text;
  nodeId @2 :Int32;
  incarnation @3 :UInt64;       # Grows by one at each start of the node. Zero is never sent.
  lane @4 :Lane;
  creditBytes @5 :UInt64;       # What the other side may send before it is granted more.
}

struct Message {
  envelope @0 :Envelope.EnvelopeHeader;
  words @1 :UInt32;             # Length of the message that follows, in 8-byte words.
}

struct LinkOrder {
  # To the links of a node, from the same node.
  union {
    unset @0 :Void;
    members @1 :List(Member);   # The cluster as the launcher sees it; the whole list each time.
    adopt @2 :Adopted;          # acceptor -> link: this connection is yours, its hello is checked.
  }
}

struct Member {
  nodeId @0 :Int32;
  linkHost @1 :Text;
  linkPort @2 :UInt16;
  incarnation @3 :UInt64;
}

struct Adopted {
  connection @0 :UInt64;
  incarnation @1 :UInt64;
  lane @2 :Lane;
  creditBytes @3 :UInt64;
}

struct PeerStatus {
  # link -> whoever on its node must know: a peer can be reached, or no longer.
  nodeId @0 :Int32;
  incarnation @1 :UInt64;
  connected @2 :Bool;
}
