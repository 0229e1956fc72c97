@0xebdf2b9bc198b07a;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Coordinator: what gateways ask the coordinator in office, and how every node's tablet follows it.
# Requests may come from any node and are answered once; a lost request or answer ends in the asker's deadline.
# Nodes report themselves all the time; the coordinator answers a report that is behind with an update. So any of
# these messages may be lost, and the next report mends it.

struct CoordinatorRequest {
  union {
    unset @0 :Void;             # Never sent.
    createDatabase @1 :CreateDatabase;
    dropDatabase @2 :DropDatabase;
    createTable @3 :CreateTable;
    dropTable @4 :DropTable;
    newWriter @5 :Void;         # Answered `writerId`.
    sync @6 :Void;              # Answered `done` once the asking node knows what the coordinator knows now.
    changeAcls @7 :Void;        # The attachment is the delta: what to create or to drop.
    createPartition @8 :PartitionCommand;
    dropPartition @9 :PartitionCommand;
    alterTable @10 :AlterTable;
    alterDatabase @11 :AlterDatabase;
    alterClusterConfigs @12 :List(ConfigChange);
    tagServers @13 :TagServers;
    proposeInSync @14 :InSyncProposal;  # From the replica that leads. Answered `done` when it is committed, which the
                                        # leader hears of as an update, too; else `refused`.
  }
}

struct CreateDatabase {
  name @0 :Text;
  json @1 :Text;                # Empty: no descriptor was given.
  ignoreIfExists @2 :Bool;
}

struct DropDatabase {
  name @0 :Text;
  ignoreIfMissing @1 :Bool;
  cascade @2 :Bool;
}

struct CreateTable {
  database @0 :Text;
  name @1 :Text;
  json @2 :Text;
  ignoreIfExists @3 :Bool;
}

struct DropTable {
  database @0 :Text;
  name @1 :Text;
  ignoreIfMissing @2 :Bool;
}

struct PartitionCommand {
  database @0 :Text;
  table @1 :Text;
  spec @2 :List(PartitionValue);
  ignore @3 :Bool;              # That it exists already, or that there is none to drop.
}

struct PartitionValue {
  key @0 :Text;
  value @1 :Text;
}

struct CoordinatorReply {
  union {
    unset @0 :Void;             # Never sent.
    done @1 :Void;
    writerId @2 :Int64;
    refused @3 :CommandRefusal;
  }
}

struct CommandRefusal {
  code @0 :Int32;               # An error code of the public protocol.
  message @1 :Text;
}

struct NodeReport {
  # tablet -> coordinator, when something changed and every report interval.
  clientHost @0 :Text;
  clientPort @1 :UInt16;
  consoleHost @2 :Text;
  consolePort @3 :UInt16;       # 0: no console.
  rack @4 :Text;
  appliedRevision @5 :UInt64;
  membersVersion @6 :UInt64;    # Of the newest update the node has seen; 0: none.
  listeners @7 :List(ClientListener);
  disk @8 :DiskVerdict;
  start @9 :UInt64;             # Names this start, if the disk knows of it; 0: it does not.
}

enum DiskVerdict {
  unchecked @0;                 # The node has not heard yet what lies on its disk.
  own @1;
  foreign @2;                   # Not the disk that it had: the node serves nothing, and is told as not alive.
}

struct ClusterUpdate {
  # coordinator -> tablet. Attachments: one image of the catalog, or the deltas after `base`, in order.
  base @0 :UInt64;
  revision @1 :UInt64;
  isImage @2 :Bool;
  membersVersion @3 :UInt64;
  members @4 :List(ClusterMember);
  coordinatorEpoch @5 :UInt64;  # Of whom it comes from: a node obeys nobody who is older than whom it obeyed.
}

struct ClusterMember {
  nodeId @0 :Int32;
  incarnation @1 :UInt64;
  clientHost @2 :Text;
  clientPort @3 :UInt16;
  consoleHost @4 :Text;
  consolePort @5 :UInt16;
  rack @6 :Text;
  alive @7 :Bool;
  listeners @8 :List(ClientListener);
  acknowledgedRevision @9 :UInt64;  # It knows what it leads as of this revision: clients are not told before.
}

struct ClientListener {
  # One of the named addresses that a node is reached at; clients stay on the name they came in on.
  name @0 :Text;
  host @1 :Text;
  port @2 :UInt16;
}

struct AlterTable {
  database @0 :Text;
  name @1 :Text;
  ignoreIfMissing @2 :Bool;
  configs @3 :List(ConfigChange);
  addedColumns @4 :List(AddedColumn);
  otherChange @5 :Text;         # Of the columns, one that is refused by this name. Empty: none.
}

struct AlterDatabase {
  name @0 :Text;
  ignoreIfMissing @1 :Bool;
  configs @2 :List(ConfigChange);
  comment @3 :Text;
  hasComment @4 :Bool;
}

struct ConfigChange {
  # Operation and value as a client sent them.
  key @0 :Text;
  value @1 :Text;
  hasValue @2 :Bool;
  operation @3 :Int32;
}

struct AddedColumn {
  name @0 :Text;
  typeJson @1 :Text;
  comment @2 :Text;
  hasComment @3 :Bool;
  position @4 :Int32;
  aggregation @5 :Text;         # Empty: none.
}

struct TagServers {
  servers @0 :List(Int32);
  tag @1 :Int32;
  remove @2 :Bool;
}

struct InSyncProposal {
  # Who is in sync from now on. Holds only if nothing else of the bucket was committed since `version`.
  tableId @0 :Int64;
  partitionId @1 :Int64 = -1;
  bucket @2 :Int32;
  epoch @3 :Int32;
  version @4 :UInt32;
  followers @5 :List(FollowerStart);  # Without the leader.
  resigns @6 :Bool;             # The leader cannot lead (its disk failed): it leaves the set, and another is to be elected.
}

struct FollowerStart {
  nodeId @0 :Int32;
  incarnation @1 :UInt64;       # That it fetched in; one that has started anew since is refused. 0: never heard of.
}
