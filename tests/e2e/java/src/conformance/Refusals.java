package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.refused;

import java.util.List;
import org.apache.fluss.exception.InvalidConfigException;
import org.apache.fluss.exception.InvalidReplicationFactorException;
import org.apache.fluss.exception.InvalidTableException;
import org.apache.fluss.exception.LakeTableSnapshotNotExistException;
import org.apache.fluss.exception.NonPrimaryKeyTableException;
import org.apache.fluss.exception.TooManyBucketsException;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.TableDescriptor;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.types.DataTypes;

/** Tables that no server may accept, each with the code that says why. */
final class Refusals {
  private Refusals() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a bad table name is refused", V0_9, Refusals::badName),
        new Behaviour("a reserved column name is refused", V0_9, Refusals::reservedColumns),
        new Behaviour("too many buckets are refused", V0_9, Refusals::tooManyBuckets),
        new Behaviour("a replication that cannot be is refused", V0_9, Refusals::replication),
        new Behaviour("an unknown table option is refused", V0_9, Refusals::unknownOptions),
        new Behaviour("a bad value of a table option is refused", V0_9, Refusals::badOptionValues),
        new Behaviour("options of primary-key tables are refused on a log table", V0_9, Refusals::keyTableOptions),
        new Behaviour("snapshots of a log table are refused", V0_9, Refusals::snapshots));
  }

  private static void tableRefused(Session session, Class<? extends Exception> error, TableDescriptor.Builder table)
      throws Exception {
    refused(() -> session.admin().createTable(session.path("rows"), table.build(), false), error);
    equal("tables", List.of(), get(session.admin().listTables(session.database())));
  }

  private static void optionRefused(Session session, String key, String value) throws Exception {
    tableRefused(session, InvalidConfigException.class, Session.small(1).property(key, value));
  }

  private static void badName(Session session) throws Exception {
    for (String name : List.of("bad name", "__reserved", "a/b", ".", "x".repeat(201))) {
      TablePath path = TablePath.of(session.database(), name);
      refused(
          () -> session.admin().createTable(path, Session.small(1).build(), false), InvalidTableException.class);
    }
  }

  private static void reservedColumns(Session session) throws Exception {
    for (String name : List.of("__offset", "__timestamp", "__bucket")) {
      Schema schema = Schema.newBuilder().column(name, DataTypes.BIGINT()).build();
      tableRefused(session, InvalidTableException.class, TableDescriptor.builder().schema(schema).distributedBy(1));
    }
  }

  private static void tooManyBuckets(Session session) throws Exception {
    tableRefused(session, TooManyBucketsException.class, Session.small(200_000));
  }

  private static void replication(Session session) throws Exception {
    for (String factor : List.of("0", "-1", "9")) {
      tableRefused(
          session,
          InvalidReplicationFactorException.class,
          Session.small(1).property("table.replication.factor", factor));
    }
  }

  private static void unknownOptions(Session session) throws Exception {
    optionRefused(session, "table.unheard.of", "1");
    optionRefused(session, "unheard", "1");
  }

  private static void badOptionValues(Session session) throws Exception {
    optionRefused(session, "table.log.arrow.compression.type", "NOPE");
    optionRefused(session, "table.log.arrow.compression.zstd.level", "23");
    optionRefused(session, "table.log.format", "NOPE");
    optionRefused(session, "table.log.ttl", "soon");
    optionRefused(session, "table.log.tiered.local-segments", "0");
    optionRefused(session, "table.auto-partition.enabled", "true");
  }

  private static void keyTableOptions(Session session) throws Exception {
    optionRefused(session, "table.merge-engine", "first_row");
    optionRefused(session, "table.delete.behavior", "ignore");
  }

  private static void snapshots(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    refused(() -> session.admin().getLatestKvSnapshots(path), NonPrimaryKeyTableException.class);
    refused(() -> session.admin().getLatestLakeSnapshot(path), LakeTableSnapshotNotExistException.class);
  }
}
