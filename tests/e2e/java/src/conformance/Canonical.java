package conformance;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.fluss.row.BinaryString;
import org.apache.fluss.row.Decimal;
import org.apache.fluss.row.GenericArray;
import org.apache.fluss.row.GenericMap;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.TimestampLtz;
import org.apache.fluss.row.TimestampNtz;
import org.apache.fluss.types.ArrayType;
import org.apache.fluss.types.DataType;
import org.apache.fluss.types.DecimalType;
import org.apache.fluss.types.MapType;
import org.apache.fluss.types.RowType;

/** Values in the form that every client writes and reads: see ../../../cross/README.md. */
final class Canonical {
  private Canonical() {}

  /** The canonical form of what Rows.plain() gives. */
  static Object of(Object plain) {
    if (plain instanceof Float number) {
      return HexFormat.of().toHexDigits(Float.floatToRawIntBits(number));
    } else if (plain instanceof Double number) {
      return HexFormat.of().toHexDigits(Double.doubleToRawLongBits(number));
    } else if (plain instanceof Decimal decimal) {
      return decimal.toBigDecimal().unscaledValue().toString();
    } else if (plain instanceof TimestampNtz at) {
      return List.of(at.getMillisecond(), at.getNanoOfMillisecond());
    } else if (plain instanceof TimestampLtz at) {
      return List.of(at.getEpochMillisecond(), at.getNanoOfMillisecond());
    } else if (plain instanceof List<?> elements) {
      return elements.stream().map(Canonical::of).collect(ArrayList::new, ArrayList::add, ArrayList::addAll);
    } else if (plain instanceof Map<?, ?> entries) {
      List<Object> pairs = new ArrayList<>();
      entries.forEach((key, value) -> pairs.add(pair(of(key), of(value))));
      return pairs;
    }
    return plain;
  }

  private static List<Object> pair(Object key, Object value) {
    List<Object> pair = new ArrayList<>();
    pair.add(key);
    pair.add(value);
    return pair;
  }

  static GenericRow row(List<?> values, RowType type) {
    return GenericRow.of(
        IntStream.range(0, values.size()).mapToObj(i -> value(values.get(i), type.getTypeAt(i))).toArray());
  }

  /** The client's own form of a canonical value, as a JSON reader has it. */
  static Object value(Object canonical, DataType type) {
    if (canonical == null) {
      return null;
    }
    return switch (type.getTypeRoot()) {
      case BOOLEAN -> canonical;
      case TINYINT -> ((Number) canonical).byteValue();
      case SMALLINT -> ((Number) canonical).shortValue();
      case INTEGER, DATE, TIME_WITHOUT_TIME_ZONE -> ((Number) canonical).intValue();
      case BIGINT -> ((Number) canonical).longValue();
      case FLOAT -> Float.intBitsToFloat(HexFormat.fromHexDigits((String) canonical));
      case DOUBLE -> Double.longBitsToDouble(HexFormat.fromHexDigitsToLong((String) canonical));
      case CHAR, STRING -> BinaryString.fromString((String) canonical);
      case BINARY, BYTES -> HexFormat.of().parseHex((String) canonical);
      case DECIMAL -> decimal((String) canonical, (DecimalType) type);
      case TIMESTAMP_WITHOUT_TIME_ZONE -> TimestampNtz.fromMillis(millis(canonical), nanos(canonical));
      case TIMESTAMP_WITH_LOCAL_TIME_ZONE -> TimestampLtz.fromEpochMillis(millis(canonical), nanos(canonical));
      case ARRAY -> array((List<?>) canonical, ((ArrayType) type).getElementType());
      case MAP -> map((List<?>) canonical, (MapType) type);
      case ROW -> row((List<?>) canonical, (RowType) type);
    };
  }

  private static Decimal decimal(String digits, DecimalType type) {
    BigDecimal value = new BigDecimal(new BigInteger(digits), type.getScale());
    return Decimal.fromBigDecimal(value, type.getPrecision(), type.getScale());
  }

  private static long millis(Object canonical) {
    return ((Number) ((List<?>) canonical).get(0)).longValue();
  }

  private static int nanos(Object canonical) {
    return ((Number) ((List<?>) canonical).get(1)).intValue();
  }

  private static GenericArray array(List<?> elements, DataType type) {
    return new GenericArray(elements.stream().map(element -> value(element, type)).toArray());
  }

  private static GenericMap map(List<?> pairs, MapType type) {
    Map<Object, Object> entries = new LinkedHashMap<>();
    for (Object pair : pairs) {
      List<?> two = (List<?>) pair;
      entries.put(value(two.get(0), type.getKeyType()), value(two.get(1), type.getValueType()));
    }
    return new GenericMap(entries);
  }
}
