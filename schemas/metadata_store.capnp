@0xaaac373c206e09a9;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Metadata store: the coordinator's orders to the actor that owns the store's port, and the answers.
# One order at a time, answered in order. After `failed` the outcome of a commit is unknown: load, then decide.

struct MetadataRequest {
  union {
    unset @0 :Void;             # Never sent.
    load @1 :Void;              # Everything: answered `loaded`.
    commit @2 :UInt64;          # The attachment becomes the delta after this revision; answered `committed`.
    snapshot @3 :UInt64;        # The attachment is everything up to this revision; answered `stored`.
    readAfter @4 :UInt64;       # Answered `newer`; `loaded` if the deltas after this revision are not all there.
    close @5 :Void;             # Another node may want it. Answered `stored`; the next order opens the store again.
  }
}

struct MetadataReply {
  union {
    unset @0 :Void;             # Never sent.
    loaded @1 :Loaded;          # Attachments: the snapshot if there is one, then the deltas after it.
    committed @2 :UInt64;       # The new revision.
    stored @3 :Void;
    failed @4 :StoreFailure;
    newer @5 :Newer;            # Attachments: the deltas after its base, in order.
  }
}

struct Loaded {
  revision @0 :UInt64;
  hasSnapshot @1 :Bool;
}

struct Newer {
  base @0 :UInt64;
  revision @1 :UInt64;
}

struct StoreFailure {
  errc @0 :UInt16;
  message @1 :Text;
}
