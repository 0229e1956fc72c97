package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;

import conformance.Rows.Found;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.fluss.client.admin.OffsetSpec;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.scanner.log.LogScanner;
import org.apache.fluss.exception.FetchException;
import org.apache.fluss.exception.InvalidTimestampException;
import org.apache.fluss.metadata.TablePath;

final class Offsets {
  private static final OffsetSpec EARLIEST = new OffsetSpec.EarliestSpec();
  private static final OffsetSpec LATEST = new OffsetSpec.LatestSpec();

  private Offsets() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("offsets are listed by earliest and latest", V0_9, Offsets::listed),
        new Behaviour("offsets are listed by time", V0_9, Offsets::byTime),
        new Behaviour("a time that has not come is refused", V0_9, Offsets::future),
        new Behaviour("a scanner starts at the earliest row", V0_9, Offsets::fromEarliest),
        new Behaviour("a scanner starts at an offset", V0_9, Offsets::fromOffset),
        new Behaviour("a scanner starts at the latest row", V0_9, Offsets::fromLatest),
        new Behaviour("a scanner starts at a time", V0_9, Offsets::fromTime),
        new Behaviour("an offset beyond the end is refused", V0_9, Offsets::beyond));
  }

  private static Map<Integer, Long> offsets(Session session, TablePath path, List<Integer> buckets, OffsetSpec spec)
      throws Exception {
    return get(session.admin().listOffsets(path, buckets, spec).all());
  }

  private static long offset(Session session, TablePath path, OffsetSpec spec) throws Exception {
    return offsets(session, path, List.of(0), spec).get(0);
  }

  /** Three batches of ten rows, each with a later timestamp than the one before. */
  private static void threeBatches(Table table) throws Exception {
    for (int i = 0; i < 3; i++) {
      Rows.append(table, Rows.numbered(i * 10L, 10));
      long end = System.currentTimeMillis() + 2;
      while (System.currentTimeMillis() < end) {
        Thread.sleep(1);
      }
    }
  }

  private static void listed(Session session) throws Exception {
    try (Table table = session.open(Session.small(3, "id"))) {
      TablePath path = table.getTableInfo().getTablePath();
      List<Integer> buckets = List.of(0, 1, 2);
      Map<Integer, Long> none = Map.of(0, 0L, 1, 0L, 2, 0L);
      equal("earliest when empty", none, offsets(session, path, buckets, EARLIEST));
      equal("latest when empty", none, offsets(session, path, buckets, LATEST));
      Rows.append(table, Rows.numbered(0, 60));
      equal("earliest", none, offsets(session, path, buckets, EARLIEST));
      Map<Integer, Long> latest = offsets(session, path, buckets, LATEST);
      equal("sum of the latest", 60L, latest.values().stream().mapToLong(Long::longValue).sum());
      for (Found row : Rows.readAll(table, 60)) {
        holds("latest is behind " + row, row.offset() < latest.get(row.bucket()));
      }
      equal("one alone", Map.of(1, latest.get(1)), offsets(session, path, List.of(1), LATEST));
    }
  }

  private static void byTime(Session session) throws Exception {
    try (Table table = session.open(Session.small(1))) {
      TablePath path = table.getTableInfo().getTablePath();
      long before = System.currentTimeMillis() - 10_000;
      equal("of an empty bucket", 0L, offset(session, path, new OffsetSpec.TimestampSpec(before)));
      threeBatches(table);
      List<Found> rows = Rows.readAll(table, 30);
      equal("before all", 0L, offset(session, path, new OffsetSpec.TimestampSpec(before)));
      for (int batch = 0; batch < 3; batch++) {
        long time = rows.get(batch * 10).timestamp();
        equal("of batch " + batch, batch * 10L, offset(session, path, new OffsetSpec.TimestampSpec(time)));
      }
      long last = rows.get(29).timestamp();
      equal("behind all", 30L, offset(session, path, new OffsetSpec.TimestampSpec(last + 1)));
    }
  }

  private static void future(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    OffsetSpec tomorrow = new OffsetSpec.TimestampSpec(System.currentTimeMillis() + 86_400_000);
    refused(
        () -> session.admin().listOffsets(path, List.of(0), tomorrow).all(), InvalidTimestampException.class);
  }

  private static void readsFrom(Table table, long offset, long firstId, int count) throws Exception {
    try (LogScanner scanner = table.newScan().createLogScanner()) {
      scanner.subscribe(0, offset);
      List<Found> found = Rows.poll(scanner, table.getTableInfo().getRowType(), count);
      equal("first offset", firstId, found.get(0).offset());
      equal("rows", LongStream.range(firstId, firstId + count).boxed().toList(), Rows.firsts(found));
    }
  }

  private static void fromEarliest(Session session) throws Exception {
    try (Table table = session.open(Session.small(1))) {
      threeBatches(table);
      readsFrom(table, LogScanner.EARLIEST_OFFSET, 0, 30);
      readsFrom(table, 0, 0, 30);
    }
  }

  private static void fromOffset(Session session) throws Exception {
    try (Table table = session.open(Session.small(1))) {
      threeBatches(table);
      readsFrom(table, 10, 10, 20);
      // Within a batch: the server sends the whole batch, the client leaves out what was before.
      readsFrom(table, 15, 15, 15);
      readsFrom(table, 29, 29, 1);
    }
  }

  private static void fromLatest(Session session) throws Exception {
    try (Table table = session.open(Session.small(1));
        LogScanner scanner = table.newScan().createLogScanner()) {
      threeBatches(table);
      scanner.subscribe(0, offset(session, table.getTableInfo().getTablePath(), LATEST));
      equal("rows before", 0, scanner.poll(Duration.ofMillis(200)).count());
      Rows.append(table, Rows.numbered(30, 10));
      List<Found> found = Rows.poll(scanner, table.getTableInfo().getRowType(), 10);
      equal("rows", LongStream.range(30, 40).boxed().toList(), Rows.firsts(found));
    }
  }

  private static void fromTime(Session session) throws Exception {
    try (Table table = session.open(Session.small(1))) {
      threeBatches(table);
      long time = Rows.readAll(table, 30).get(20).timestamp();
      long offset = offset(session, table.getTableInfo().getTablePath(), new OffsetSpec.TimestampSpec(time));
      readsFrom(table, offset, 20, 10);
    }
  }

  private static void beyond(Session session) throws Exception {
    try (Table table = session.open(Session.small(1));
        LogScanner scanner = table.newScan().createLogScanner()) {
      Rows.append(table, Rows.numbered(0, 10));
      scanner.subscribe(0, 11);
      long end = System.nanoTime() + Expect.ANSWER_TIME_MAX.toNanos();
      var error =
          refused(
              () -> {
                while (System.nanoTime() < end) {
                  equal("rows", 0, scanner.poll(Duration.ofMillis(100)).count());
                }
                return "no error within " + Expect.ANSWER_TIME_MAX;
              },
              FetchException.class);
      // How the client words LOG_OFFSET_OUT_OF_RANGE.
      holds("it says why: " + error, error.getMessage().startsWith("The fetching offset 11 is out of range"));
    }
  }
}
