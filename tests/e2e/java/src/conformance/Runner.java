package conformance;

import conformance.Behaviour.Release;
import conformance.Behaviour.Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs behaviours against one server and prints a line for each. Its arguments:
 *
 * <pre>
 *   BOOTSTRAP millrace|fluss V0_9|V1_0 NOT_BUILT_YET [NAME...]
 *     ok: NAME (12 ms)
 *     FAILED: NAME: error
 *     not built yet: NAME: error           named in the file NOT_BUILT_YET, and fails indeed
 *     BUILT: NAME                          named there although it passes: strike it off
 * </pre>
 *
 * With NAMEs only these run. Exit code: 0 when there is no line in capitals, else 1; 2 if it could not start.
 */
final class Runner {
  // The more at once, the more often it overlooks a new table; see Session.createUntilLed().
  private static final int AT_ONCE_ON_FLUSS = 1;
  private static final int ROW_FORMAT_TRIES_MAX = 3;

  private Runner() {}

  /** How many behaviours run at once, as most of their time is waiting, and how long one may take. */
  record Pace(int atOnce, int secondsMax) {}

  /** What became of one behaviour. `error` is null if it passed. */
  private record Outcome(Behaviour behaviour, Throwable error, long millis) {}

  /** Ends the process. */
  static void main(List<Behaviour> all, Pace pace, List<String> arguments) {
    int code = 2;
    try {
      code = run(all, pace, arguments);
    } catch (Throwable failed) {
      failed.printStackTrace();
    }
    System.out.flush();
    // Not exit(), nor a return: what a behaviour that hangs has left behind must not hold up the report.
    Runtime.getRuntime().halt(code);
  }

  private static int run(List<Behaviour> all, Pace pace, List<String> arguments) throws Exception {
    if (arguments.size() < 4) {
      System.out.println("arguments: BOOTSTRAP millrace|fluss V0_9|V1_0 NOT_BUILT_YET [NAME...]");
      return 2;
    }
    Server server = Server.valueOf(arguments.get(1).toUpperCase());
    Release client = Release.valueOf(arguments.get(2));
    List<String> notBuilt = namesIn(Path.of(arguments.get(3)));
    List<String> only = arguments.subList(4, arguments.size());
    checkNames(all, notBuilt);
    checkNames(all, only);
    List<Behaviour> chosen =
        all.stream()
            .filter(each -> each.since().compareTo(client) <= 0)
            .filter(each -> only.isEmpty() || only.contains(each.name()))
            .toList();
    boolean fine = runAll(chosen, pace, arguments.get(0), server, notBuilt);
    Behaviour last = new Behaviour("the databases of this run are dropped", Release.V0_9, Session::tidyUp);
    fine &= report(outcome(last, pace, new Session(arguments.get(0), server)), false);
    return fine ? 0 : 1;
  }

  private static List<String> namesIn(Path file) throws Exception {
    return Files.readAllLines(file).stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  private static void checkNames(List<Behaviour> all, List<String> names) {
    Set<String> known = new HashSet<>();
    for (Behaviour each : all) {
      Expect.holds("only one behaviour is called " + each.name(), known.add(each.name()));
    }
    names.forEach(name -> Expect.holds("there is a behaviour called " + name, known.contains(name)));
  }

  /** True if all went as listed. */
  private static boolean runAll(
      List<Behaviour> chosen, Pace pace, String bootstrap, Server server, List<String> notBuilt) throws Exception {
    ExecutorService lanes = Executors.newFixedThreadPool(server == Server.FLUSS ? AT_ONCE_ON_FLUSS : pace.atOnce);
    List<Callable<Boolean>> jobs = new ArrayList<>();
    for (Behaviour each : chosen) {
      jobs.add(() -> report(patientOutcome(each, pace, bootstrap, server), notBuilt.contains(each.name())));
    }
    boolean fine = true;
    for (var job : lanes.invokeAll(jobs)) {
      fine &= job.get();
    }
    return fine;
  }

  /**
   * The client's rows of INDEXED and COMPACTED logs lie in network buffers that it has given back, so now and then they
   * read as a piece of a later answer; the batch's checksum was right. Such a behaviour may be tried again.
   */
  private static Outcome patientOutcome(Behaviour behaviour, Pace pace, String bootstrap, Server server)
      throws Exception {
    boolean ofRowFormat = behaviour.name().endsWith(": INDEXED") || behaviour.name().endsWith(": COMPACTED");
    Outcome outcome = outcome(behaviour, pace, new Session(bootstrap, server));
    for (int more = ofRowFormat ? ROW_FORMAT_TRIES_MAX - 1 : 0; more > 0 && outcome.error != null; more--) {
      System.out.println("again: " + behaviour.name() + ": " + oneLine(outcome.error));
      outcome = outcome(behaviour, pace, new Session(bootstrap, server));
    }
    return outcome;
  }

  /** Runs one behaviour on a thread of its own, which is abandoned when it hangs. */
  private static Outcome outcome(Behaviour behaviour, Pace pace, Session session) throws Exception {
    long began = System.nanoTime();
    FutureTask<Void> task =
        new FutureTask<>(
            () -> {
              behaviour.body().run(session);
              return null;
            });
    Thread thread = new Thread(task, behaviour.name());
    thread.setDaemon(true);
    thread.start();
    Throwable error = null;
    try {
      task.get(pace.secondsMax, TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      error = failed.getCause();
    } catch (TimeoutException late) {
      error = new AssertionError("hangs: not done within " + pace.secondsMax + " s", placeOf(thread));
      thread.interrupt();
    } finally {
      session.close();
    }
    return new Outcome(behaviour, error, (System.nanoTime() - began) / 1_000_000);
  }

  private static Throwable placeOf(Thread thread) {
    Throwable place = new Throwable("it is here");
    place.setStackTrace(thread.getStackTrace());
    return place;
  }

  /** Prints the line of one behaviour. True if it went as listed. */
  private static synchronized boolean report(Outcome outcome, boolean listed) {
    String name = outcome.behaviour.name();
    if (outcome.error == null) {
      System.out.println(listed ? "BUILT: " + name : "ok: " + name + " (" + outcome.millis + " ms)");
    } else {
      System.out.println((listed ? "not built yet: " : "FAILED: ") + name + ": " + oneLine(outcome.error));
      if (!listed) {
        outcome.error.printStackTrace();
      }
    }
    return listed == (outcome.error != null);
  }

  private static String oneLine(Throwable error) {
    String text = error.toString().lines().findFirst().orElse("");
    return text.length() <= 300 ? text : text.substring(0, 300) + "...";
  }
}
