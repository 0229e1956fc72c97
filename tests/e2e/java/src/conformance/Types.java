package conformance;

import static conformance.Behaviour.Release.V0_9;
import static conformance.Expect.equal;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.fluss.row.BinaryString.fromString;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.metadata.Schema;
import org.apache.fluss.metadata.TableDescriptor;
import org.apache.fluss.row.Decimal;
import org.apache.fluss.row.GenericArray;
import org.apache.fluss.row.GenericMap;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.InternalRow;
import org.apache.fluss.row.TimestampLtz;
import org.apache.fluss.row.TimestampNtz;
import org.apache.fluss.types.DataTypes;

/** Rows of every type, nulls and extremes included, through every format and compression, and back. */
final class Types {
  private Types() {}

  static List<Behaviour> behaviours() {
    List<Behaviour> all = new ArrayList<>();
    for (String compression : List.of("NONE", "LZ4_FRAME", "ZSTD")) {
      Map<String, String> options = Map.of("table.log.arrow.compression.type", compression);
      String how = " keep their rows: ARROW " + compression;
      all.add(new Behaviour("scalar types" + how, V0_9, session -> scalarsKept(session, options)));
      all.add(new Behaviour("nested types" + how, V0_9, session -> nestedKept(session, options)));
    }
    for (String format : List.of("INDEXED", "COMPACTED")) {
      Map<String, String> options = Map.of("table.log.format", format.toLowerCase(Locale.ROOT));
      String how = " keep their rows: " + format;
      all.add(new Behaviour("scalar types" + how, V0_9, session -> scalarsKept(session, options)));
      all.add(new Behaviour("nested types" + how, V0_9, session -> nestedKept(session, options)));
    }
    return all;
  }

  static Schema scalars() {
    return Schema.newBuilder()
        .column("boolean", DataTypes.BOOLEAN())
        .column("tinyint", DataTypes.TINYINT())
        .column("smallint", DataTypes.SMALLINT())
        .column("int", DataTypes.INT())
        .column("bigint", DataTypes.BIGINT())
        .column("float", DataTypes.FLOAT())
        .column("double", DataTypes.DOUBLE())
        .column("char", DataTypes.CHAR(5))
        .column("string", DataTypes.STRING())
        .column("decimal_compact", DataTypes.DECIMAL(9, 2))
        .column("decimal", DataTypes.DECIMAL(38, 10))
        .column("date", DataTypes.DATE())
        .column("time_s", DataTypes.TIME(0))
        .column("time_ms", DataTypes.TIME(3))
        .column("timestamp_s", DataTypes.TIMESTAMP(0))
        .column("timestamp_ms", DataTypes.TIMESTAMP(3))
        .column("timestamp_us", DataTypes.TIMESTAMP(6))
        .column("timestamp_ns", DataTypes.TIMESTAMP(9))
        .column("ltz_ms", DataTypes.TIMESTAMP_LTZ(3))
        .column("ltz_ns", DataTypes.TIMESTAMP_LTZ(9))
        .column("binary", DataTypes.BINARY(4))
        .column("bytes", DataTypes.BYTES())
        .column("required", DataTypes.INT().copy(false))
        .build();
  }

  static Schema nested() {
    return Schema.newBuilder()
        .column("ints", DataTypes.ARRAY(DataTypes.INT()))
        .column("strings", DataTypes.ARRAY(DataTypes.ARRAY(DataTypes.STRING())))
        .column("map", DataTypes.MAP(DataTypes.STRING().copy(false), DataTypes.BIGINT()))
        .column(
            "row",
            DataTypes.ROW(
                DataTypes.FIELD("x", DataTypes.DOUBLE()),
                DataTypes.FIELD("tags", DataTypes.ARRAY(DataTypes.STRING())),
                DataTypes.FIELD("inner", DataTypes.ROW(DataTypes.FIELD("y", DataTypes.DECIMAL(9, 2))))))
        .column("id", DataTypes.INT())
        .build();
  }

  private static GenericRow scalarRow(int i) {
    long millis = 1_700_000_000_000L + i;
    return GenericRow.of(
        i % 2 == 0,
        (byte) i,
        (short) (i * 100),
        i * 10_000,
        i * 10_000_000_000L,
        i / 2f,
        i / 3.0,
        fromString("ch" + i % 1000),
        fromString("naïve 名 " + "x".repeat(i % 7)),
        Decimal.fromUnscaledLong(i * 100L - 5, 9, 2),
        Decimal.fromBigDecimal(new BigDecimal("-12345678901234567890.12345").multiply(BigDecimal.valueOf(i)), 38, 10),
        19_000 + i,
        i * 1000,
        i * 1000 + 789,
        TimestampNtz.fromMillis(millis / 1000 * 1000),
        TimestampNtz.fromMillis(millis),
        TimestampNtz.fromMillis(millis, 456_000),
        TimestampNtz.fromMillis(millis, 456_789),
        TimestampLtz.fromEpochMillis(millis),
        TimestampLtz.fromEpochMillis(millis, 123_456),
        new byte[] {1, 0, 3, (byte) (i | 1)},
        ("bytes" + i).getBytes(UTF_8),
        i);
  }

  private static GenericRow nullScalars(int required) {
    GenericRow row = new GenericRow(scalars().getRowType().getFieldCount());
    row.setField(row.getFieldCount() - 1, required);
    return row;
  }

  private static GenericRow extremes(boolean smallest) {
    GenericRow row = scalarRow(1);
    row.setField(1, smallest ? Byte.MIN_VALUE : Byte.MAX_VALUE);
    row.setField(2, smallest ? Short.MIN_VALUE : Short.MAX_VALUE);
    row.setField(3, smallest ? Integer.MIN_VALUE : Integer.MAX_VALUE);
    row.setField(4, smallest ? Long.MIN_VALUE : Long.MAX_VALUE);
    row.setField(5, smallest ? Float.NaN : Float.MAX_VALUE);
    row.setField(6, smallest ? Double.NEGATIVE_INFINITY : Double.MIN_VALUE);
    row.setField(8, fromString(smallest ? "" : "long ".repeat(20_000)));
    row.setField(10, Decimal.fromBigDecimal(new BigDecimal((smallest ? "-" : "") + "9".repeat(28)), 38, 10));
    row.setField(11, smallest ? -719_162 : 2_932_896);
    row.setField(15, TimestampNtz.fromMillis(smallest ? -62_135_596_800_000L : 253_402_300_799_999L));
    row.setField(21, smallest ? new byte[0] : new byte[70_000]);
    return row;
  }

  private static GenericRow nestedRow(int i) {
    return GenericRow.of(
        GenericArray.of(i, null, -i),
        GenericArray.of(GenericArray.of(fromString("a" + i), null), GenericArray.of()),
        GenericMap.of(fromString("k" + i), (long) i),
        GenericRow.of(
            i / 4.0,
            GenericArray.of(fromString("tag"), fromString("x".repeat(i % 50))),
            GenericRow.of(Decimal.fromUnscaledLong(i, 9, 2))),
        i);
  }

  private static GenericRow emptyNested() {
    return GenericRow.of(
        GenericArray.of(),
        GenericArray.of((Object) null),
        GenericMap.of(),
        GenericRow.of(null, GenericArray.of(), GenericRow.of((Object) null)),
        null);
  }

  private static void scalarsKept(Session session, Map<String, String> options) throws Exception {
    List<InternalRow> rows = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      rows.add(i % 10 == 3 ? nullScalars(i) : scalarRow(i));
    }
    rows.add(extremes(true));
    rows.add(extremes(false));
    kept(session, scalars(), options, rows);
  }

  private static void nestedKept(Session session, Map<String, String> options) throws Exception {
    List<InternalRow> rows = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      rows.add(i % 10 == 3 ? new GenericRow(nested().getRowType().getFieldCount()) : nestedRow(i));
    }
    rows.add(emptyNested());
    kept(session, nested(), options, rows);
  }

  /** Two batches: one of few rows, which leaves compression nothing to gain, and one of many. */
  private static void kept(Session session, Schema schema, Map<String, String> options, List<InternalRow> rows)
      throws Exception {
    try (Table table =
        session.open(TableDescriptor.builder().schema(schema).distributedBy(1).properties(options))) {
      Rows.append(table, rows.subList(0, 2));
      Rows.append(table, rows.subList(2, rows.size()));
      List<List<Object>> got = Rows.values(Rows.readAll(table, rows.size()));
      List<List<Object>> wanted = Rows.plain(rows, schema.getRowType());
      for (int i = 0; i < rows.size(); i++) {
        equal("row " + i, wanted.get(i), got.get(i));
      }
    }
  }
}
