@0xc4b1d7e29a5f0863;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Replication: what the replicas of one bucket say to each other, and what a replica hears of its role from its tablet.
# A follower asks its leader for rows, one request at a time, and repeats what was not answered: any message may be lost.
# The correlation id of a request numbers it; an answer to an older one is ignored. Rows take the data lane.

struct ReplicationMessage {
  union {
    unset @0 :Void;             # Never sent.
    fetch @1 :FetchRequest;     # follower -> leader; answered by a FetchAnswer, at the latest after the leader's wait.
    leaderWaits @2 :Int32;      # leader -> replica: this epoch has begun here, and you have not asked for anything yet.
  }
}

struct FetchRequest {
  epoch @0 :Int32;              # That the follower follows.
  from @1 :Int64;               # Its log ends there, so it has written all below.
  lastEpoch @2 :Int32 = -1;     # Leader epoch of its last row; -1: no known one, or there is no row.
  bytesMax @3 :UInt64;
}

struct FetchAnswer {
  union {
    unset @0 :Void;             # Never sent.
    rows @1 :Rows;              # The attachment, if there is one, is whole batches from where the follower asked.
    diverged @2 :Divergence;
    tooOld @3 :Int64;           # The leader has rows from this offset on only: the follower begins anew there.
    refused @4 :Void;           # It does not lead in that epoch, or cannot read now.
  }
  epoch @5 :Int32;              # The leader's.
}

struct Rows {
  highWatermark @0 :Int64;
  logStart @1 :Int64;
  runs @2 :List(Run);           # Of these rows; an empty one may stand at their end.
}

struct Run {
  epoch @0 :Int32;
  start @1 :Int64;              # Of its first row, or of the first one here.
}

struct Divergence {
  # Where the leader's rows end of the follower's last leader epoch, or, if it has none of it, of the newest before it.
  epoch @0 :Int32 = -1;         # Which one that is; -1: rows of no known one.
  end @1 :Int64;
}

struct ReplicaNews {
  # tablet -> its replica. Also sent to one that knows already.
  union {
    unset @0 :Void;             # Never sent.
    assigned @1 :Assignment;
    peerReturned @2 :Int32;     # The link to this node is there again: what was asked of it may be lost.
  }
}

struct Assignment {
  leader @0 :Int32;             # -1: nobody leads.
  epoch @1 :Int32;
  version @2 :UInt32;
  replicas @3 :List(Int32);
  inSync @4 :List(Int32);
}
