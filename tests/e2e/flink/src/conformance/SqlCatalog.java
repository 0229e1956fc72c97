package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;

import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.exceptions.DatabaseAlreadyExistException;
import org.apache.flink.table.catalog.exceptions.DatabaseNotEmptyException;
import org.apache.flink.table.catalog.exceptions.DatabaseNotExistException;
import org.apache.fluss.metadata.TablePath;

final class SqlCatalog {
  private SqlCatalog() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a catalog opens in its default database", V0_9, SqlCatalog::opens),
        new Behaviour("a database comes and goes", V0_9, SqlCatalog::comesAndGoes),
        new Behaviour("a database is described as it was created", V0_9, SqlCatalog::described),
        new Behaviour("a database that is there is not created again", V0_9, SqlCatalog::notCreatedAgain),
        new Behaviour("an unknown database is refused", V0_9, SqlCatalog::unknown),
        new Behaviour("a database with tables is dropped with them or not at all", V0_9, SqlCatalog::cascade));
  }

  private static void opens(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String other = "CREATE CATALOG other WITH ('type' = 'fluss', 'bootstrap.servers' = '" + session.bootstrap() + "'";
      sql.run(other + ")");
      sql.run("USE CATALOG other");
      equal("database", List.of(List.of("fluss")), sql.rows("SHOW CURRENT DATABASE"));
      sql.run("USE CATALOG fluss");
      sql.run("DROP CATALOG other");
      String unknown = other + ", 'default-database' = '" + Session.freshName() + "')";
      Expect.fails(() -> sql.run(unknown), ValidationException.class);
    }
  }

  private static void comesAndGoes(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String name = Session.freshName();
      sql.run("CREATE DATABASE " + name);
      holds("it is listed", sql.firsts("SHOW DATABASES").contains(name));
      holds("it exists", get(session.admin().databaseExists(name)));
      sql.run("USE " + name);
      equal("tables", List.of(), sql.rows("SHOW TABLES"));
      sql.run("USE `" + session.database() + "`");
      sql.run("DROP DATABASE " + name);
      holds("it is listed no more", !sql.firsts("SHOW DATABASES").contains(name));
    }
  }

  private static void described(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String name = Session.freshName();
      sql.run("CREATE DATABASE " + name + " COMMENT 'ours, é 数' WITH ('owner.team' = 'a')");
      var database = sql.catalog().getDatabase(name);
      equal("comment", "ours, é 数", database.getComment());
      equal("properties", Map.of("owner.team", "a"), database.getProperties());
      sql.run("DROP DATABASE " + name);
    }
  }

  private static void notCreatedAgain(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String name = session.database();
      Expect.fails(() -> sql.run("CREATE DATABASE `" + name + "`"), DatabaseAlreadyExistException.class);
      sql.run("CREATE DATABASE IF NOT EXISTS `" + name + "`");
    }
  }

  private static void unknown(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String name = Session.freshName();
      Expect.fails(() -> sql.catalog().getDatabase(name), DatabaseNotExistException.class);
      Expect.fails(() -> sql.catalog().listTables(name), DatabaseNotExistException.class);
      Expect.fails(() -> sql.catalog().dropDatabase(name, false, false), DatabaseNotExistException.class);
      sql.run("DROP DATABASE IF EXISTS " + name);
    }
  }

  private static void cascade(Session session) throws Exception {
    try (Sql sql = Sql.streaming(session)) {
      String name = Session.freshName();
      sql.run("CREATE DATABASE " + name);
      sql.run("CREATE TABLE " + name + ".`rows` (id BIGINT)");
      session.awaitLed(TablePath.of(name, "rows"));
      Expect.fails(() -> sql.run("DROP DATABASE " + name + " RESTRICT"), DatabaseNotEmptyException.class);
      equal("tables", List.of("rows"), sql.firsts("SHOW TABLES FROM " + name));
      sql.run("DROP DATABASE " + name + " CASCADE");
      holds("it is gone", !get(session.admin().databaseExists(name)));
    }
  }
}
