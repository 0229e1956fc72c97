package conformance;

/**
 * One thing that a client may rely on. Its name is what the report and the list of unbuilt behaviours call it.
 *
 * @param since the first client release whose API has it
 */
record Behaviour(String name, Release since, Body body) {
  interface Body {
    void run(Session session) throws Exception;
  }

  /** Releases of the client, in order. */
  enum Release {
    V0_9,
    V1_0
  }

  /** Whose server answers. Behaviours look at it only where the two differ for a reason that they state. */
  enum Server {
    MILLRACE,
    FLUSS
  }
}
