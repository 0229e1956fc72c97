package conformance;

import conformance.Behaviour.Server;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.metadata.TablePath;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** Writes and reads tables on order, for rows that another client reads or wrote: see clients.py in ../../../cross. */
final class Exchange {
  private static final ObjectMapper json = new ObjectMapper();

  private Exchange() {}

  /** Argument: BOOTSTRAP. Orders come on standard input, answers go to standard output, a line each. */
  public static void main(String[] arguments) throws Exception {
    try (Session session = new Session(arguments[0], Server.MILLRACE)) {
      var orders = new BufferedReader(new InputStreamReader(System.in));
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        System.out.println(answer(session, order.split(" ")));
      }
    }
    System.out.flush();
    // Closing would wait for the client's network stack.
    Runtime.getRuntime().halt(0);
  }

  private static String answer(Session session, String[] order) {
    try {
      String[] name = order[1].split("\\.");
      try (Table table = session.connection().getTable(TablePath.of(name[0], name[1]))) {
        if (order[0].equals("write")) {
          write(table, Path.of(order[2]));
        } else {
          read(table, Integer.parseInt(order[2]), Path.of(order[3]));
        }
      }
      return "ok";
    } catch (Throwable failed) {
      failed.printStackTrace();
      return "failed: " + failed.toString().replace('\n', ' ');
    }
  }

  private static void write(Table table, Path file) throws Exception {
    List<GenericRow> rows = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      rows.add(Canonical.row(json.readValue(line, List.class), table.getTableInfo().getRowType()));
    }
    Rows.append(table, rows);
  }

  private static void read(Table table, int count, Path file) throws Exception {
    List<String> lines = new ArrayList<>();
    for (List<Object> values : Rows.values(Rows.readAll(table, count))) {
      lines.add(json.writeValueAsString(Canonical.of(values)));
    }
    Files.write(file, lines);
  }
}
