package conformance;

import static conformance.Expect.get;

import conformance.Behaviour.Server;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.fluss.client.Connection;
import org.apache.fluss.client.ConnectionFactory;
import org.apache.fluss.client.admin.Admin;
import org.apache.fluss.client.admin.OffsetSpec;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.config.Configuration;
import org.apache.fluss.exception.FlussRuntimeException;
import org.apache.fluss.metadata.DatabaseDescriptor;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.TableDescriptor;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.types.DataTypes;

/** What one behaviour works with: connections of its own and a database of its own. Nothing is shared with others. */
final class Session implements AutoCloseable {
  private static final AtomicInteger numbers = new AtomicInteger();
  private static final String PREFIX = "java_" + ProcessHandle.current().pid() + "_";

  private static final int CREATIONS_MAX = 3;
  private static final Duration LEADERS_TIME_MAX = Duration.ofSeconds(3);
  private static volatile boolean flussIsStuck;

  private final String bootstrap;
  private final Server server;
  private final List<Connection> connections = new ArrayList<>();
  private Connection connection;
  private String database;

  Session(String bootstrap, Server server) {
    this.bootstrap = bootstrap;
    this.server = server;
  }

  Server server() {
    return server;
  }

  String bootstrap() {
    return bootstrap;
  }

  /** A connection with the client's defaults but for the time that batches wait, which is for throughput. */
  Connection connection() {
    if (connection == null) {
      connection = connect(Map.of());
    }
    return connection;
  }

  /** Another connection, with these client options. */
  Connection connect(Map<String, String> options) {
    Configuration configuration = new Configuration();
    configuration.setString("bootstrap.servers", bootstrap);
    configuration.setString("client.writer.batch-timeout", "1ms");
    configuration.setString("client.connect-timeout", "5s");
    configuration.setString("netty.client.num-network-threads", "1");
    options.forEach(configuration::setString);
    Connection made = ConnectionFactory.createConnection(configuration);
    connections.add(made);
    return made;
  }

  Admin admin() {
    return connection().getAdmin();
  }

  /** A name that nobody else uses on this server. */
  static String freshName() {
    return PREFIX + numbers.incrementAndGet();
  }

  /** The behaviour's own database, made when first asked for. */
  String database() throws Exception {
    if (database == null) {
      String name = freshName();
      get(admin().createDatabase(name, DatabaseDescriptor.EMPTY, false));
      database = name;
    }
    return database;
  }

  TablePath path(String table) throws Exception {
    return TablePath.of(database(), table);
  }

  /** Creates database.NAME and returns its path. */
  TablePath create(String name, TableDescriptor.Builder table) throws Exception {
    TablePath path = path(name);
    get(admin().createTable(path, table.build(), false));
    awaitLed(path);
    return path;
  }

  /** What a table that was just created needs before it can be used. */
  void awaitLed(TablePath path) throws Exception {
    if (server == Server.FLUSS) {
      TableDescriptor descriptor = get(admin().getTableInfo(path)).toTableDescriptor();
      if (!descriptor.isPartitioned()) {
        createUntilLed(path, descriptor);
      }
    }
  }

  /**
   * Fluss answers before the buckets have leaders, and its client gives up soon. Worse, the coordinator 0.9.1 overlooks
   * a new table now and then, more often on a busy machine: it never gets a leader, and if it has partitions, the
   * first of them keeps every later table from getting one until the coordinator is restarted. Ours are ready when they
   * answer.
   */
  private void createUntilLed(TablePath path, TableDescriptor descriptor) throws Exception {
    for (int attempt = 0; attempt < CREATIONS_MAX && !flussIsStuck; attempt++) {
      if (attempt > 0) {
        get(admin().dropTable(path, false));
        awaitDropped();
        get(admin().createTable(path, descriptor, false));
      }
      if (awaitLeaders(path)) {
        return;
      }
    }
    flussIsStuck = true;
    throw new AssertionError("this Fluss server elects no leaders any more, which a restart of its coordinator cures");
  }

  private boolean awaitLeaders(TablePath path) throws Exception {
    int buckets = get(admin().getTableInfo(path)).getNumBuckets();
    List<Integer> all = IntStream.range(0, buckets).boxed().toList();
    long end = System.nanoTime() + LEADERS_TIME_MAX.toNanos();
    while (System.nanoTime() < end) {
      try {
        return get(admin().listOffsets(path, all, new OffsetSpec.EarliestSpec()).all()).size() == buckets;
      } catch (FlussRuntimeException notYet) {
        Thread.sleep(20);
      }
    }
    return false;
  }

  /** Between dropping a thing and making it again: Fluss 0.9.1 now and then takes the new one for the old. */
  void awaitDropped() throws InterruptedException {
    if (server == Server.FLUSS) {
      Thread.sleep(1000);
    }
  }

  /** Creates and opens database.rows. */
  Table open(TableDescriptor.Builder table) throws Exception {
    return connection().getTable(create("rows", table));
  }

  /** A small table: id BIGINT, name STRING. */
  static TableDescriptor.Builder small(int buckets, String... bucketKeys) {
    Schema schema =
        Schema.newBuilder().column("id", DataTypes.BIGINT()).column("name", DataTypes.STRING()).build();
    return TableDescriptor.builder().schema(schema).distributedBy(buckets, bucketKeys);
  }

  /** Drops every database of this run, also of behaviours that failed on the way. */
  void tidyUp() throws Exception {
    for (String name : get(admin().listDatabases())) {
      if (name.startsWith(PREFIX)) {
        get(admin().dropDatabase(name, true, true));
      }
    }
  }

  /** Closes every connection without waiting for it: the client's network stack stays quiet for two seconds first. */
  @Override
  public void close() {
    for (Connection each : connections) {
      Thread closing = new Thread(() -> closeQuietly(each), "closing");
      closing.setDaemon(true);
      closing.start();
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (Exception late) {
      System.err.println("closing a connection: " + late);
    }
  }
}
