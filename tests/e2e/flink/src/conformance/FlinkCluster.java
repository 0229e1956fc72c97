package conformance;

import java.util.Map;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.minicluster.RpcServiceSharing;

/** A Flink cluster in this process, one for the whole run; its REST port is the kernel's choice. */
final class FlinkCluster {
  private static final int SLOTS = 16;
  private static MiniCluster started;

  private FlinkCluster() {}

  static synchronized MiniCluster get() throws Exception {
    if (started == null) {
      Map<String, String> options =
          Map.of(
              "rest.address", "127.0.0.1",
              "rest.bind-address", "127.0.0.1",
              "rest.bind-port", "0",
              "taskmanager.memory.network.max", "64m",
              "taskmanager.memory.managed.size", "64m",
              "restart-strategy.type", "none");
      MiniCluster cluster =
          new MiniCluster(
              new MiniClusterConfiguration.Builder()
                  .setConfiguration(Configuration.fromMap(options))
                  .setNumTaskManagers(1)
                  .setNumSlotsPerTaskManager(SLOTS)
                  .setRpcServiceSharing(RpcServiceSharing.SHARED)
                  .build());
      cluster.start();
      started = cluster;
    }
    return started;
  }

  /** What a client needs to find the cluster. */
  static Map<String, String> address() throws Exception {
    var address = get().getRestAddress().get();
    return Map.of(
        "execution.target", "remote",
        "rest.address", address.getHost(),
        "rest.port", String.valueOf(address.getPort()));
  }

  static long completedCheckpoints(JobID job) throws Exception {
    var statistics = get().getExecutionGraph(job).get().getCheckpointStatsSnapshot();
    return statistics == null ? 0 : statistics.getCounts().getNumberOfCompletedCheckpoints();
  }
}
