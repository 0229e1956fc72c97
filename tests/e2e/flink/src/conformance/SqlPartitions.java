package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.eventually;
import static conformance.Expect.holds;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.table.catalog.exceptions.PartitionAlreadyExistsException;
import org.apache.flink.table.catalog.exceptions.PartitionNotExistException;

final class SqlPartitions {
  private static final String BY_DAY = "(id BIGINT, `day` STRING) PARTITIONED BY (`day`)";
  private static final String ALL =
      "SELECT * FROM events /*+ OPTIONS('scan.partition.discovery.interval' = '100ms') */";

  private SqlPartitions() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a partition comes and goes", V0_9, SqlPartitions::comesAndGoes),
        new Behaviour("partitions are listed by some of their keys", V0_9, SqlPartitions::listedByKeys),
        new Behaviour("a writer creates the partition it needs", V0_9, SqlPartitions::dynamic),
        new Behaviour("rows go to a partition that the statement names", V0_9, SqlPartitions::named),
        new Behaviour("a filter on the partition key leaves the others unread", V0_9, SqlPartitions::pruned),
        new Behaviour("a partition that is added while a job runs is read", V0_9, SqlPartitions::discovered),
        new Behaviour("a partition that is dropped while a job runs is let go", V0_9, SqlPartitions::letGo),
        new Behaviour("partitions are created in advance by time", V0_9, SqlPartitions::automatic));
  }

  private static Set<Object> listed(Sql sql) throws Exception {
    return new TreeSet<>(sql.firsts("SHOW PARTITIONS events"));
  }

  private static void comesAndGoes(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", BY_DAY);
      equal("partitions at first", Set.of(), listed(sql));
      sql.run("ALTER TABLE events ADD PARTITION (`day` = 'd1')");
      sql.run("ALTER TABLE events ADD PARTITION (`day` = 'd2')");
      equal("partitions", Set.of("day=d1", "day=d2"), listed(sql));
      String again = " PARTITION (`day` = 'd1')";
      Expect.fails(() -> sql.run("ALTER TABLE events ADD" + again), PartitionAlreadyExistsException.class);
      sql.run("ALTER TABLE events ADD IF NOT EXISTS" + again);
      sql.run("ALTER TABLE events DROP" + again);
      equal("partitions at last", Set.of("day=d2"), listed(sql));
      Expect.fails(() -> sql.run("ALTER TABLE events DROP" + again), PartitionNotExistException.class);
      sql.run("ALTER TABLE events DROP IF EXISTS" + again);
    }
  }

  private static void listedByKeys(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", "(id BIGINT, region STRING, `day` STRING) PARTITIONED BY (region, `day`)");
      for (String values : List.of("region = 'eu', `day` = '1'", "region = 'eu', `day` = '2'", "region = 'us', `day` = '1'")) {
        sql.run("ALTER TABLE events ADD PARTITION (" + values + ")");
      }
      List<Object> some = sql.firsts("SHOW PARTITIONS events PARTITION (`day` = '1')");
      equal("partitions of day 1", Set.of("region=eu/day=1", "region=us/day=1"), new HashSet<>(some));
      equal("all", 3, listed(sql).size());
    }
  }

  /** The ids that a scan finds in so many rows, in order of their size. */
  private static List<Object> ids(List<List<Object>> rows) {
    return rows.stream().map(row -> row.get(0)).sorted().toList();
  }

  private static void dynamic(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events VALUES (1, 'd1'), (2, 'd2'), (3, 'd1')");
      equal("partitions", Set.of("day=d1", "day=d2"), listed(sql));
      try (Sql.Scan scan = sql.scan(ALL)) {
        equal("rows", List.of(1L, 2L, 3L), ids(scan.next(3)));
      }
    }
  }

  private static void named(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events PARTITION (`day` = 'd7') SELECT CAST(5 AS BIGINT)");
      equal("partitions", Set.of("day=d7"), listed(sql));
      try (Sql.Scan scan = sql.scan(ALL)) {
        equal("rows", List.of(List.of(5L, "d7")), scan.next(1));
      }
    }
  }

  private static void pruned(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events VALUES (1, 'd1'), (2, 'd2'), (3, 'd1')");
      String query = "SELECT * FROM events WHERE `day` = 'd2'";
      String plan = sql.environment().explainSql(query);
      holds("it is pushed down: " + plan, plan.contains("filter=[=(day"));
      try (Sql.Scan scan = sql.scan(query)) {
        equal("rows", List.of(List.of(2L, "d2")), scan.next(1));
      }
    }
  }

  private static void discovered(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events VALUES (1, 'd1')");
      try (Sql.Scan scan = sql.scan(ALL)) {
        equal("the first", List.of(List.of(1L, "d1")), scan.next(1));
        sql.run("ALTER TABLE events ADD PARTITION (`day` = 'd2')");
        sql.run("INSERT INTO events VALUES (2, 'd2')");
        equal("of the partition that was added", List.of(List.of(2L, "d2")), scan.next(1));
        sql.run("INSERT INTO events VALUES (3, 'd3')");
        equal("of the partition that a writer added", List.of(List.of(3L, "d3")), scan.next(1));
        sql.run("INSERT INTO events VALUES (4, 'd1')");
        equal("of the first partition", List.of(List.of(4L, "d1")), scan.next(1));
      }
    }
  }

  private static void letGo(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create("events", BY_DAY);
      sql.run("INSERT INTO events VALUES (1, 'd1'), (2, 'd2')");
      try (Sql.Scan scan = sql.scan(ALL)) {
        equal("rows", List.of(1L, 2L), ids(scan.next(2)));
        sql.run("ALTER TABLE events DROP PARTITION (`day` = 'd1')");
        List<List<Object>> found = new ArrayList<>();
        for (long id = 10; id < 15; id++) {
          sql.run("INSERT INTO events VALUES (" + id + ", 'd2')");
          found.addAll(scan.next(1));
        }
        equal("rows of the other", List.of(10L, 11L, 12L, 13L, 14L), ids(found));
      }
    }
  }

  private static void automatic(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      sql.create(
          "events",
          BY_DAY
              + " WITH ('table.auto-partition.enabled' = 'true', 'table.auto-partition.time-unit' = 'year',"
              + " 'table.auto-partition.num-precreate' = '3')");
      eventually("three partitions", () -> listed(sql).size() == 3);
    }
  }
}
