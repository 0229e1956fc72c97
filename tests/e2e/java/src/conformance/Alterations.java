package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;
import static org.apache.fluss.row.BinaryString.fromString;

import conformance.Behaviour.Server;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.scanner.log.LogScanner;
import org.apache.fluss.exception.FetchException;
import org.apache.fluss.exception.InvalidAlterTableException;
import org.apache.fluss.exception.InvalidConfigException;
import org.apache.fluss.exception.TableNotExistException;
import org.apache.fluss.exception.UnknownServerException;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.SchemaInfo;
import org.apache.fluss.metadata.TableChange;
import org.apache.fluss.metadata.TableChange.ColumnPosition;
import org.apache.fluss.metadata.TableInfo;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.types.DataTypes;
import org.apache.fluss.types.RowType;

final class Alterations {
  private Alterations() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("custom properties are set and reset", V0_9, Alterations::customProperties),
        new Behaviour("a table option is set and reset", V0_9, Alterations::option),
        new Behaviour("a table option that is fixed is refused", V0_9, Alterations::fixedOption),
        new Behaviour("altering an unknown table is refused", V0_9, Alterations::unknown),
        new Behaviour("a column is added at the end", V0_9, Alterations::addColumn),
        new Behaviour("several columns are added at once", V0_9, Alterations::addColumns),
        new Behaviour("a column that cannot be added is refused", V0_9, Alterations::badColumn),
        new Behaviour("other changes of columns are refused", V0_9, Alterations::otherChanges),
        new Behaviour("old and new readers read old and new rows", V0_9, Alterations::readers),
        new Behaviour("a writer of the old schema goes on", V0_9, Alterations::oldWriter),
        new Behaviour("a projection goes over old and new rows", V0_9, Alterations::projection),
        new Behaviour("a projection of an added column goes by the age of rows", V0_9, Alterations::addedProjection));
  }

  private static void alter(Session session, TablePath path, TableChange... changes) throws Exception {
    get(session.admin().alterTable(path, List.of(changes), false));
  }

  private static TableChange add(String name) {
    return TableChange.addColumn(name, DataTypes.INT(), "added", ColumnPosition.last());
  }

  private static Map<String, String> custom(Session session, TablePath path) throws Exception {
    return get(session.admin().getTableInfo(path)).getCustomProperties().toMap();
  }

  private static void customProperties(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1).customProperty("kept", "1").customProperty("gone", "2"));
    TableInfo before = get(session.admin().getTableInfo(path));
    alter(session, path, TableChange.set("new", "3"), TableChange.set("kept", "4"), TableChange.reset("gone"));
    equal("custom properties", Map.of("kept", "4", "new", "3"), custom(session, path));
    alter(session, path, TableChange.reset("never.there"));
    equal("custom properties still", Map.of("kept", "4", "new", "3"), custom(session, path));
    TableInfo after = get(session.admin().getTableInfo(path));
    equal("table id", before.getTableId(), after.getTableId());
    equal("schema id", before.getSchemaId(), after.getSchemaId());
    equal("created", before.getCreatedTime(), after.getCreatedTime());
    holds("it has changed", after.getModifiedTime() >= before.getModifiedTime());
  }

  private static void option(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    String key = "table.log.tiered.local-segments";
    alter(session, path, TableChange.set(key, "5"));
    equal("set", "5", get(session.admin().getTableInfo(path)).getProperties().toMap().get(key));
    alter(session, path, TableChange.reset(key));
    equal("reset", null, get(session.admin().getTableInfo(path)).getProperties().toMap().get(key));
    refused(
        () -> session.admin().alterTable(path, List.of(TableChange.set(key, "0")), false),
        InvalidConfigException.class);
  }

  private static void fixedOption(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    for (TableChange change :
        List.of(
            TableChange.set("table.log.format", "indexed"),
            TableChange.set("table.replication.factor", "2"),
            TableChange.set("table.unheard.of", "1"))) {
      refused(() -> session.admin().alterTable(path, List.of(change), false), InvalidAlterTableException.class);
    }
    holds(
        "nothing was written down",
        !get(session.admin().getTableInfo(path)).getProperties().toMap().containsKey("table.log.format"));
  }

  private static void unknown(Session session) throws Exception {
    TablePath path = session.path("missing");
    refused(
        () -> session.admin().alterTable(path, List.of(TableChange.set("a", "b")), false),
        TableNotExistException.class);
    get(session.admin().alterTable(path, List.of(TableChange.set("a", "b")), true));
  }

  private static void addColumn(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    alter(session, path, add("extra"));
    TableInfo info = get(session.admin().getTableInfo(path));
    equal("schema id", 2, info.getSchemaId());
    equal("columns", List.of("id", "name", "extra"), info.getRowType().getFieldNames());
    equal("type", DataTypes.INT(), info.getRowType().getTypeAt(2));
    Schema.Column added = info.getSchema().getColumns().get(2);
    equal("comment", "added", added.getComment().orElse(null));
    equal("column id", 2, added.getColumnId());
    SchemaInfo first = get(session.admin().getTableSchema(path, 1));
    equal("the schema of before", Session.small(1).build().getSchema(), first.getSchema());
    equal("the latest", info.getSchema(), get(session.admin().getTableSchema(path)).getSchema());
  }

  private static void addColumns(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    var array = DataTypes.ARRAY(DataTypes.STRING());
    alter(session, path, add("x"), TableChange.addColumn("list", array, null, ColumnPosition.last()));
    alter(session, path, add("y"));
    TableInfo info = get(session.admin().getTableInfo(path));
    equal("schema id", 3, info.getSchemaId());
    equal("columns", List.of("id", "name", "x", "list", "y"), info.getRowType().getFieldNames());
    equal("type", array, info.getRowType().getTypeAt(3));
  }

  private static void badColumn(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    refused(() -> session.admin().alterTable(path, List.of(add("name")), false), InvalidAlterTableException.class);
    refused(
        () -> session.admin().alterTable(path, List.of(add("x"), TableChange.set("a", "b")), false),
        InvalidAlterTableException.class);
    var required = TableChange.addColumn("x", DataTypes.INT().copy(false), null, ColumnPosition.last());
    refused(() -> session.admin().alterTable(path, List.of(required), false), UnknownServerException.class);
    equal("schema id", 1, get(session.admin().getTableInfo(path)).getSchemaId());
  }

  private static void otherChanges(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    for (TableChange change :
        List.of(
            TableChange.dropColumn("name"),
            TableChange.renameColumn("name", "other"),
            TableChange.modifyColumn("name", DataTypes.BYTES(), null, null))) {
      refused(() -> session.admin().alterTable(path, List.of(change), false), UnknownServerException.class);
    }
    equal("schema", Session.small(1).build().getSchema(), get(session.admin().getTableInfo(path)).getSchema());
  }

  /** Two rows of two columns, then one of three. */
  private static void oldAndNewRows(Session session, Table old) throws Exception {
    TablePath path = old.getTableInfo().getTablePath();
    Rows.append(old, Rows.numbered(0, 2));
    alter(session, path, add("extra"));
    try (Table now = session.connect(Map.of()).getTable(path)) {
      Rows.append(now, List.of(GenericRow.of(2L, fromString("row 2"), 22)));
    }
  }

  private static void readers(Session session) throws Exception {
    try (Table old = session.open(Session.small(1))) {
      oldAndNewRows(session, old);
      List<List<Object>> before = List.of(List.of(0L, "row 0"), List.of(1L, "row 1"), List.of(2L, "row 2"));
      equal("by the old reader", before, Rows.values(Rows.readAll(old, 3)));
      try (Table now = session.connect(Map.of()).getTable(old.getTableInfo().getTablePath())) {
        List<List<Object>> after =
            List.of(Arrays.asList(0L, "row 0", null), Arrays.asList(1L, "row 1", null), List.of(2L, "row 2", 22));
        equal("by the new reader", after, Rows.values(Rows.readAll(now, 3)));
      }
    }
  }

  private static void oldWriter(Session session) throws Exception {
    try (Table old = session.open(Session.small(1))) {
      oldAndNewRows(session, old);
      Rows.append(old, Rows.numbered(3, 2));
      try (Table now = session.connect(Map.of()).getTable(old.getTableInfo().getTablePath())) {
        List<List<Object>> rows = Rows.values(Rows.readAll(now, 5));
        equal("a row of the new writer", List.of(2L, "row 2", 22), rows.get(2));
        equal("a later row of the old one", Arrays.asList(4L, "row 4", null), rows.get(4));
      }
    }
  }

  private static void projection(Session session) throws Exception {
    try (Table old = session.open(Session.small(1))) {
      oldAndNewRows(session, old);
      try (Table now = session.connect(Map.of()).getTable(old.getTableInfo().getTablePath())) {
        for (Table each : List.of(old, now)) {
          try (LogScanner scanner = each.newScan().project(List.of("name")).createLogScanner()) {
            scanner.subscribeFromBeginning(0);
            RowType type = each.getTableInfo().getRowType().project(List.of("name"));
            equal("names", List.of("row 0", "row 1", "row 2"), Rows.firsts(Rows.poll(scanner, type, 3)));
          }
        }
      }
    }
  }

  /** Fluss fails a fetch of rows that are older than a column it asks for; Millrace sends nulls. */
  private static void addedProjection(Session session) throws Exception {
    try (Table old = session.open(Session.small(1))) {
      oldAndNewRows(session, old);
      try (Table now = session.connect(Map.of()).getTable(old.getTableInfo().getTablePath());
          LogScanner scanner = now.newScan().project(List.of("id", "extra")).createLogScanner()) {
        RowType type = now.getTableInfo().getRowType().project(List.of("id", "extra"));
        scanner.subscribe(0, 2);
        equal("new rows", List.of(List.of(2L, 22)), Rows.values(Rows.poll(scanner, type, 1)));
        scanner.subscribe(0, 0);
        if (session.server() == Server.MILLRACE) {
          List<List<Object>> all = List.of(Arrays.asList(0L, null), Arrays.asList(1L, null), List.of(2L, 22));
          equal("old rows", all, Rows.values(Rows.poll(scanner, type, 3)));
          return;
        }
        Throwable error = refused(() -> Rows.poll(scanner, type, 3), FetchException.class);
        holds("it says why: " + error, error.getMessage().contains("INVALID_COLUMN_PROJECTION"));
      }
    }
  }
}
