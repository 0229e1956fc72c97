package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.fluss.client.admin.Admin;
import org.apache.fluss.exception.DatabaseAlreadyExistException;
import org.apache.fluss.exception.DatabaseNotEmptyException;
import org.apache.fluss.exception.DatabaseNotExistException;
import org.apache.fluss.exception.InvalidDatabaseException;
import org.apache.fluss.metadata.DatabaseDescriptor;
import org.apache.fluss.metadata.DatabaseInfo;
import org.apache.fluss.metadata.DatabaseSummary;
import org.apache.fluss.metadata.TablePath;

final class Databases {
  private Databases() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a database comes and goes", V0_9, Databases::comesAndGoes),
        new Behaviour("a database is described as it was created", V0_9, Databases::described),
        new Behaviour("a database that is there is not created again", V0_9, Databases::notCreatedAgain),
        new Behaviour("an unknown database is refused", V0_9, Databases::unknown),
        new Behaviour("a bad database name is refused", V0_9, Databases::badName),
        new Behaviour("a database with tables is dropped with them or not at all", V0_9, Databases::cascade),
        new Behaviour("databases are summarised", V0_9, Databases::summarised));
  }

  private static void comesAndGoes(Session session) throws Exception {
    Admin admin = session.admin();
    String name = Session.freshName();
    holds("it is not there yet", !get(admin.databaseExists(name)));
    get(admin.createDatabase(name, DatabaseDescriptor.EMPTY, false));
    holds("it exists", get(admin.databaseExists(name)));
    holds("it is listed", get(admin.listDatabases()).contains(name));
    get(admin.dropDatabase(name, false, false));
    holds("it is gone", !get(admin.databaseExists(name)));
    holds("it is listed no more", !get(admin.listDatabases()).contains(name));
  }

  private static void described(Session session) throws Exception {
    Admin admin = session.admin();
    String name = Session.freshName();
    DatabaseDescriptor sent =
        DatabaseDescriptor.builder()
            .comment("ours, \"quoted\" é 数")
            .customProperties(Map.of("owner.team", "a", "empty", ""))
            .build();
    get(admin.createDatabase(name, sent, false));
    DatabaseInfo info = get(admin.getDatabaseInfo(name));
    equal("name", name, info.getDatabaseName());
    equal("comment", sent.getComment(), info.getDatabaseDescriptor().getComment());
    equal("properties", sent.getCustomProperties(), info.getDatabaseDescriptor().getCustomProperties());
    holds("it has a time of creation", info.getCreatedTime() > 1_500_000_000_000L);
    holds("it has a time of change", info.getModifiedTime() >= info.getCreatedTime());

    DatabaseInfo plain = get(admin.getDatabaseInfo(session.database()));
    equal("comment of a plain one", Optional.empty(), plain.getDatabaseDescriptor().getComment());
    equal("properties of a plain one", Map.of(), plain.getDatabaseDescriptor().getCustomProperties());
    get(admin.dropDatabase(name, false, false));
  }

  private static void notCreatedAgain(Session session) throws Exception {
    Admin admin = session.admin();
    String name = session.database();
    DatabaseDescriptor other = DatabaseDescriptor.builder().comment("other").build();
    refused(() -> admin.createDatabase(name, other, false), DatabaseAlreadyExistException.class);
    get(admin.createDatabase(name, other, true));
    equal("comment", Optional.empty(), get(admin.getDatabaseInfo(name)).getDatabaseDescriptor().getComment());
  }

  private static void unknown(Session session) throws Exception {
    Admin admin = session.admin();
    String name = Session.freshName();
    refused(() -> admin.getDatabaseInfo(name), DatabaseNotExistException.class);
    refused(() -> admin.listTables(name), DatabaseNotExistException.class);
    refused(
        () -> admin.createTable(TablePath.of(name, "rows"), Session.small(1).build(), false),
        DatabaseNotExistException.class);
    refused(() -> admin.dropDatabase(name, false, false), DatabaseNotExistException.class);
    get(admin.dropDatabase(name, true, false));
  }

  private static void badName(Session session) throws Exception {
    for (String name : List.of("bad name", "__reserved", "a.b", "a/b", "..", "é", "x".repeat(201))) {
      refused(
          () -> session.admin().createDatabase(name, DatabaseDescriptor.EMPTY, false), InvalidDatabaseException.class);
    }
    String longest = Session.freshName() + "-";
    longest += "x".repeat(200 - longest.length());
    get(session.admin().createDatabase(longest, DatabaseDescriptor.EMPTY, false));
    get(session.admin().dropDatabase(longest, false, false));
  }

  private static void cascade(Session session) throws Exception {
    Admin admin = session.admin();
    String name = session.database();
    TablePath path = session.create("rows", Session.small(2));
    refused(() -> admin.dropDatabase(name, false, false), DatabaseNotEmptyException.class);
    holds("the table is still there", get(admin.tableExists(path)));
    get(admin.dropDatabase(name, false, true));
    holds("the database is gone", !get(admin.databaseExists(name)));
    holds("the table is gone", !get(admin.tableExists(path)));
  }

  private static void summarised(Session session) throws Exception {
    String name = session.database();
    session.create("one", Session.small(1));
    session.create("two", Session.small(1));
    DatabaseSummary summary =
        get(session.admin().listDatabaseSummaries()).stream()
            .filter(each -> each.getDatabaseName().equals(name))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no summary of " + name));
    equal("tables", 2, summary.getTableCount());
    // Fluss keeps the two times apart, so that they may differ by some milliseconds.
    long created = get(session.admin().getDatabaseInfo(name)).getCreatedTime();
    holds("created at " + created, Math.abs(summary.getCreatedTime() - created) < 1000);
  }
}
