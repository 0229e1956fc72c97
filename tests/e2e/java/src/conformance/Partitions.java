package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.eventually;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;
import static org.apache.fluss.row.BinaryString.fromString;

import conformance.Behaviour.Server;
import conformance.Rows.Found;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.fluss.client.admin.Admin;
import org.apache.fluss.client.admin.OffsetSpec;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.scanner.log.LogScanner;
import org.apache.fluss.exception.InvalidPartitionException;
import org.apache.fluss.exception.InvalidTableException;
import org.apache.fluss.exception.PartitionAlreadyExistsException;
import org.apache.fluss.exception.PartitionNotExistException;
import org.apache.fluss.exception.TableNotPartitionedException;
import org.apache.fluss.exception.UnknownServerException;
import org.apache.fluss.metadata.PartitionInfo;
import org.apache.fluss.metadata.PartitionSpec;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.TableBucket;
import org.apache.fluss.metadata.TableDescriptor;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.InternalRow;
import org.apache.fluss.types.DataTypes;

final class Partitions {
  private Partitions() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a partition comes and goes", V0_9, Partitions::comesAndGoes),
        new Behaviour("a partitioned table is described as it was created", V0_9, Partitions::described),
        new Behaviour("a bad partition is refused", V0_9, Partitions::bad),
        new Behaviour("a bad partition key is refused", V0_9, Partitions::badKeys),
        new Behaviour("partitions of a table without them are refused", V0_9, Partitions::notPartitioned),
        new Behaviour("partitions are listed by some of their keys", V0_9, Partitions::listedByKeys),
        new Behaviour("rows go to their partition", V0_9, Partitions::rows),
        new Behaviour("a limit scan goes by partition", V0_9, Partitions::limited),
        new Behaviour("values of any type become names of partitions", V0_9, Partitions::names),
        new Behaviour("offsets are listed by partition", V0_9, Partitions::offsets),
        new Behaviour("a writer creates the partition it needs", V0_9, Partitions::dynamic),
        new Behaviour("a writer that may not create a partition is refused", V0_9, Partitions::notDynamic),
        new Behaviour("partitions are created in advance by time", V0_9, Partitions::automatic),
        new Behaviour("a partition of a time that is too old or none is refused", V0_9, Partitions::badTime),
        new Behaviour("a partition made again is empty", V0_9, Partitions::madeAgain));
  }

  private static TableDescriptor.Builder byDay(int buckets) {
    Schema schema =
        Schema.newBuilder().column("id", DataTypes.BIGINT()).column("day", DataTypes.STRING()).build();
    return TableDescriptor.builder().schema(schema).partitionedBy("day").distributedBy(buckets);
  }

  private static PartitionSpec day(String day) {
    return new PartitionSpec(Map.of("day", day));
  }

  private static List<InternalRow> rowsOf(String day, long first, int count) {
    List<InternalRow> rows = new ArrayList<>();
    for (long id = first; id < first + count; id++) {
      rows.add(GenericRow.of(id, fromString(day)));
    }
    return rows;
  }

  /** Name -> id. */
  private static TreeMap<String, Long> listed(Session session, TablePath path) throws Exception {
    return get(session.admin().listPartitionInfos(path)).stream()
        .collect(
            Collectors.toMap(
                PartitionInfo::getPartitionName, PartitionInfo::getPartitionId, Long::sum, TreeMap::new));
  }

  private static void comesAndGoes(Session session) throws Exception {
    Admin admin = session.admin();
    TablePath path = session.create("rows", byDay(2));
    equal("partitions at first", Map.of(), listed(session, path));
    get(admin.createPartition(path, day("d1"), false));
    get(admin.createPartition(path, day("d2"), false));
    equal("partitions", Set.of("d1", "d2"), listed(session, path).keySet());
    refused(() -> admin.createPartition(path, day("d1"), false), PartitionAlreadyExistsException.class);
    get(admin.createPartition(path, day("d1"), true));
    equal("partitions still", 2, listed(session, path).size());
    get(admin.dropPartition(path, day("d1"), false));
    equal("partitions at last", Set.of("d2"), listed(session, path).keySet());
    refused(() -> admin.dropPartition(path, day("d1"), false), PartitionNotExistException.class);
    get(admin.dropPartition(path, day("d1"), true));
    get(admin.dropTable(path, false));
  }

  private static void described(Session session) throws Exception {
    Schema schema =
        Schema.newBuilder()
            .column("id", DataTypes.BIGINT())
            .column("region", DataTypes.STRING())
            .column("day", DataTypes.DATE())
            .build();
    TablePath path =
        session.create(
            "rows",
            TableDescriptor.builder().schema(schema).partitionedBy("day", "region").distributedBy(2, "id"));
    var info = get(session.admin().getTableInfo(path));
    holds("it has partitions", info.isPartitioned());
    holds("they are not made by time", !info.isAutoPartitioned());
    equal("partition keys", List.of("day", "region"), info.getPartitionKeys());
    equal("bucket keys", List.of("id"), info.getBucketKeys());
    equal("schema", schema, info.getSchema());
  }

  private static void bad(Session session) throws Exception {
    TablePath path = session.create("rows", byDay(1));
    for (PartitionSpec spec :
        List.of(
            new PartitionSpec(Map.of("hour", "1")),
            new PartitionSpec(Map.of("day", "d1", "id", "1")),
            day(""),
            day("a/b"),
            day("a$b"),
            day("__reserved"),
            day("x".repeat(201)))) {
      refused(() -> session.admin().createPartition(path, spec, false), InvalidPartitionException.class);
    }
    equal("partitions", Map.of(), listed(session, path));
  }

  private static void badKeys(Session session) throws Exception {
    Schema schema =
        Schema.newBuilder().column("id", DataTypes.BIGINT()).column("price", DataTypes.DECIMAL(9, 2)).build();
    TableDescriptor table = TableDescriptor.builder().schema(schema).partitionedBy("price").distributedBy(1).build();
    refused(() -> session.admin().createTable(session.path("rows"), table, false), InvalidTableException.class);
  }

  private static void notPartitioned(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    refused(() -> session.admin().listPartitionInfos(path), TableNotPartitionedException.class);
    refused(() -> session.admin().createPartition(path, day("d1"), false), TableNotPartitionedException.class);
    refused(() -> session.admin().dropPartition(path, day("d1"), false), TableNotPartitionedException.class);
  }

  private static void listedByKeys(Session session) throws Exception {
    Schema schema =
        Schema.newBuilder()
            .column("id", DataTypes.BIGINT())
            .column("region", DataTypes.STRING())
            .column("day", DataTypes.STRING())
            .build();
    var table = TableDescriptor.builder().schema(schema).partitionedBy("day", "region").distributedBy(1);
    TablePath path = session.create("rows", table);
    for (String day : List.of("d1", "d2")) {
      for (String region : List.of("eu", "us")) {
        get(session.admin().createPartition(path, new PartitionSpec(Map.of("region", region, "day", day)), false));
      }
    }
    equal("partitions", Set.of("d1$eu", "d1$us", "d2$eu", "d2$us"), listed(session, path).keySet());
    var ofDay = get(session.admin().listPartitionInfos(path, day("d2"))).stream();
    equal("of one day", List.of("d2$eu", "d2$us"), ofDay.map(PartitionInfo::getPartitionName).sorted().toList());
    PartitionSpec both = new PartitionSpec(Map.of("region", "eu", "day", "d1"));
    List<PartitionInfo> one = get(session.admin().listPartitionInfos(path, both));
    equal("one alone", List.of("d1$eu"), one.stream().map(PartitionInfo::getPartitionName).toList());
    equal("its values", both, one.get(0).getPartitionSpec());
    // Fluss 0.9.1 means the same, but wraps it into an unknown error.
    var error = session.server() == Server.FLUSS ? UnknownServerException.class : InvalidPartitionException.class;
    refused(() -> session.admin().listPartitionInfos(path, new PartitionSpec(Map.of("id", "1"))), error);
  }

  /** Every bucket of one partition from its beginning. */
  private static List<Found> read(Table table, long partition, int count) throws Exception {
    try (LogScanner scanner = table.newScan().createLogScanner()) {
      for (int bucket = 0; bucket < table.getTableInfo().getNumBuckets(); bucket++) {
        scanner.subscribeFromBeginning(partition, bucket);
      }
      return Rows.poll(scanner, table.getTableInfo().getRowType(), count);
    }
  }

  private static void rows(Session session) throws Exception {
    try (Table table = session.open(byDay(2))) {
      TablePath path = table.getTableInfo().getTablePath();
      get(session.admin().createPartition(path, day("d1"), false));
      get(session.admin().createPartition(path, day("d2"), false));
      Rows.append(table, rowsOf("d1", 0, 20));
      Rows.append(table, rowsOf("d2", 100, 30));
      TreeMap<String, Long> ids = listed(session, path);
      for (Found row : read(table, ids.get("d1"), 20)) {
        equal("partition", ids.get("d1"), (Long) row.partition());
        equal("day", "d1", row.values().get(1));
      }
      holds("rows of the other", Rows.firsts(read(table, ids.get("d2"), 30)).contains(129L));
      try (LogScanner scanner = table.newScan().project(new int[] {1}).createLogScanner()) {
        ids.values().forEach(id -> List.of(0, 1).forEach(bucket -> scanner.subscribeFromBeginning(id, bucket)));
        equal("days", 50, Rows.poll(scanner, table.getTableInfo().getRowType().project(new int[] {1}), 50).size());
      }
    }
  }

  private static void limited(Session session) throws Exception {
    try (Table table = session.open(byDay(1))) {
      Rows.append(table, rowsOf("d1", 0, 20));
      Rows.append(table, rowsOf("d2", 100, 20));
      long id = listed(session, table.getTableInfo().getTablePath()).get("d2");
      TableBucket bucket = new TableBucket(table.getTableInfo().getTableId(), id, 0);
      List<List<Object>> wanted = List.of(List.of(118L, "d2"), List.of(119L, "d2"));
      equal("the last 2", wanted, Scans.limitScan(table.newScan().limit(2), table.getTableInfo().getRowType(), bucket));
    }
  }

  private static void names(Session session) throws Exception {
    Schema schema =
        Schema.newBuilder()
            .column("id", DataTypes.BIGINT())
            .column("number", DataTypes.INT())
            .column("date", DataTypes.DATE())
            .column("flag", DataTypes.BOOLEAN())
            .build();
    var table = TableDescriptor.builder().schema(schema).partitionedBy("number", "date", "flag").distributedBy(1);
    try (Table open = session.open(table)) {
      int leapDay = (int) LocalDate.of(2024, 2, 29).toEpochDay();
      Rows.append(open, List.of(GenericRow.of(1L, -7, leapDay, true)));
      TreeMap<String, Long> ids = listed(session, open.getTableInfo().getTablePath());
      equal("partitions", Set.of("-7$2024-02-29$true"), ids.keySet());
      equal("rows", List.of(List.of(1L, -7, leapDay, true)), Rows.values(read(open, ids.firstEntry().getValue(), 1)));
    }
  }

  private static void offsets(Session session) throws Exception {
    try (Table table = session.open(byDay(1))) {
      TablePath path = table.getTableInfo().getTablePath();
      get(session.admin().createPartition(path, day("d1"), false));
      get(session.admin().createPartition(path, day("d2"), false));
      Rows.append(table, rowsOf("d2", 0, 7));
      OffsetSpec latest = new OffsetSpec.LatestSpec();
      // A new partition may have no leader yet.
      eventually(
          "offsets of the empty one",
          () -> get(session.admin().listOffsets(path, "d1", List.of(0), latest).all()).equals(Map.of(0, 0L)));
      equal("of the other", Map.of(0, 7L), get(session.admin().listOffsets(path, "d2", List.of(0), latest).all()));
      refused(
          () -> session.admin().listOffsets(path, "d3", List.of(0), latest).all(), PartitionNotExistException.class);
    }
  }

  private static void dynamic(Session session) throws Exception {
    try (Table table = session.open(byDay(1))) {
      TablePath path = table.getTableInfo().getTablePath();
      Rows.append(table, rowsOf("d1", 0, 5));
      Rows.append(table, rowsOf("d2", 5, 5));
      TreeMap<String, Long> ids = listed(session, path);
      equal("partitions", Set.of("d1", "d2"), ids.keySet());
      equal("rows", List.of(5L, 6L, 7L, 8L, 9L), Rows.firsts(read(table, ids.get("d2"), 5)));
    }
  }

  private static void notDynamic(Session session) throws Exception {
    TablePath path = session.create("rows", byDay(1));
    var options = Map.of("client.writer.dynamic-create-partition.enabled", "false");
    try (Table table = session.connect(options).getTable(path)) {
      var writer = table.newAppend().createWriter();
      refused(() -> writer.append(GenericRow.of(1L, fromString("d1"))), PartitionNotExistException.class);
      equal("partitions", Map.of(), listed(session, path));
    }
  }

  private static TableDescriptor.Builder byYear() {
    return byDay(1)
        .property("table.auto-partition.enabled", "true")
        .property("table.auto-partition.time-unit", "year")
        .property("table.auto-partition.time-zone", "UTC")
        .property("table.auto-partition.num-precreate", "3");
  }

  private static void automatic(Session session) throws Exception {
    TablePath path = session.create("rows", byYear());
    holds("it is described so", get(session.admin().getTableInfo(path)).isAutoPartitioned());
    int year = LocalDate.now(ZoneOffset.UTC).getYear();
    Set<String> wanted = Set.of("" + year, "" + (year + 1), "" + (year + 2));
    eventually("partitions " + wanted, () -> listed(session, path).keySet().equals(wanted));
    get(session.admin().createPartition(path, day("" + (year + 5)), false));
    equal("partitions", 4, listed(session, path).size());
  }

  private static void badTime(Session session) throws Exception {
    TablePath path = session.create("rows", byYear());
    for (PartitionSpec spec : List.of(day("1999"), day("soon"))) {
      if (session.server() == Server.FLUSS) {
        // Fluss checks the time from 1.0 on; 0.9.1 takes anything.
        get(session.admin().createPartition(path, spec, true));
      } else {
        refused(() -> session.admin().createPartition(path, spec, false), InvalidPartitionException.class);
      }
    }
  }

  private static void madeAgain(Session session) throws Exception {
    TablePath path = session.create("rows", byDay(1));
    get(session.admin().createPartition(path, day("d1"), false));
    long before = listed(session, path).get("d1");
    try (Table table = session.connection().getTable(path)) {
      Rows.append(table, rowsOf("d1", 0, 5));
    }
    get(session.admin().dropPartition(path, day("d1"), false));
    session.awaitDropped();
    get(session.admin().createPartition(path, day("d1"), false));
    long now = listed(session, path).get("d1");
    holds("its id is a new one", now > before);
    // Another connection: this one may take the old partition from its cache.
    try (Table table = session.connect(Map.of()).getTable(path)) {
      Rows.append(table, rowsOf("d1", 50, 1));
      equal("rows", List.of(50L), Rows.firsts(read(table, now, 1)));
    }
  }
}
