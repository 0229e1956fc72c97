package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;

import conformance.Behaviour.Server;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.fluss.client.Connection;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.cluster.ServerNode;
import org.apache.fluss.cluster.ServerType;
import org.apache.fluss.config.cluster.AlterConfig;
import org.apache.fluss.config.cluster.AlterConfigOpType;
import org.apache.fluss.config.cluster.ConfigEntry;
import org.apache.fluss.exception.ConfigException;
import org.apache.fluss.exception.SecurityDisabledException;
import org.apache.fluss.exception.UnknownServerException;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.security.acl.AccessControlEntry;
import org.apache.fluss.security.acl.AclBinding;
import org.apache.fluss.security.acl.AclBindingFilter;
import org.apache.fluss.security.acl.FlussPrincipal;
import org.apache.fluss.security.acl.OperationType;
import org.apache.fluss.security.acl.PermissionType;
import org.apache.fluss.security.acl.Resource;

final class Administration {
  private Administration() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour("servers are listed", V0_9, Administration::servers),
        new Behaviour("every server that is listed lets a client in", V0_9, Administration::everyServer),
        new Behaviour("a bootstrap address that is dead does not matter", V0_9, Administration::deadAddress),
        new Behaviour("cluster configs are described", V0_9, Administration::configs),
        new Behaviour("a cluster config that is fixed is refused", V0_9, Administration::fixedConfig),
        new Behaviour("table statistics count rows", V0_9, Administration::statistics),
        new Behaviour("ACLs are refused without an authorizer", V0_9, Administration::acls));
  }

  private static void servers(Session session) throws Exception {
    List<ServerNode> nodes = get(session.admin().getServerNodes());
    Map<ServerType, List<ServerNode>> byType = nodes.stream().collect(Collectors.groupingBy(ServerNode::serverType));
    equal("coordinators", 1, byType.getOrDefault(ServerType.COORDINATOR, List.of()).size());
    List<ServerNode> tablets = byType.getOrDefault(ServerType.TABLET_SERVER, List.of());
    // Each of our suites starts three hosts; a foreign cluster has what it has.
    holds("tablet servers: " + tablets, tablets.size() >= (session.server() == Server.MILLRACE ? 3 : 1));
    equal("ids of tablet servers", tablets.size(), new HashSet<>(tablets.stream().map(ServerNode::id).toList()).size());
    for (ServerNode node : nodes) {
      holds("it has an address: " + node, !node.host().isEmpty() && node.port() > 0 && node.port() < 65_536);
    }
  }

  private static void everyServer(Session session) throws Exception {
    String database = session.database();
    for (ServerNode node : get(session.admin().getServerNodes())) {
      Connection through = session.connect(Map.of("bootstrap.servers", node.host() + ":" + node.port()));
      holds("its databases by " + node, get(through.getAdmin().listDatabases()).contains(database));
    }
  }

  private static void deadAddress(Session session) throws Exception {
    String database = session.database();
    Connection past = session.connect(Map.of("bootstrap.servers", "127.0.0.1:1," + session.bootstrap()));
    holds("its databases", get(past.getAdmin().listDatabases()).contains(database));
  }

  private static void configs(Session session) throws Exception {
    Collection<ConfigEntry> entries = get(session.admin().describeClusterConfigs());
    Set<String> keys = entries.stream().map(ConfigEntry::key).collect(Collectors.toSet());
    equal("every key once", entries.size(), keys.size());
    holds("its listeners are among " + keys, keys.contains("bind.listeners"));
    entries.forEach(each -> equal(each.key(), ConfigEntry.ConfigSource.INITIAL_SERVER_CONFIG, each.source()));
  }

  private static void fixedConfig(Session session) throws Exception {
    // Its own error came with 1.0: neither Fluss 0.9.1 nor a client of then knows it.
    var since = session.server() == Server.FLUSS ? UnknownServerException.class : ConfigException.class;
    for (String key : List.of("bind.listeners", "unheard.of")) {
      refused(
          () -> session.admin().alterClusterConfigs(List.of(new AlterConfig(key, "1", AlterConfigOpType.SET))),
          UnknownServerException.class,
          since);
    }
  }

  private static void statistics(Session session) throws Exception {
    try (Table table = session.open(Session.small(3, "id"))) {
      TablePath path = table.getTableInfo().getTablePath();
      equal("rows at first", 0L, get(session.admin().getTableStats(path)).getRowCount());
      Rows.append(table, Rows.numbered(0, 50));
      equal("rows", 50L, get(session.admin().getTableStats(path)).getRowCount());
    }
  }

  private static void acls(Session session) throws Exception {
    var entry =
        new AccessControlEntry(
            new FlussPrincipal("someone", "User"), "*", OperationType.READ, PermissionType.ALLOW);
    AclBinding binding = new AclBinding(Resource.database(session.database()), entry);
    refused(() -> session.admin().listAcls(AclBindingFilter.ANY), SecurityDisabledException.class);
    refused(() -> session.admin().createAcls(List.of(binding)).all(), SecurityDisabledException.class);
    refused(() -> session.admin().dropAcls(List.of(AclBindingFilter.ANY)).all(), SecurityDisabledException.class);
  }
}
