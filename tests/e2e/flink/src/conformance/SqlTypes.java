package conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Column types as Flink's SQL writes them. */
final class SqlTypes {
  static final Map<String, String> SCALARS =
      named(
          "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "CHAR(5)", "STRING", "DECIMAL(9, 2)",
          "DECIMAL(38, 10)", "DATE", "TIME(0)", "TIMESTAMP(0)", "TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(9)",
          "TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(9)", "BINARY(4)", "BYTES");
  static final Map<String, String> NESTED =
      named(
          "ARRAY<INT>",
          "ARRAY<ARRAY<STRING>>",
          "MAP<STRING NOT NULL, BIGINT>",
          "ROW<`x` DOUBLE, `tags` ARRAY<STRING>, `inner` ROW<`y` DECIMAL(9, 2)>>");

  private SqlTypes() {}

  private static Map<String, String> named(String... types) {
    Map<String, String> columns = new LinkedHashMap<>();
    for (String type : types) {
      columns.put("c" + columns.size(), type);
    }
    return columns;
  }

  /** The columns as a list in parentheses. */
  static String columns(Map<String, String> types) {
    return types.entrySet().stream()
        .map(each -> each.getKey() + " " + each.getValue())
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
