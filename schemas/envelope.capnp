@0xb3c1f0a55d0e7a11;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Envelope: what goes around every message between actors of different nodes.
# Links write it in front of the message's own words; inside a process the same facts are the fields
# of the C++ Envelope. Nothing here is retried or acknowledged: that is each conversation's business.

struct EnvelopeHeader {
  schemaId @0 :UInt64;          # Type id of the root struct of the message. Zero is never sent.
  fromNode @1 :Int32;
  fromActor @2 :Text;           # Name of the sending actor; replies go there.
  toActor @3 :Text;             # Name of the receiving actor on the node at the other end.
  incarnation @4 :UInt64;       # Of the sending node. Zero is never sent.
  correlation @5 :UInt64;       # Chosen by whoever asks, copied into the reply. Zero: no reply expected.
  attachmentBytes @6 :List(UInt32);  # Sizes of the buffers that follow the message's words, in order.
}
