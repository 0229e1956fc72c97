package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;

import conformance.Behaviour.Server;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.fluss.client.admin.Admin;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.exception.SchemaNotExistException;
import org.apache.fluss.exception.TableAlreadyExistException;
import org.apache.fluss.exception.TableNotExistException;
import org.apache.fluss.exception.UnknownServerException;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.TableDescriptor;
import org.apache.fluss.metadata.TableInfo;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.types.DataTypes;

final class Tables {
  private Tables() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("a table comes and goes", V0_9, Tables::comesAndGoes),
        new Behaviour("a table that is there is not created again", V0_9, Tables::notCreatedAgain),
        new Behaviour("a table is described as it was created", V0_9, Tables::described),
        new Behaviour("columns of every scalar type are described as created", V0_9, Tables::scalarTypes),
        new Behaviour("columns of nested types are described as created", V0_9, Tables::nestedTypes),
        new Behaviour("what a table does not say gets the server's default", V0_9, Tables::defaults),
        new Behaviour("a table made again is another table", V0_9, Tables::madeAgain),
        new Behaviour("an unknown table is refused", V0_9, Tables::unknown),
        new Behaviour("a schema is found by its id", V0_9, Tables::schemaById));
  }

  private static void comesAndGoes(Session session) throws Exception {
    Admin admin = session.admin();
    TablePath path = session.path("rows");
    equal("tables at first", List.of(), get(admin.listTables(session.database())));
    holds("it is not there yet", !get(admin.tableExists(path)));
    session.create("rows", Session.small(3));
    holds("it exists", get(admin.tableExists(path)));
    equal("tables", List.of("rows"), get(admin.listTables(session.database())));
    get(admin.dropTable(path, false));
    holds("it is gone", !get(admin.tableExists(path)));
    equal("tables at last", List.of(), get(admin.listTables(session.database())));
    refused(() -> admin.dropTable(path, false), TableNotExistException.class);
    get(admin.dropTable(path, true));
  }

  private static void notCreatedAgain(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    TableDescriptor other = Session.small(7).comment("other").build();
    refused(() -> session.admin().createTable(path, other, false), TableAlreadyExistException.class);
    get(session.admin().createTable(path, other, true));
    equal("buckets", 1, get(session.admin().getTableInfo(path)).getNumBuckets());
  }

  private static void described(Session session) throws Exception {
    TableDescriptor sent =
        TableDescriptor.builder()
            .schema(
                Schema.newBuilder()
                    .column("id", DataTypes.BIGINT().copy(false))
                    .withComment("never null")
                    .column("when it was", DataTypes.TIMESTAMP_LTZ(3))
                    .column("naïve_名", DataTypes.STRING())
                    .build())
            .distributedBy(3, "id")
            .comment("ours")
            .property("table.log.ttl", "2d")
            .property("table.log.arrow.compression.type", "lz4_frame")
            .customProperties(Map.of("owner.team", "a", "table-like", "x=y"))
            .build();
    TablePath path = session.path("rows");
    get(session.admin().createTable(path, sent, false));
    TableInfo info = get(session.admin().getTableInfo(path));
    equal("path", path, info.getTablePath());
    equal("schema id", 1, info.getSchemaId());
    equal("buckets", 3, info.getNumBuckets());
    equal("bucket keys", List.of("id"), info.getBucketKeys());
    equal("comment", Optional.of("ours"), info.getComment());
    equal("custom properties", sent.getCustomProperties(), info.getCustomProperties().toMap());
    equal("column comment", Optional.of("never null"), info.getSchema().getColumns().get(0).getComment());
    holds("it has no primary key", !info.hasPrimaryKey());
    holds("it has no partitions", !info.isPartitioned());
    holds("it has a time of creation", info.getCreatedTime() > 1_500_000_000_000L);
    equal("time of change", info.getCreatedTime(), info.getModifiedTime());
    int replication = info.getTableConfig().getReplicationFactor();
    equal("descriptor", sent.withReplicationFactor(replication), info.toTableDescriptor());
  }

  private static void scalarTypes(Session session) throws Exception {
    describedWith(session, Types.scalars());
  }

  private static void nestedTypes(Session session) throws Exception {
    describedWith(session, Types.nested());
  }

  private static void describedWith(Session session, Schema schema) throws Exception {
    TablePath path = session.create("rows", TableDescriptor.builder().schema(schema).distributedBy(1));
    equal("schema in the table", schema, get(session.admin().getTableInfo(path)).getSchema());
    equal("schema alone", schema, get(session.admin().getTableSchema(path)).getSchema());
    equal("row type", schema.getRowType(), get(session.admin().getTableInfo(path)).getRowType());
  }

  private static void defaults(Session session) throws Exception {
    Schema schema = Schema.newBuilder().column("id", DataTypes.INT()).build();
    TablePath path = session.create("rows", TableDescriptor.builder().schema(schema));
    TableInfo info = get(session.admin().getTableInfo(path));
    holds("it has buckets", info.getNumBuckets() >= 1);
    equal("bucket keys", List.of(), info.getBucketKeys());
    Map<String, String> properties = info.getProperties().toMap();
    holds("replication is written down", Integer.parseInt(properties.get("table.replication.factor")) >= 1);
    equal("comment", Optional.empty(), info.getComment());
    equal("custom properties", Map.of(), info.getCustomProperties().toMap());
  }

  private static void madeAgain(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    long before = get(session.admin().getTableInfo(path)).getTableId();
    try (Table table = session.connection().getTable(path)) {
      Rows.append(table, Rows.numbered(0, 10));
    }
    get(session.admin().dropTable(path, false));
    session.awaitDropped();
    session.create("rows", Session.small(1));
    holds("its id is a new one", get(session.admin().getTableInfo(path)).getTableId() > before);
    // Another connection: this one may take the old buckets from its cache.
    try (Table table = session.connect(Map.of()).getTable(path)) {
      Rows.append(table, Rows.numbered(100, 1));
      equal("rows", List.of(100L), Rows.firsts(Rows.readAll(table, 1)));
    }
  }

  private static void unknown(Session session) throws Exception {
    Admin admin = session.admin();
    TablePath path = session.path("missing");
    holds("it does not exist", !get(admin.tableExists(path)));
    refused(() -> admin.getTableInfo(path), TableNotExistException.class);
    // Fluss looks for the schema before it looks for the table.
    refused(() -> admin.getTableSchema(path), TableNotExistException.class, SchemaNotExistException.class);
    refused(() -> admin.getTableSchema(path, 1), TableNotExistException.class, SchemaNotExistException.class);
    // A Fluss coordinator, when it is the one asked, wraps it into an unknown error.
    var opening = session.server() == Server.FLUSS ? UnknownServerException.class : TableNotExistException.class;
    refused(() -> session.connection().getTable(path), TableNotExistException.class, opening);
  }

  private static void schemaById(Session session) throws Exception {
    TablePath path = session.create("rows", Session.small(1));
    equal("id of the latest", 1, get(session.admin().getTableSchema(path)).getSchemaId());
    equal("id of the first", 1, get(session.admin().getTableSchema(path, 1)).getSchemaId());
    equal("the first", Session.small(1).build().getSchema(), get(session.admin().getTableSchema(path, 1)).getSchema());
    refused(() -> session.admin().getTableSchema(path, 2), SchemaNotExistException.class);
  }
}
