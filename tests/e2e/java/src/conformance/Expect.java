package conformance;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.fluss.exception.ApiException;

/** Assertions. Nothing here waits without a deadline. */
final class Expect {
  static final Duration ANSWER_TIME_MAX = Duration.ofSeconds(10);

  interface Call {
    Object run() throws Exception;
  }

  interface Action {
    void run() throws Exception;
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  private Expect() {}

  /** The value of an answer that must come. */
  static <T> T get(CompletableFuture<T> answer) throws Exception {
    try {
      return answer.get(ANSWER_TIME_MAX.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      throw new AssertionError("no answer within " + ANSWER_TIME_MAX.toSeconds() + " s");
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof Exception cause ? cause : failed;
    }
  }

  static void equal(String what, Object wanted, Object got) {
    if (!Objects.equals(wanted, got)) {
      throw new AssertionError(what + ": wanted " + wanted + ", got " + got);
    }
  }

  static void holds(String what, boolean condition) {
    if (!condition) {
      throw new AssertionError(what + ": does not hold");
    }
  }

  /** The call, or the future that it returns, must fail with one of these errors of the protocol. Returns it. */
  @SafeVarargs
  static Throwable refused(Call call, Class<? extends Exception>... errors) throws Exception {
    String wanted = Arrays.stream(errors).map(Class::getSimpleName).collect(Collectors.joining(" or "));
    Throwable caught;
    try {
      Object value = call.run();
      Object got = value instanceof CompletableFuture<?> answer ? get(answer) : value;
      throw new AssertionError("wanted " + wanted + ", but it was accepted: " + got);
    } catch (Exception failed) {
      caught = protocolError(failed);
    }
    if (!List.of(errors).contains(caught.getClass())) {
      throw new AssertionError("wanted " + wanted + ", got " + caught, caught);
    }
    return caught;
  }

  /** The call must throw, and somewhere in the chain of causes must be this error. Returns it. */
  static <E extends Throwable> E fails(Action call, Class<E> error) throws Exception {
    try {
      call.run();
    } catch (Exception | AssertionError failed) {
      for (Throwable each = failed; each != null; each = each.getCause()) {
        if (error.isInstance(each)) {
          return error.cast(each);
        }
      }
      throw new AssertionError("wanted " + error.getSimpleName() + ", got " + failed, failed);
    }
    throw new AssertionError("wanted " + error.getSimpleName() + ", but it was accepted");
  }

  /** Asks until it holds. An error in between counts as "not yet". */
  static void eventually(String what, Condition condition) throws Exception {
    eventually(what, ANSWER_TIME_MAX, condition);
  }

  static void eventually(String what, Duration timeMax, Condition condition) throws Exception {
    long end = System.nanoTime() + timeMax.toNanos();
    Exception last = null;
    while (System.nanoTime() < end) {
      try {
        if (condition.holds()) {
          return;
        }
        last = null;
      } catch (InterruptedException stopped) {
        throw stopped;
      } catch (Exception failed) {
        last = failed;
      }
      Thread.sleep(20);
    }
    throw new AssertionError(what + ": not within " + timeMax.toSeconds() + " s", last);
  }

  /** The innermost error that carries a code of the protocol, or else the innermost error. */
  private static Throwable protocolError(Throwable failed) {
    Throwable root = failed;
    Throwable coded = null;
    while (root != null) {
      coded = root instanceof ApiException ? root : coded;
      if (root.getCause() == null) {
        break;
      }
      root = root.getCause();
    }
    return coded != null ? coded : root instanceof CompletionException ? failed : root;
  }
}
