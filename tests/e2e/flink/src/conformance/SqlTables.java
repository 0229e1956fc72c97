package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.table.api.TableException;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.ObjectPath;
import org.apache.flink.table.catalog.exceptions.TableAlreadyExistException;
import org.apache.fluss.metadata.TableInfo;
import org.apache.fluss.metadata.TablePath;

final class SqlTables {
  private SqlTables() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a table comes and goes", V0_9, SqlTables::comesAndGoes),
        new Behaviour("a table that is there is not created again", V0_9, SqlTables::notCreatedAgain),
        new Behaviour("a table is described as it was created", V0_9, SqlTables::described),
        new Behaviour("columns of every scalar type are described as created", V0_9, SqlTables::scalarTypes),
        new Behaviour("columns of nested types are described as created", V0_9, SqlTables::nestedTypes),
        new Behaviour("what a table does not say gets the server's default", V0_9, SqlTables::defaults),
        new Behaviour("an unknown table is refused", V0_9, SqlTables::unknown),
        new Behaviour("an option with a bad value is refused", V0_9, SqlTables::badOption),
        new Behaviour("custom properties are set and reset", V0_9, SqlTables::altered),
        new Behaviour("a column is added at the end", V0_9, SqlTables::columnAdded));
  }

  private static void comesAndGoes(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      equal("tables at first", List.of(), sql.firsts("SHOW TABLES"));
      TablePath path = sql.create("events", "(id BIGINT, name STRING)");
      equal("tables", List.of("events"), sql.firsts("SHOW TABLES"));
      holds("it exists", get(session.admin().tableExists(path)));
      sql.run("DROP TABLE events");
      equal("tables at last", List.of(), sql.firsts("SHOW TABLES"));
      Expect.fails(() -> sql.run("DROP TABLE events"), ValidationException.class);
      sql.run("DROP TABLE IF EXISTS events");
    }
  }

  private static void notCreatedAgain(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath path = sql.create("events", "(id BIGINT) WITH ('bucket.num' = '1')");
      String other = "events (id BIGINT) COMMENT 'other' WITH ('bucket.num' = '7')";
      Expect.fails(() -> sql.run("CREATE TABLE " + other), TableAlreadyExistException.class);
      sql.run("CREATE TABLE IF NOT EXISTS " + other);
      equal("buckets", 1, get(session.admin().getTableInfo(path)).getNumBuckets());
    }
  }

  private static void described(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TablePath path = session.path("events");
      sql.run(
          "CREATE TABLE events (id BIGINT NOT NULL COMMENT 'never null', `when it was` TIMESTAMP_LTZ(3), `day` STRING)"
              + " COMMENT 'ours' PARTITIONED BY (`day`) WITH ('bucket.num' = '3', 'bucket.key' = 'id',"
              + " 'table.log.ttl' = '2d', 'owner.team' = 'a', 'client.writer.acks' = '1')");
      TableInfo info = get(session.admin().getTableInfo(path));
      equal("buckets", 3, info.getNumBuckets());
      equal("bucket keys", List.of("id"), info.getBucketKeys());
      equal("partition keys", List.of("day"), info.getPartitionKeys());
      equal("comment", Optional.of("ours"), info.getComment());
      equal("column comment", Optional.of("never null"), info.getSchema().getColumns().get(0).getComment());
      equal("time to live", "2d", info.getProperties().toMap().get("table.log.ttl"));

      var table = sql.catalog().getTable(new ObjectPath(session.database(), "events"));
      equal("comment in Flink", "ours", table.getComment());
      Map<String, String> options = table.getOptions();
      equal("buckets in Flink", "3", options.get("bucket.num"));
      equal("bucket key in Flink", "id", options.get("bucket.key"));
      equal("time to live in Flink", "2d", options.get("table.log.ttl"));
      equal("a property of ours", "a", options.get("owner.team"));
      equal("an option of the client", "1", options.get("client.writer.acks"));
      List<List<Object>> columns = sql.rows("DESCRIBE events");
      equal("columns", List.of("id", "when it was", "day"), columns.stream().map(row -> row.get(0)).toList());
      String statement = sql.firsts("SHOW CREATE TABLE events").get(0).toString();
      holds("partitions in " + statement, statement.contains("PARTITIONED BY (`day`)"));
    }
  }

  private static void scalarTypes(Session session) throws Exception {
    describedWith(session, SqlTypes.SCALARS);
  }

  private static void nestedTypes(Session session) throws Exception {
    describedWith(session, SqlTypes.NESTED);
  }

  private static void describedWith(Session session, Map<String, String> columns) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", SqlTypes.columns(columns));
      for (List<Object> column : sql.rows("DESCRIBE events")) {
        equal("type of " + column.get(0), columns.get(column.get(0)), column.get(1));
      }
    }
  }

  private static void defaults(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      TableInfo info = get(session.admin().getTableInfo(sql.create("events", "(id BIGINT)")));
      equal("buckets", 1, info.getNumBuckets());
      equal("bucket keys", List.of(), info.getBucketKeys());
      equal("replicas", 1, info.getTableConfig().getReplicationFactor());
    }
  }

  private static void unknown(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      Expect.fails(() -> sql.rows("DESCRIBE nothing"), ValidationException.class);
      Expect.fails(() -> sql.run("INSERT INTO nothing VALUES (1)"), TableException.class);
    }
  }

  private static void badOption(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      for (String option :
          List.of("'bucket.num' = '0'", "'bucket.key' = 'nothing'", "'table.log.format' = 'nothing'")) {
        Expect.fails(() -> sql.run("CREATE TABLE events (id BIGINT) WITH (" + option + ")"), Exception.class);
      }
      equal("tables", List.of(), sql.firsts("SHOW TABLES"));
    }
  }

  private static Map<String, String> options(Sql sql, Session session) throws Exception {
    return sql.catalog().getTable(new ObjectPath(session.database(), "events")).getOptions();
  }

  private static void altered(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", "(id BIGINT)");
      sql.run("ALTER TABLE events SET ('owner.team' = 'a', 'table.log.tiered.local-segments' = '5')");
      equal("a property of ours", "a", options(sql, session).get("owner.team"));
      equal("segments", "5", options(sql, session).get("table.log.tiered.local-segments"));
      sql.run("ALTER TABLE events RESET ('owner.team')");
      holds("it is gone", !options(sql, session).containsKey("owner.team"));
    }
  }

  private static void columnAdded(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", "(id BIGINT)");
      sql.run("INSERT INTO events VALUES (1)");
      sql.run("ALTER TABLE events ADD name STRING");
      sql.run("INSERT INTO events VALUES (2, 'two')");
      try (Sql.Scan scan = sql.scan("SELECT * FROM events")) {
        equal("rows", "[[1, null], [2, two]]", scan.next(2).toString());
      }
    }
  }
}
