package conformance;

import static conformance.Behaviour.Release.V1_0;
import static conformance.Expect.equal;
import static conformance.Expect.eventually;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.refused;

import conformance.Behaviour.Body;
import conformance.Behaviour.Server;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.fluss.client.admin.ClusterHealth;
import org.apache.fluss.client.admin.ClusterHealthStatus;
import org.apache.fluss.exception.DatabaseNotExistException;
import org.apache.fluss.exception.UnsupportedVersionException;
import org.apache.fluss.metadata.DatabaseChange;
import org.apache.fluss.metadata.DatabaseDescriptor;

/** What only the client 1.0.0 can ask. The Fluss server it meets here is 0.9.1, which cannot answer any of it. */
final class SinceOne {
  private interface Ask {
    CompletableFuture<?> of(Session session) throws Exception;
  }

  private SinceOne() {}

  static List<Behaviour> behaviours() {
    return List.of(
        new Behaviour(
            "a database is altered",
            V1_0,
            unlessOld(SinceOne::altered, session -> change(session, session.database()))),
        new Behaviour(
            "altering an unknown database is refused",
            V1_0,
            unlessOld(SinceOne::unknownAltered, session -> change(session, "missing"))),
        new Behaviour(
            "the health of the cluster is told",
            V1_0,
            unlessOld(SinceOne::health, session -> session.admin().getClusterHealth())));
  }

  /** Fluss 0.9.1 does not list these calls, so the client must refuse them by itself. */
  private static Body unlessOld(Body body, Ask ask) {
    return session -> {
      if (session.server() == Server.FLUSS) {
        refused(() -> ask.of(session), UnsupportedVersionException.class);
      } else {
        body.run(session);
      }
    };
  }

  private static CompletableFuture<Void> change(Session session, String database) {
    return session.admin().alterDatabase(database, List.of(DatabaseChange.set("a", "b")), false);
  }

  private static void altered(Session session) throws Exception {
    String name = session.database();
    var changes =
        List.of(DatabaseChange.set("a", "1"), DatabaseChange.set("b", "2"), DatabaseChange.updateComment("new"));
    get(session.admin().alterDatabase(name, changes, false));
    DatabaseDescriptor now = get(session.admin().getDatabaseInfo(name)).getDatabaseDescriptor();
    equal("properties", Map.of("a", "1", "b", "2"), now.getCustomProperties());
    equal("comment", Optional.of("new"), now.getComment());
    get(session.admin().alterDatabase(name, List.of(DatabaseChange.reset("a")), false));
    now = get(session.admin().getDatabaseInfo(name)).getDatabaseDescriptor();
    equal("properties at last", Map.of("b", "2"), now.getCustomProperties());
    equal("comment at last", Optional.of("new"), now.getComment());
  }

  private static void unknownAltered(Session session) throws Exception {
    String name = Session.freshName();
    refused(() -> change(session, name), DatabaseNotExistException.class);
    get(session.admin().alterDatabase(name, List.of(DatabaseChange.set("a", "b")), true));
  }

  private static void health(Session session) throws Exception {
    session.create("rows", Session.small(2));
    ClusterHealth health = get(session.admin().getClusterHealth());
    holds("it knows of buckets: " + health, health.getNumLeaderReplicas() >= 2);
    holds("buckets have replicas: " + health, health.getNumReplicas() >= health.getNumLeaderReplicas());
    // Other behaviours create tables meanwhile, so it may take a moment until all is well.
    eventually(
        "health is green", () -> get(session.admin().getClusterHealth()).getStatus() == ClusterHealthStatus.GREEN);
  }
}
