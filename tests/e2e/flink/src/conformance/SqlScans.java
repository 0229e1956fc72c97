package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.holds;

import conformance.Rows.Found;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.row.BinaryString;
import org.apache.fluss.row.GenericRow;

/** Streaming scans of tables that the Java client writes to. */
final class SqlScans {
  private static final String COLUMNS = "(id BIGINT, name STRING)";

  private SqlScans() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a scan starts at the earliest row", V0_9, SqlScans::fromEarliest),
        new Behaviour("a scan in full is one from the earliest row", V0_9, SqlScans::inFull),
        new Behaviour("a scan starts at the latest row", V0_9, SqlScans::fromLatest),
        new Behaviour("a scan starts at a time", V0_9, SqlScans::fromTime),
        new Behaviour("a scan reads every bucket", V0_9, SqlScans::everyBucket),
        new Behaviour("a projection gives its columns in its order", V0_9, SqlScans::projected),
        new Behaviour("a job reads one table and writes another", V0_9, SqlScans::fromTableToTable));
  }

  private static String from(String mode, String more) {
    return "SELECT * FROM events /*+ OPTIONS('scan.startup.mode' = '" + mode + "'" + more + ") */";
  }

  private static List<Object> ids(List<List<Object>> rows) {
    return rows.stream().map(row -> row.get(0)).toList();
  }

  private static void fromEarliest(Session session) throws Exception {
    readFrom(session, from("earliest", ""));
  }

  private static void inFull(Session session) throws Exception {
    readFrom(session, "SELECT * FROM events");
  }

  /** What is there, and what comes while it runs. */
  private static void readFrom(Session session, String query) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath path = sql.create("events", COLUMNS);
      try (Table table = sql.open(path)) {
        Rows.append(table, Rows.numbered(0, 50));
        try (Sql.Scan scan = sql.scan(query)) {
          equal("rows that were there", LongStream.range(0, 50).boxed().toList(), ids(scan.next(50)));
          Rows.append(table, Rows.numbered(50, 50));
          List<List<Object>> rows = scan.next(50);
          equal("rows that came", LongStream.range(50, 100).boxed().toList(), ids(rows));
          equal("the last", List.of(99L, "row 99"), rows.get(49));
        }
      }
    }
  }

  /** Nobody says when the scan has begun, so rows are written until one of them arrives. */
  private static void fromLatest(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath path = sql.create("events", COLUMNS);
      try (Table table = sql.open(path)) {
        Rows.append(table, Rows.numbered(0, 50));
        try (Sql.Scan scan = sql.scan(from("latest", ""))) {
          Thread writer = new Thread(() -> writeOn(table));
          writer.setDaemon(true);
          writer.start();
          List<Object> found = ids(scan.next(20));
          writer.interrupt();
          writer.join();
          long first = (Long) found.get(0);
          holds("none of the old rows: " + first, first >= 50);
          equal("every row from there", LongStream.range(first, first + 20).boxed().toList(), found);
        }
      }
    }
  }

  /** Rows 50, 51, ... until it is interrupted. */
  private static void writeOn(Table table) {
    try {
      for (long id = 50; !Thread.interrupted(); id++) {
        Rows.append(table, Rows.numbered(id, 1));
        Thread.sleep(10);
      }
    } catch (InterruptedException stopped) {
      // As it should be.
    } catch (Exception failed) {
      failed.printStackTrace();
    }
  }

  private static void fromTime(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath path = sql.create("events", COLUMNS);
      try (Table table = sql.open(path)) {
        for (int i = 0; i < 3; i++) {
          Rows.append(table, Rows.numbered(i * 10L, 10));
          Thread.sleep(5);
        }
        List<Found> rows = Rows.readAll(table, 30);
        for (int batch = 0; batch < 3; batch++) {
          long time = rows.get(batch * 10).timestamp();
          try (Sql.Scan scan = sql.scan(from("timestamp", ", 'scan.startup.timestamp' = '" + time + "'"))) {
            int left = 30 - batch * 10;
            equal("from batch " + batch, LongStream.range(30 - left, 30).boxed().toList(), ids(scan.next(left)));
          }
        }
      }
    }
  }

  private static void everyBucket(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session, Map.of("parallelism.default", "2"))) {
      TablePath path = sql.create("events", COLUMNS + " WITH ('bucket.num' = '5', 'bucket.key' = 'id')");
      try (Table table = sql.open(path)) {
        Rows.append(table, Rows.numbered(0, 500));
        try (Sql.Scan scan = sql.scan("SELECT * FROM events")) {
          equal("rows", new HashSet<>(LongStream.range(0, 500).boxed().toList()), new HashSet<>(ids(scan.next(500))));
        }
      }
    }
  }

  private static void projected(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath path = sql.create("events", "(a INT, b STRING, c DOUBLE, d INT, e BIGINT)");
      String query = "SELECT e, b FROM events";
      String plan = sql.environment().explainSql(query);
      holds("it is pushed down: " + plan, plan.contains("project=[e, b]"));
      try (Table table = sql.open(path)) {
        var row = GenericRow.of(1, BinaryString.fromString("x"), 0.5, 2, 3L);
        Rows.append(table, IntStream.range(0, 20).mapToObj(i -> row).toList());
        try (Sql.Scan scan = sql.scan(query)) {
          scan.next(20).forEach(found -> equal("row", List.of(3L, "x"), found));
        }
      }
    }
  }

  private static void fromTableToTable(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath from = sql.create("events", COLUMNS);
      TablePath to = sql.create("doubled", COLUMNS);
      sql.start("INSERT INTO doubled SELECT id * 2, UPPER(name) FROM events WHERE id <> 3");
      try (Table source = sql.open(from);
          Table target = sql.open(to)) {
        Rows.append(source, Rows.numbered(0, 5));
        equal("rows", List.of(0L, 2L, 4L, 8L), Rows.firsts(Rows.readAll(target, 4)));
        Rows.append(source, Rows.numbered(5, 1));
        equal("the last", List.of(10L, "ROW 5"), Rows.readAll(target, 5).get(4).values());
      }
    }
  }
}
