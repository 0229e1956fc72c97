package conformance;

import static conformance.Expect.get;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.catalog.Catalog;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.metadata.TablePath;

/** Flink SQL on the catalog `fluss`, in the behaviour's own database. What runs when this is closed is cancelled. */
final class Sql implements AutoCloseable {
  /** For anything that a job must start for. */
  static final Duration JOB_TIME_MAX = Duration.ofSeconds(60);

  private final Session session;
  private final TableEnvironment environment;
  private final List<JobClient> jobs = new ArrayList<>();

  private Sql(Session session, EnvironmentSettings.Builder mode, Map<String, String> options) throws Exception {
    Map<String, String> all = new HashMap<>(FlinkCluster.address());
    all.put("parallelism.default", "1");
    all.put("table.local-time-zone", "UTC");
    all.putAll(options);
    this.session = session;
    this.environment = TableEnvironment.create(mode.withConfiguration(Configuration.fromMap(all)).build());
    run("CREATE CATALOG fluss WITH ('type' = 'fluss', 'bootstrap.servers' = '" + session.bootstrap() + "')");
    run("USE CATALOG fluss");
    run("USE `" + session.database() + "`");
  }

  static Sql streaming(Session session) throws Exception {
    return streaming(session, Map.of());
  }

  /** With more options of Flink. */
  static Sql streaming(Session session, Map<String, String> options) throws Exception {
    return new Sql(session, EnvironmentSettings.newInstance().inStreamingMode(), options);
  }

  static Sql batch(Session session) throws Exception {
    return new Sql(session, EnvironmentSettings.newInstance().inBatchMode(), Map.of());
  }

  TableEnvironment environment() {
    return environment;
  }

  Catalog catalog() {
    return environment.getCatalog("fluss").orElseThrow();
  }

  /** One statement, up to its end. */
  void run(String statement) throws Exception {
    finish(environment.executeSql(statement));
  }

  static void finish(TableResult result) throws Exception {
    result.await(JOB_TIME_MAX.toSeconds(), TimeUnit.SECONDS);
  }

  /** CREATE TABLE name and what follows; returns when it can be used. */
  TablePath create(String name, String rest) throws Exception {
    run("CREATE TABLE " + name + " " + rest);
    TablePath path = session.path(name);
    session.awaitLed(path);
    return path;
  }

  /** The same table as the Java client sees it. */
  Table open(TablePath path) {
    return session.connection().getTable(path);
  }

  /** An insertion that goes on until it is stopped. */
  JobClient start(String insertion) {
    JobClient job = environment.executeSql(insertion).getJobClient().orElseThrow();
    jobs.add(job);
    return job;
  }

  /** What a bounded statement says, in its order. */
  List<List<Object>> rows(String statement) throws Exception {
    try (CloseableIterator<Row> found = environment.executeSql(statement).collect()) {
      List<List<Object>> rows = new ArrayList<>();
      found.forEachRemaining(row -> rows.add(plain(row)));
      return rows;
    }
  }

  /** The first column of what a bounded statement says. */
  List<Object> firsts(String statement) throws Exception {
    return rows(statement).stream().map(row -> row.get(0)).toList();
  }

  Scan scan(String query) {
    return new Scan(environment.executeSql(query).collect());
  }

  /** Rows of a query without an end. Waits for the next one as long as the behaviour may take. */
  static final class Scan implements AutoCloseable {
    private final CloseableIterator<Row> found;

    private Scan(CloseableIterator<Row> found) {
      this.found = found;
    }

    List<List<Object>> next(int count) {
      return IntStream.range(0, count).mapToObj(i -> plain(found.next())).toList();
    }

    /** The rows before the first one for which it holds, which is taken too. */
    List<List<Object>> until(Predicate<List<Object>> last) {
      List<List<Object>> rows = new ArrayList<>();
      for (List<Object> row = plain(found.next()); !last.test(row); row = plain(found.next())) {
        rows.add(row);
      }
      return rows;
    }

    @Override
    public void close() throws Exception {
      found.close();
    }
  }

  static List<Object> plain(Row row) {
    return IntStream.range(0, row.getArity()).mapToObj(row::getField).map(Sql::plainValue).toList();
  }

  /** A value with an equals() of its own. */
  private static Object plainValue(Object value) {
    if (value instanceof Row row) {
      return plain(row);
    } else if (value instanceof Object[] array) {
      return Arrays.stream(array).map(Sql::plainValue).toList();
    } else if (value instanceof byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }
    return value;
  }

  @Override
  public void close() throws Exception {
    for (JobClient job : jobs) {
      if (!job.getJobStatus().get().isGloballyTerminalState()) {
        get(job.cancel());
      }
    }
  }
}
