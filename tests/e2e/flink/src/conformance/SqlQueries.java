package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.holds;

import java.util.List;
import java.util.stream.LongStream;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.metadata.TablePath;

/** What the connector can ask of a log table in batch mode: a few rows, and how many there are. */
final class SqlQueries {
  private SqlQueries() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a query with a limit gives the last rows", V0_9, SqlQueries::limited),
        new Behaviour("a query with a limit goes by partition", V0_9, SqlQueries::limitedByPartition),
        new Behaviour("rows are counted", V0_9, SqlQueries::counted),
        new Behaviour("rows of partitions are counted", V0_9, SqlQueries::countedByPartition),
        new Behaviour("a scan of everything is refused by the connector", V0_9, SqlQueries::everything));
  }

  private static TablePath events(Sql sql) throws Exception {
    TablePath path = sql.create("events", "(id BIGINT, name STRING)");
    try (Table table = sql.open(path)) {
      Rows.append(table, Rows.numbered(0, 50));
    }
    return path;
  }

  private static void limited(Session session) throws Exception {
    try (Sql sql = Sql.batch(session)) {
      events(sql);
      List<Object> wanted = LongStream.range(45, 50).<Object>mapToObj(id -> id).toList();
      equal("ids", wanted, sql.firsts("SELECT * FROM events LIMIT 5"));
      equal("names", "row 45", sql.firsts("SELECT name FROM events LIMIT 5").get(0));
      equal("all there are", 50, sql.rows("SELECT * FROM events LIMIT 100").size());
    }
  }

  private static final String BY_DAY = "(id BIGINT, `day` STRING) PARTITIONED BY (`day`)";

  private static void limitedByPartition(Session session) throws Exception {
    try (Sql sql = Sql.batch(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events VALUES (1, 'd1'), (2, 'd2'), (3, 'd1')");
      equal("rows", 3, sql.rows("SELECT * FROM events LIMIT 10").size());
    }
  }

  private static void counted(Session session) throws Exception {
    try (Sql sql = Sql.batch(session)) {
      events(sql);
      equal("rows", List.of(List.of(50L)), sql.rows("SELECT COUNT(*) FROM events"));
    }
  }

  private static void countedByPartition(Session session) throws Exception {
    try (Sql sql = Sql.batch(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events VALUES (1, 'd1'), (2, 'd2'), (3, 'd1')");
      equal("rows", List.of(List.of(3L)), sql.rows("SELECT COUNT(*) FROM events"));
    }
  }

  private static void everything(Session session) throws Exception {
    try (Sql sql = Sql.batch(session)) {
      events(sql);
      Throwable failed =
          Expect.fails(() -> sql.rows("SELECT * FROM events"), UnsupportedOperationException.class);
      holds("it says why: " + failed.getMessage(), failed.getMessage().contains("batch"));
    }
  }
}
