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
  }
}

struct MetadataReply {
  union {
    unset @0 :Void;             # Never sent.
    loaded @1 :Loaded;          # Attachments: the snapshot if there is one, then the deltas after it.
    committed @2 :UInt64;       # The new revision.
    stored @3 :Void;
    failed @4 :StoreFailure;
  }
}

struct Loaded {
  revision @0 :UInt64;
  hasSnapshot @1 :Bool;
}

struct StoreFailure {
  errc @0 :UInt16;
  message @1 :Text;
}
