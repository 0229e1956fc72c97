@0xd4e9837f2133e25d;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Device: a replica's orders to the device that its log lies on, and the answers.
# One device serves many buckets, each bucket always the same device; orders of one bucket are done and answered in
# the order they were sent. The correlation id is the asker's ticket. Never leaves the node, nothing is retried.

struct DeviceRequest {
  tableId @0 :Int64;
  bucket @1 :Int32;
  union {
    unset @2 :Void;             # Never sent.
    open @3 :Void;              # Opens or creates the log; answered `opened`.
    append @4 :List(BatchHead); # All or nothing; the batches' pieces are the attachments, in order.
    read @5 :ReadRange;         # Answered `data`, whose attachment is the bytes.
    offsetAt @6 :Int64;         # First offset whose batch has this timestamp (ms) or a later one.
    close @7 :Void;             # Syncs and lets go of the log; not answered.
    remove @8 :Void;            # Closes and deletes the log, if there is one; answered `removed`.
    expire @9 :ExpiryOrder;     # Deletes whole segments from the front; answered `expired`.
    beginEpoch @12 :Int32;      # Rows from the log's end on are of this leader epoch; answered `epochBegun`.
    cut @13 :Int64;             # Cuts off the rows from this offset on; answered `opened`.
    restart @14 :Int64;         # Deletes all rows; the log begins anew at this offset. Answered `opened`.
  }
  partitionId @10 :Int64 = -1;   # -1: the table is not partitioned.
  durable @11 :Bool;             # Of an append: it is answered when it is on the device.
  runs @15 :List(EpochRun);      # Of an append: leader epochs that begin within it, in order.
}

struct BatchHead {
  base @0 :Int64;
  last @1 :Int64;
  timestampMillis @2 :Int64;
  writerId @3 :Int64;           # -1: a writer without identity.
  sequence @4 :Int32;
  pieces @5 :UInt32;            # How many attachments make up the batch.
}

struct EpochRun {
  epoch @0 :Int32;
  start @1 :Int64;              # Offset of its first row.
}

struct ReadRange {
  from @0 :Int64;
  limit @1 :Int64;              # No batch that starts here or above.
  bytesMax @2 :UInt64;
}

struct ExpiryOrder {
  olderThanMillis @0 :Int64;    # A segment goes when all its batches are older,
  limit @1 :Int64;              # and none of its rows is here or above.
  rollActive @2 :Bool;          # Whether the last segment may be closed so that it can go.
  writersOlderThanMillis @3 :Int64;  # Writers silent since before then need not be remembered.
}

struct DeviceReply {
  tableId @0 :Int64;
  bucket @1 :Int32;
  union {
    unset @2 :Void;             # Never sent.
    opened @3 :LogOpened;
    appended @4 :Void;
    data @5 :Void;
    offset @6 :Int64;
    removed @7 :Void;
    failed @8 :DeviceFailure;
    expired @9 :Int64;          # Where the log starts now.
    epochBegun @11 :Void;
  }
  partitionId @10 :Int64 = -1;
}

struct LogOpened {
  start @0 :Int64;
  end @1 :Int64;
  maxTimestampMillis @2 :Int64; # -1: the log is empty.
  epochs @4 :List(EpochRun);
  recent @3 :List(BatchHead);   # The last batches of every writer, oldest first; of some the rows are deleted.
}

struct DeviceFailure {
  errc @0 :UInt16;              # An Errc.
  message @1 :Text;
  end @2 :Int64;                # Where the log ends now.
}
