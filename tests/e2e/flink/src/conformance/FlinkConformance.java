package conformance;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** The list of behaviours of the Flink connector. How it is run, and what is printed: {@link Runner}. */
public final class FlinkConformance {
  private FlinkConformance() {}

  public static void main(String[] arguments) throws Exception {
    List<Behaviour> all = new ArrayList<>();
    all.addAll(SqlCatalog.behaviours());
    all.addAll(SqlTables.behaviours());
    all.addAll(SqlSinks.behaviours());
    all.addAll(SqlScans.behaviours());
    all.addAll(SqlPartitions.behaviours());
    all.addAll(SqlQueries.behaviours());
    warmUp();
    Runner.main(all, new Runner.Pace(2, 180), List.of(arguments));
  }

  /** Starting Flink and unpacking its planner takes seconds, which are no behaviour's. */
  private static void warmUp() throws Exception {
    FlinkCluster.get();
    TableEnvironment.create(EnvironmentSettings.inStreamingMode()).explainSql("SELECT 1");
  }
}
