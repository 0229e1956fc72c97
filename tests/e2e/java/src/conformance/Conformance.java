package conformance;

import java.util.ArrayList;
import java.util.List;

/** The list of behaviours of the Java client. How it is run, and what is printed: {@link Runner}. */
public final class Conformance {
  private Conformance() {}

  public static void main(String[] arguments) {
    Runner.main(all(), new Runner.Pace(4, 40), List.of(arguments));
  }

  private static List<Behaviour> all() {
    List<Behaviour> all = new ArrayList<>();
    all.addAll(Databases.behaviours());
    all.addAll(Tables.behaviours());
    all.addAll(Refusals.behaviours());
    all.addAll(Types.behaviours());
    all.addAll(Writers.behaviours());
    all.addAll(Scans.behaviours());
    all.addAll(Offsets.behaviours());
    all.addAll(Partitions.behaviours());
    all.addAll(Alterations.behaviours());
    all.addAll(Administration.behaviours());
    all.addAll(SinceOne.behaviours());
    return all;
  }
}
