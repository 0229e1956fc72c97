@0x85168526df5cf820;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Replica: what a client's connection asks of a bucket's replica on the same node, and its answers.
# Requests of one connection to one replica are handled in the order they were sent. Every request is answered once,
# unless the replica ends first: the asker has a deadline. Nothing is retried here; clients do that.

struct ReplicaRequest {
  union {
    unset @0 :Void;             # Never sent.
    append @1 :Void;            # The attachments are whole batches, checksum verified; answered `appended`.
    read @2 :ReadRequest;       # Answered `data` at once.
    await @3 :AwaitRequest;     # Answered when there is more to read, or when the time is up: `data` if the rows that
                                # were waited for are at hand and few enough, else `advanced`.
    offset @4 :OffsetRequest;   # Answered `offset`.
  }
  byLeaderAlone @5 :Bool;       # Of an append: answered when the leader has it, whatever the followers have.
}

struct ReadRequest {
  from @0 :Int64;               # -2: the first offset that is kept.
  bytesMax @1 :UInt64;          # 0: only the high watermark is wanted.
}

struct AwaitRequest {
  from @0 :Int64;               # Rows from this offset on are waited for.
  waitMaxMillis @1 :Int64;
  bytesMax @2 :UInt64;          # As many bytes of rows may come with the answer.
}

struct OffsetRequest {
  union {
    unset @0 :Void;             # Never sent.
    earliest @1 :Void;
    latest @2 :Void;
    timestampMillis @3 :Int64;
  }
}

struct ReplicaReply {
  union {
    unset @0 :Void;             # Never sent.
    appended @1 :Appended;
    data @2 :Data;              # The attachment, if any, is whole batches from the one that holds `from` on.
    advanced @3 :Int64;         # The high watermark.
    offset @4 :Int64;
    refused @5 :Refusal;        # With an error code of the public protocol.
    failed @6 :ReplicaFailure;         # With an Errc; the gateway knows what clients are told.
  }
}

struct Appended {
  baseOffset @0 :Int64;
  highWatermark @1 :Int64;
}

struct Data {
  from @0 :Int64;               # Where the read really began: the offset asked for, or the first kept one.
  highWatermark @1 :Int64;
  logStart @2 :Int64;
}

struct Refusal {
  code @0 :Int32;
  message @1 :Text;
}

struct ReplicaFailure {
  errc @0 :UInt16;
  message @1 :Text;
}
