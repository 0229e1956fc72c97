@0xa7d3c25e1f60b984;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Transport: what a stream connection tells the actor that owns it, inside one process only.
# The engine sends, the owner listens. Events of one connection keep their order; `closed` is the last.
# `received` answers exactly one request for bytes; the bytes are the message's only attachment.

struct TransportMessage {
  connection @0 :UInt64;
  union {
    unset @1 :Void;             # Never sent.
    accepted @2 :Peer;          # A listener has a new connection: attach it or close it.
    opened @3 :Peer;
    received @4 :Void;
    sentBytes @5 :UInt64;       # This many more bytes have left the process.
    closed @6 :Text;            # Why.
  }
  listener @7 :UInt32;          # Of `accepted`: which of its owner's listeners, counted from 0.
}

struct Peer {
  host @0 :Text;
  port @1 :UInt16;
}
