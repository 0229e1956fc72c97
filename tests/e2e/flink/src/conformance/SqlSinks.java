package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.eventually;
import static conformance.Expect.get;
import static conformance.Expect.holds;

import conformance.Rows.Found;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.fluss.client.admin.OffsetSpec;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.metadata.TablePath;

/** What Flink writes, read by Flink or by the Java client. */
final class SqlSinks {
  private static final List<String> SCALAR_ROW =
      List.of(
          "TRUE", "-128", "32767", "-2147483648", "9223372036854775807", "1.5", "-0.25", "'ab'", "'naïve 名'",
          "1234567.89", "'-1234567890123456789012345678.0123456789'", "DATE '1969-12-31'", "TIME '23:59:59'",
          "TIMESTAMP '2013-01-01 05:15:00'", "TIMESTAMP '1969-12-31 23:59:59.123'",
          "TIMESTAMP '2013-01-01 05:15:00.123456'", "TIMESTAMP '2013-01-01 05:15:00.123456789'",
          "TIMESTAMP '2013-01-01 05:15:00.123'", "TIMESTAMP '2013-01-01 05:15:00.123456789'", "X'01000301'", "X'00FF'");
  private static final List<String> SCALARS_READ =
      List.of(
          "true", "-128", "32767", "-2147483648", "9223372036854775807", "1.5", "-0.25", "ab   ", "naïve 名",
          "1234567.89", "-1234567890123456789012345678.0123456789", "1969-12-31", "23:59:59", "2013-01-01T05:15",
          "1969-12-31T23:59:59.123", "2013-01-01T05:15:00.123456", "2013-01-01T05:15:00.123456789",
          "2013-01-01T05:15:00.123Z", "2013-01-01T05:15:00.123456789Z", "01000301", "00ff");
  private static final List<String> NESTED_ROW =
      List.of(
          "ARRAY[1, CAST(NULL AS INT), -1]", "ARRAY[ARRAY['a', CAST(NULL AS STRING)], ARRAY['']]", "MAP['k', 7]",
          "ROW(0.25, ARRAY['tag'], ROW(12.34))");
  private static final List<String> NESTED_READ =
      List.of("[1, null, -1]", "[[a, null], []]", "{k=7}", "[0.25, [tag], [12.34]]");

  private SqlSinks() {}

  static List<Behaviour> behaviours() {
    List<Behaviour> all = new ArrayList<>();
    for (String format : List.of("ARROW", "INDEXED", "COMPACTED")) {
      String how = " types keep their rows: " + format;
      all.add(
          new Behaviour(
              "scalar" + how,
              V0_9,
              session -> kept(session, format, SqlTypes.SCALARS, SCALAR_ROW, SCALARS_READ)));
      all.add(
          new Behaviour(
              "nested" + how, V0_9, session -> kept(session, format, SqlTypes.NESTED, NESTED_ROW, NESTED_READ)));
    }
    all.add(new Behaviour("rows are inserted in batch mode", V0_9, SqlSinks::batch));
    all.add(new Behaviour("rows without bucket keys reach every bucket", V0_9, SqlSinks::roundRobin));
    all.add(new Behaviour("rows of one key stay in one bucket", V0_9, SqlSinks::keyed));
    all.add(new Behaviour("a streaming insertion is durable at its checkpoints", V0_9, SqlSinks::checkpointed));
    all.add(new Behaviour("a streaming insertion goes on from its savepoint", V0_9, SqlSinks::resumed));
    return all;
  }

  /** A row of values and one of nulls. */
  private static void kept(
      Session session, String format, Map<String, String> types, List<String> row, List<String> read)
      throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", SqlTypes.columns(types) + " WITH ('table.log.format' = '" + format + "')");
      List<String> columns = List.copyOf(types.values());
      List<String> values = new ArrayList<>();
      List<String> nulls = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        values.add("CAST(" + row.get(i) + " AS " + columns.get(i) + ")");
        nulls.add("CAST(NULL AS " + columns.get(i) + ")");
      }
      sql.run("INSERT INTO events SELECT " + String.join(", ", values));
      sql.run("INSERT INTO events SELECT " + String.join(", ", nulls));
      try (Sql.Scan scan = sql.scan("SELECT * FROM events")) {
        List<List<Object>> found = scan.next(2);
        for (int i = 0; i < columns.size(); i++) {
          equal(columns.get(i), read.get(i), String.valueOf(found.get(0).get(i)));
          equal("no " + columns.get(i), null, found.get(1).get(i));
        }
      }
    }
  }

  private static String values(long first, int count) {
    return LongStream.range(first, first + count)
        .mapToObj(id -> "(" + id + ", 'row " + id + "')")
        .collect(Collectors.joining(", "));
  }

  private static void batch(Session session) throws Exception {
    try (Sql sql = Sql.batch(session)) {
      TablePath path = sql.create("events", "(id BIGINT, name STRING)");
      sql.run("INSERT INTO events VALUES " + values(0, 20));
      sql.run("INSERT INTO events VALUES " + values(20, 20));
      try (Table table = sql.open(path)) {
        equal("rows", LongStream.range(0, 40).boxed().toList(), Rows.firsts(Rows.readAll(table, 40)));
      }
    }
  }

  private static void roundRobin(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String options = "'bucket.num' = '3', 'client.writer.bucket.no-key-assigner' = 'round_robin'";
      TablePath path = sql.create("events", "(id BIGINT, name STRING) WITH (" + options + ")");
      sql.run("INSERT INTO events VALUES " + values(0, 30));
      try (Table table = sql.open(path)) {
        Map<Integer, Long> counts =
            Rows.readAll(table, 30).stream().collect(Collectors.groupingBy(Found::bucket, Collectors.counting()));
        equal("rows of each bucket", Map.of(0, 10L, 1, 10L, 2, 10L), counts);
      }
    }
  }

  private static void keyed(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String options = "'bucket.num' = '3', 'bucket.key' = 'id'";
      TablePath path = sql.create("events", "(id BIGINT, name STRING) WITH (" + options + ")");
      sql.run("INSERT INTO events VALUES " + values(0, 8));
      sql.run("INSERT INTO events VALUES " + values(0, 8));
      try (Table table = sql.open(path)) {
        TreeSet<String> found =
            Rows.readAll(table, 16).stream()
                .map(row -> row.values().get(0) + " in " + row.bucket())
                .collect(Collectors.toCollection(TreeSet::new));
        // As the Java client puts them: e2e_java, the behaviour of this name.
        equal("keys", "[0 in 2, 1 in 0, 2 in 0, 3 in 1, 4 in 1, 5 in 0, 6 in 0, 7 in 0]", found.toString());
      }
    }
  }

  /** Numbers for minutes; the source keeps all that are left in its checkpoints. */
  private static final String NUMBERS =
      "CREATE TEMPORARY TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '500',"
          + " 'fields.id.kind' = 'sequence', 'fields.id.start' = '0', 'fields.id.end' = '100000')";

  private static long end(Session session, TablePath path) throws Exception {
    return get(session.admin().listOffsets(path, List.of(0), new OffsetSpec.LatestSpec()).all()).get(0);
  }

  private static void checkpointed(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session, Map.of("execution.checkpointing.interval", "300ms"))) {
      TablePath path = sql.create("events", "(id BIGINT)");
      sql.run(NUMBERS);
      JobClient job = sql.start("INSERT INTO events SELECT * FROM numbers");
      eventually("two checkpoints", Sql.JOB_TIME_MAX, () -> FlinkCluster.completedCheckpoints(job.getJobID()) >= 2);
      // At least the interval between the two has passed.
      long rows = end(session, path);
      holds("rows before the checkpoint are there: " + rows, rows >= 50);
      try (Table table = sql.open(path)) {
        equal("rows", LongStream.range(0, rows).boxed().toList(), firstsOf(table, rows));
      }
    }
  }

  /** The first column of the first `count` rows of the one bucket, of which there may be more. */
  private static List<Object> firstsOf(Table table, long count) throws Exception {
    try (var scanner = table.newScan().createLogScanner()) {
      scanner.subscribeFromBeginning(0);
      return Rows.firsts(Rows.pollAtLeast(scanner, table.getTableInfo().getRowType(), (int) count)).subList(0, (int) count);
    }
  }

  private static void resumed(Session session) throws Exception {
    Path savepoints = Files.createTempDirectory("savepoints");
    String savepoint;
    TablePath path;
    try (Sql sql = Sql.streaming(session)) {
      path = sql.create("events", "(id BIGINT)");
      sql.run(NUMBERS);
      JobClient job = sql.start("INSERT INTO events SELECT * FROM numbers");
      eventually("the first rows", Sql.JOB_TIME_MAX, () -> end(session, path) >= 100);
      var stopped = job.stopWithSavepoint(false, savepoints.toUri().toString(), SavepointFormatType.CANONICAL);
      savepoint = stopped.get(Sql.JOB_TIME_MAX.toSeconds(), TimeUnit.SECONDS);
    }
    long stopped = end(session, path);
    try (Sql sql = Sql.streaming(session, Map.of("execution.savepoint.path", savepoint))) {
      sql.run(NUMBERS);
      sql.start("INSERT INTO events SELECT * FROM numbers");
      eventually("more rows", Sql.JOB_TIME_MAX, () -> end(session, path) >= stopped + 100);
      try (Table table = sql.open(path)) {
        long rows = stopped + 100;
        equal("nothing is lost or doubled", LongStream.range(0, rows).boxed().toList(), firstsOf(table, rows));
      }
    }
  }
}
