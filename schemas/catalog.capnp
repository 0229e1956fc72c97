@0xf3e2cca4f3143a92;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("millrace::schemas");
# Catalog: changes of the cluster's metadata, as the metadata store keeps them and as the coordinator tells them to
# every node. A delta is a fact: decided before it was written. Deltas are applied in the order of their revisions.
# On disk these bytes outlive releases: only append fields.

struct CatalogDelta {
  union {
    unset @0 :Void;             # Never written.
    databaseCreated @1 :Database;
    databaseDropped @2 :Text;   # With all its tables.
    tableCreated @3 :Table;
    tableDropped @4 :Int64;     # Table id. With all its partitions.
    writerIdsReservedBelow @5 :Int64;
    aclsCreated @6 :List(Acl);
    aclsDropped @7 :List(Acl);
    partitionCreated @8 :Partition;
    partitionDropped @9 :PartitionName;
    tableAltered @10 :AlteredTable;
    databaseAltered @11 :Database;
    serversTagged @12 :TaggedServers;
    clusterConfigsChanged @13 :List(ConfigOverride);
    nodeStarted @14 :NodeStart;
    officeTaken @15 :Office;
    leadershipsChanged @16 :List(Leadership);
  }
}

struct CatalogImage {
  # All metadata as of one revision: deltas that rebuild it from nothing.
  deltas @0 :List(CatalogDelta);
  nextTableId @1 :Int64;
  nextPartitionId @2 :Int64;
}

struct Database {
  name @0 :Text;
  json @1 :Text;                # Database descriptor in the public protocol's JSON.
  createdAtMillis @2 :Int64;
  modifiedAtMillis @3 :Int64;
}

struct Table {
  id @0 :Int64;                 # From 0.
  database @1 :Text;
  name @2 :Text;
  schemaId @3 :Int32;           # From 1.
  json @4 :Text;                # Table descriptor after defaults, in the public protocol's JSON.
  buckets @5 :List(Bucket);     # Indexed by bucket; empty if the table is partitioned.
  createdAtMillis @6 :Int64;
  modifiedAtMillis @7 :Int64;
  olderSchemas @8 :List(Text);  # By id from 1; the newest one, of schemaId, is in json.
}

struct Partition {
  id @0 :Int64;                 # From 0, of the whole cluster.
  tableId @1 :Int64;
  values @2 :List(Text);        # In the order of the table's partition keys.
  buckets @3 :List(Bucket);     # Indexed by bucket.
  createdAtMillis @4 :Int64;
}

struct PartitionName {
  tableId @0 :Int64;
  partitionId @1 :Int64;
}

struct Bucket {
  leader @0 :Int32;
  epoch @1 :Int32;
  replicas @2 :List(Int32);
  version @3 :UInt32;
  inSync @4 :List(Int32);       # Absent: written before there was one, and all replicas are.
  eligible @5 :List(Int32);
  ledSince @6 :UInt64;          # Revision; 0: since it was made.
}

struct Leadership {
  # A bucket's leader and in-sync set as they are afterwards.
  tableId @0 :Int64;
  partitionId @1 :Int64;        # -1: the table is not partitioned.
  bucket @2 :Int32;
  leader @3 :Int32;             # -1: nobody.
  epoch @4 :Int32;
  version @5 :UInt32;
  inSync @6 :List(Int32);
  eligible @7 :List(Int32);
  ledSince @8 :UInt64;
}

struct Acl {
  # One permission; the numbers are those of the public protocol.
  resourceType @0 :Int32;
  resourceName @1 :Text;
  principalType @2 :Text;
  principalName @3 :Text;
  host @4 :Text;
  operation @5 :Int32;
  permission @6 :Int32;
}

struct AlteredTable {
  # What ALTER_TABLE can change, as it is afterwards.
  id @0 :Int64;
  schemaId @1 :Int32;           # One more than before if the schema changed.
  json @2 :Text;
  modifiedAtMillis @3 :Int64;
}

struct TaggedServers {
  nodes @0 :List(Int32);
  tag @1 :Int32;                # As in the public protocol; -1: none any more.
}

struct Office {
  # A coordinator has taken office; what an earlier one writes or orders counts no more.
  nodeId @0 :Int32;
  incarnation @1 :UInt64;
  epoch @2 :UInt64;             # From 1, one more with each.
}

struct NodeStart {
  # The newest start of a node whose disk has everything that is told to lie there.
  nodeId @0 :Int32;
  start @1 :UInt64;             # Drawn at random: not the incarnation, which may come back with an old copy of the disk.
}

struct ConfigOverride {
  key @0 :Text;
  value @1 :Text;
  dropped @2 :Bool;             # What a node was started with holds again.
}
