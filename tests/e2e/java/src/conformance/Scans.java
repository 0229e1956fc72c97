package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.holds;

import conformance.Rows.Found;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.scanner.Scan;
import org.apache.fluss.client.table.scanner.batch.BatchScanner;
import org.apache.fluss.client.table.scanner.log.LogScanner;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.TableBucket;
import org.apache.fluss.metadata.TableDescriptor;
import org.apache.fluss.row.BinaryString;
import org.apache.fluss.row.GenericArray;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.InternalRow;
import org.apache.fluss.types.DataTypes;
import org.apache.fluss.types.RowType;
import org.apache.fluss.utils.CloseableIterator;

final class Scans {
  private Scans() {}

  static List<Behaviour> behaviours() {
    List<Behaviour> all = new ArrayList<>();
    for (String compression : List.of("NONE", "LZ4_FRAME", "ZSTD")) {
      all.add(projection("ARROW " + compression, "table.log.arrow.compression.type", compression));
    }
    all.add(projection("INDEXED", "table.log.format", "indexed"));
    all.add(projection("COMPACTED", "table.log.format", "compacted"));
    all.add(new Behaviour("a projection goes over every bucket", V0_9, Scans::projectedBuckets));
    all.add(new Behaviour("a scanner tails what is appended later", V0_9, Scans::tailing));
    all.add(new Behaviour("a scanner follows several buckets and lets one go", V0_9, Scans::unsubscribed));
    all.add(new Behaviour("an empty table gives no rows", V0_9, Scans::empty));
    all.add(new Behaviour("small fetches give the same rows", V0_9, Scans::smallFetches));
    all.add(new Behaviour("a limit scan gives the last rows", V0_9, Scans::limited));
    all.add(new Behaviour("a limit scan goes by bucket", V0_9, Scans::limitedBuckets));
    all.add(new Behaviour("a limit scan of an empty bucket gives nothing", V0_9, Scans::limitedEmpty));
    return all;
  }

  private static Behaviour projection(String how, String key, String value) {
    return new Behaviour(
        "a projection gives the columns asked for: " + how, V0_9, session -> projected(session, key, value));
  }

  private static TableDescriptor.Builder four(int buckets) {
    Schema schema =
        Schema.newBuilder()
            .column("a", DataTypes.INT())
            .column("b", DataTypes.STRING())
            .column("c", DataTypes.BIGINT())
            .column("d", DataTypes.ARRAY(DataTypes.INT()))
            .build();
    return TableDescriptor.builder().schema(schema).distributedBy(buckets);
  }

  private static List<InternalRow> fours(int count) {
    List<InternalRow> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add(
          GenericRow.of(
              i,
              i % 3 == 0 ? null : BinaryString.fromString("b" + i),
              i * 10L,
              i % 4 == 0 ? null : GenericArray.of(i, -i)));
    }
    return rows;
  }

  private static List<List<Object>> chosen(List<List<Object>> rows, int... columns) {
    List<List<Object>> picked = new ArrayList<>();
    for (List<Object> row : rows) {
      List<Object> values = new ArrayList<>();
      for (int column : columns) {
        values.add(row.get(column));
      }
      picked.add(values);
    }
    return picked;
  }

  private static void projected(Session session, String key, String value) throws Exception {
    try (Table table = session.open(four(1).property(key, value))) {
      List<InternalRow> rows = fours(150);
      Rows.append(table, rows.subList(0, 3));
      Rows.append(table, rows.subList(3, 150));
      RowType type = table.getTableInfo().getRowType();
      List<List<Object>> all = Rows.plain(rows, type);
      for (int[] columns : new int[][] {{1, 3}, {3, 0}, {2}, {0, 1, 2, 3}}) {
        try (LogScanner scanner = table.newScan().project(columns).createLogScanner()) {
          scanner.subscribeFromBeginning(0);
          List<List<Object>> got = Rows.values(Rows.poll(scanner, type.project(columns), 150));
          equal("columns " + type.project(columns).getFieldNames(), chosen(all, columns), got);
        }
      }
    }
  }

  private static void projectedBuckets(Session session) throws Exception {
    try (Table table = session.open(Session.small(3, "id"))) {
      Rows.append(table, Rows.numbered(0, 60));
      try (LogScanner scanner = table.newScan().project(List.of("name")).createLogScanner()) {
        List.of(0, 1, 2).forEach(scanner::subscribeFromBeginning);
        var found = Rows.poll(scanner, table.getTableInfo().getRowType().project(new int[] {1}), 60);
        equal("names", 60, new HashSet<>(Rows.firsts(found)).size());
        holds("they are names", Rows.firsts(found).contains("row 59"));
      }
    }
  }

  private static void tailing(Session session) throws Exception {
    try (Table table = session.open(Session.small(1));
        LogScanner scanner = table.newScan().createLogScanner()) {
      scanner.subscribeFromBeginning(0);
      RowType type = table.getTableInfo().getRowType();
      for (int round = 0; round < 4; round++) {
        Rows.append(table, Rows.numbered(round * 10L, 10));
        List<Found> found = Rows.poll(scanner, type, 10);
        equal("first offset", round * 10L, found.get(0).offset());
        equal("rows", LongStream.range(round * 10L, round * 10L + 10).boxed().toList(), Rows.firsts(found));
      }
    }
  }

  private static void unsubscribed(Session session) throws Exception {
    try (Table table = session.open(Session.small(3, "id"));
        LogScanner scanner = table.newScan().createLogScanner()) {
      List.of(0, 1, 2).forEach(scanner::subscribeFromBeginning);
      Rows.append(table, Rows.numbered(0, 60));
      RowType type = table.getTableInfo().getRowType();
      Map<Integer, Integer> counts = new HashMap<>();
      Rows.poll(scanner, type, 60).forEach(row -> counts.merge(row.bucket(), 1, Integer::sum));
      equal("buckets with rows", 3, counts.size());
      scanner.unsubscribe(1);
      Rows.append(table, Rows.numbered(0, 60));
      // The same keys go to the same buckets, so each bucket grew by what it had.
      List<Found> found = Rows.poll(scanner, type, 60 - counts.get(1));
      holds("none is of bucket 1", found.stream().noneMatch(row -> row.bucket() == 1));
    }
  }

  private static void empty(Session session) throws Exception {
    try (Table table = session.open(Session.small(2));
        LogScanner scanner = table.newScan().createLogScanner()) {
      List.of(0, 1).forEach(scanner::subscribeFromBeginning);
      holds("no rows", scanner.poll(Duration.ofMillis(200)).isEmpty());
    }
  }

  private static void smallFetches(Session session) throws Exception {
    var path = session.create("rows", Session.small(2));
    try (Table table = session.connection().getTable(path)) {
      for (int i = 0; i < 20; i++) {
        Rows.append(table, Rows.numbered(i * 100L, 100));
      }
    }
    // Less than a batch: a fetch must still carry one whole batch, or nobody gets on.
    var options =
        Map.of(
            "client.scanner.log.fetch.max-bytes", "512b",
            "client.scanner.log.fetch.max-bytes-for-bucket", "64b");
    try (Table table = session.connect(options).getTable(path)) {
      equal("rows", 2000, new HashSet<>(Rows.firsts(Rows.readAll(table, 2000))).size());
    }
  }

  private static List<List<Object>> limitScan(Table table, Scan scan, RowType type, int bucket) throws Exception {
    return limitScan(scan, type, new TableBucket(table.getTableInfo().getTableId(), bucket));
  }

  /** The rows of a scan with a limit. The client hides an error of the server: it looks like no rows. */
  static List<List<Object>> limitScan(Scan scan, RowType type, TableBucket bucket) throws Exception {
    List<List<Object>> rows = new ArrayList<>();
    try (BatchScanner scanner = scan.createBatchScanner(bucket)) {
      CloseableIterator<InternalRow> batch;
      while ((batch = scanner.pollBatch(Expect.ANSWER_TIME_MAX)) != null) {
        while (batch.hasNext()) {
          rows.add(Rows.plain(batch.next(), type));
        }
        batch.close();
      }
    }
    return rows;
  }

  private static void limited(Session session) throws Exception {
    try (Table table = session.open(Session.small(1))) {
      for (int i = 0; i < 3; i++) {
        Rows.append(table, Rows.numbered(i * 10L, 10));
      }
      RowType type = table.getTableInfo().getRowType();
      List<List<Object>> all = Rows.plain(Rows.numbered(0, 30), type);
      equal("the last 5", all.subList(25, 30), limitScan(table, table.newScan().limit(5), type, 0));
      equal("the last 15", all.subList(15, 30), limitScan(table, table.newScan().limit(15), type, 0));
      equal("as many as there are", all, limitScan(table, table.newScan().limit(1000), type, 0));
      Scan names = table.newScan().project(new int[] {1}).limit(2);
      RowType projected = type.project(new int[] {1});
      equal("the last 2 names", List.of(List.of("row 28"), List.of("row 29")), limitScan(table, names, projected, 0));
    }
  }

  private static void limitedBuckets(Session session) throws Exception {
    try (Table table = session.open(Session.small(3, "id"))) {
      Rows.append(table, Rows.numbered(0, 60));
      RowType type = table.getTableInfo().getRowType();
      Map<Integer, List<List<Object>>> wanted = new HashMap<>();
      for (Found row : Rows.readAll(table, 60)) {
        wanted.computeIfAbsent(row.bucket(), bucket -> new ArrayList<>()).add(row.values());
      }
      for (int bucket = 0; bucket < 3; bucket++) {
        List<List<Object>> all = wanted.get(bucket);
        List<List<Object>> got = limitScan(table, table.newScan().limit(4), type, bucket);
        equal("the last 4 of bucket " + bucket, all.subList(all.size() - 4, all.size()), got);
      }
    }
  }

  private static void limitedEmpty(Session session) throws Exception {
    try (Table table = session.open(Session.small(1))) {
      equal("rows", List.of(), limitScan(table, table.newScan().limit(4), table.getTableInfo().getRowType(), 0));
    }
  }
}
