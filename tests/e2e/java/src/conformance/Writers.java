package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;

import conformance.Rows.Found;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.writer.AppendResult;
import org.apache.fluss.client.table.writer.AppendWriter;
import org.apache.fluss.exception.InvalidRequiredAcksException;
import org.apache.fluss.metadata.TablePath;

final class Writers {
  private static final Map<String, String> SMALL_BATCHES =
      Map.of(
          "client.writer.batch-size", "4kb",
          "client.writer.buffer.page-size", "1kb",
          "client.writer.dynamic-batch-size.enabled", "false",
          "client.writer.batch-timeout", "0ms");

  private Writers() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("rows without bucket keys reach every bucket", V0_9, Writers::roundRobin),
        new Behaviour("rows of one key stay in one bucket", V0_9, Writers::keyed),
        new Behaviour("a writer keeps its order with several batches in flight", V0_9, Writers::inFlight),
        new Behaviour("two writers at once lose and double nothing", V0_9, Writers::twoAtOnce),
        new Behaviour("rows are written with acks 0", V0_9, session -> acknowledged(session, "0")),
        new Behaviour("rows are written with acks 1", V0_9, session -> acknowledged(session, "1")),
        new Behaviour("rows are written with acks all", V0_9, session -> acknowledged(session, "all")),
        new Behaviour("acks that do not exist are refused", V0_9, Writers::badAcks),
        new Behaviour("one connection writes to many tables", V0_9, Writers::manyTables));
  }

  private static void roundRobin(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(3));
    var options = Map.of("client.writer.bucket.no-key-assigner", "round_robin");
    try (Table table = session.connect(options).getTable(path)) {
      Rows.append(table, Rows.numbered(0, 30));
      Map<Integer, Integer> counts = new HashMap<>();
      List<Found> found = Rows.readAll(table, 30);
      found.forEach(row -> counts.merge(row.bucket(), 1, Integer::sum));
      equal("rows of each bucket", Map.of(0, 10, 1, 10, 2, 10), counts);
      equal("rows", 30, new HashSet<>(Rows.firsts(found)).size());
    }
  }

  private static void keyed(Session session) throws Exception {
    try (Table table = session.open(Session.small(3, "id"))) {
      for (int round = 0; round < 3; round++) {
        Rows.append(table, Rows.numbered(0, 40));
      }
      Map<Object, Set<Integer>> buckets = new HashMap<>();
      Rows.readAll(table, 120)
          .forEach(row -> buckets.computeIfAbsent(row.values().get(0), key -> new HashSet<>()).add(row.bucket()));
      equal("keys", 40, buckets.size());
      buckets.forEach((key, used) -> equal("buckets of key " + key, 1, used.size()));
      // Fixed by the protocol, not by the server: every client must find the same bucket for a key.
      List<Integer> found = LongStream.range(0, 8).mapToObj(key -> buckets.get(key).iterator().next()).toList();
      equal("buckets of 0 to 7", List.of(2, 0, 0, 1, 1, 0, 0, 0), found);
    }
  }

  private static void inFlight(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    try (Table table = session.connect(SMALL_BATCHES).getTable(path)) {
      Rows.append(table, Rows.numbered(0, 5000));
      List<Found> found = Rows.readAll(table, 5000);
      equal("rows in order", LongStream.range(0, 5000).boxed().toList(), Rows.firsts(found));
      holds("they were several batches", found.stream().map(Found::timestamp).distinct().count() > 1);
    }
  }

  private static void twoAtOnce(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    try (Table one = session.connect(SMALL_BATCHES).getTable(path);
        Table two = session.connect(SMALL_BATCHES).getTable(path)) {
      AppendWriter first = one.newAppend().createWriter();
      AppendWriter second = two.newAppend().createWriter();
      List<CompletableFuture<AppendResult>> answers = new ArrayList<>();
      for (int i = 0; i < 2000; i += 10) {
        answers.addAll(Rows.send(first, Rows.numbered(i, 10)));
        answers.addAll(Rows.send(second, Rows.numbered(1_000_000 + i, 10)));
      }
      Rows.await(answers);
      List<Object> ids = Rows.firsts(Rows.readAll(one, 4000));
      List<Long> ofFirst = ids.stream().map(id -> (Long) id).filter(id -> id < 1_000_000).toList();
      List<Long> ofSecond = ids.stream().map(id -> (Long) id).filter(id -> id >= 1_000_000).toList();
      equal("rows of the first", LongStream.range(0, 2000).boxed().toList(), ofFirst);
      equal("rows of the second", LongStream.range(1_000_000, 1_002_000).boxed().toList(), ofSecond);
    }
  }

  private static void acknowledged(Session session, String acks) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    var options = Map.of("client.writer.acks", acks, "client.writer.enable-idempotence", "false");
    try (Table table = session.connect(options).getTable(path)) {
      Rows.append(table, Rows.numbered(0, 100));
      Rows.append(table, Rows.numbered(100, 100));
      equal("rows", LongStream.range(0, 200).boxed().toList(), Rows.firsts(Rows.readAll(table, 200)));
    }
  }

  private static void badAcks(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    var options = Map.of("client.writer.acks", "2", "client.writer.enable-idempotence", "false");
    try (Table table = session.connect(options).getTable(path)) {
      AppendWriter writer = table.newAppend().createWriter();
      refused(() -> writer.append(Rows.row(1, "one")), InvalidRequiredAcksException.class);
    }
    try (Table table = session.connection().getTable(path)) {
      Rows.append(table, Rows.numbered(7, 1));
      equal("rows", List.of(7L), Rows.firsts(Rows.readAll(table, 1)));
    }
  }

  private static void manyTables(Session session) throws Exception {
    List<Table> tables = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      tables.add(session.connection().getTable(session.create("rows" + i, Session.small(2))));
    }
    List<CompletableFuture<AppendResult>> answers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      answers.addAll(Rows.send(tables.get(i).newAppend().createWriter(), Rows.numbered(i * 100L, 20)));
    }
    Rows.await(answers);
    for (int i = 0; i < 5; i++) {
      Set<Object> wanted = new HashSet<>(LongStream.range(i * 100L, i * 100L + 20).boxed().toList());
      equal("rows of table " + i, wanted, new HashSet<>(Rows.firsts(Rows.readAll(tables.get(i), 20))));
      tables.get(i).close();
    }
    equal("tables", 5, get(session.admin().listTables(session.database())).size());
  }
}
