package conformance;

import static conformance.Expect.equal;
import static conformance.Expect.get;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.fluss.client.table.Table;
import org.apache.fluss.client.table.scanner.ScanRecord;
import org.apache.fluss.client.table.scanner.log.LogScanner;
import org.apache.fluss.client.table.scanner.log.ScanRecords;
import org.apache.fluss.client.table.writer.AppendResult;
import org.apache.fluss.client.table.writer.AppendWriter;
import org.apache.fluss.metadata.TableBucket;
import org.apache.fluss.record.ChangeType;
import org.apache.fluss.row.BinaryString;
import org.apache.fluss.row.GenericRow;
import org.apache.fluss.row.InternalArray;
import org.apache.fluss.row.InternalMap;
import org.apache.fluss.row.InternalRow;
import org.apache.fluss.types.ArrayType;
import org.apache.fluss.types.DataType;
import org.apache.fluss.types.MapType;
import org.apache.fluss.types.RowType;

/** Writing rows, and reading them back to a known end: a scanner never says that it is done. */
final class Rows {
  static final Duration READ_TIME_MAX = Duration.ofSeconds(12);

  /** A row as it was found. `partition` is -1 in a table without partitions. */
  record Found(long partition, int bucket, long offset, long timestamp, List<Object> values) {}

  private Rows() {}

  /** A row of Session.small(). */
  static GenericRow row(long id, String name) {
    return GenericRow.of(id, name == null ? null : BinaryString.fromString(name));
  }

  /** Rows first, first + 1, ... of Session.small(). */
  static List<InternalRow> numbered(long first, int count) {
    return LongStream.range(first, first + count).<InternalRow>mapToObj(id -> row(id, "row " + id)).toList();
  }

  /** Appends and waits until every row is acknowledged. */
  static void append(Table table, Collection<? extends InternalRow> rows) throws Exception {
    await(send(table.newAppend().createWriter(), rows));
  }

  static List<CompletableFuture<AppendResult>> send(AppendWriter writer, Collection<? extends InternalRow> rows) {
    List<CompletableFuture<AppendResult>> answers = new ArrayList<>();
    for (InternalRow row : rows) {
      answers.add(writer.append(row));
    }
    return answers;
  }

  static void await(List<CompletableFuture<AppendResult>> answers) throws Exception {
    get(CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)));
  }

  /** Every bucket from its beginning, until `count` rows came. Ordered by bucket, then offset. */
  static List<Found> readAll(Table table, int count) throws Exception {
    try (LogScanner scanner = table.newScan().createLogScanner()) {
      IntStream.range(0, table.getTableInfo().getNumBuckets()).forEach(scanner::subscribeFromBeginning);
      return poll(scanner, table.getTableInfo().getRowType(), count);
    }
  }

  /** Exactly `count` rows of `type`; the offsets of each bucket must follow one another without a gap. */
  static List<Found> poll(LogScanner scanner, RowType type, int count) {
    List<Found> found = pollAtLeast(scanner, type, count);
    equal("rows found", count, found.size());
    return found;
  }

  /** The same, but there may be more. */
  static List<Found> pollAtLeast(LogScanner scanner, RowType type, int count) {
    List<Found> found = new ArrayList<>();
    long end = System.nanoTime() + READ_TIME_MAX.toNanos();
    while (found.size() < count && System.nanoTime() < end) {
      ScanRecords records = scanner.poll(Duration.ofMillis(100));
      for (TableBucket bucket : records.buckets()) {
        for (ScanRecord record : records.records(bucket)) {
          found.add(found(bucket, record, type));
        }
      }
    }
    Expect.holds("at least " + count + " rows, found " + found.size(), found.size() >= count);
    found.sort(Comparator.comparingLong(Found::partition).thenComparing(Found::bucket).thenComparing(Found::offset));
    for (int i = 1; i < found.size(); i++) {
      Found before = found.get(i - 1);
      Found now = found.get(i);
      if (before.partition == now.partition && before.bucket == now.bucket) {
        equal("offset after " + before, before.offset + 1, now.offset);
        Expect.holds("timestamps do not go back: " + before + " " + now, before.timestamp <= now.timestamp);
      }
    }
    return found;
  }

  private static Found found(TableBucket bucket, ScanRecord record, RowType type) {
    equal("change type", ChangeType.APPEND_ONLY, record.getChangeType());
    long partition = bucket.getPartitionId() == null ? -1 : bucket.getPartitionId();
    List<Object> values = plain(record.getRow(), type);
    return new Found(partition, bucket.getBucket(), record.logOffset(), record.timestamp(), values);
  }

  /** The first column of each row, in the order of the rows. */
  static List<Object> firsts(List<Found> found) {
    return found.stream().map(row -> row.values().get(0)).toList();
  }

  static List<List<Object>> values(List<Found> found) {
    return found.stream().map(Found::values).toList();
  }

  static List<List<Object>> plain(Collection<? extends InternalRow> rows, RowType type) {
    return rows.stream().map(row -> plain(row, type)).toList();
  }

  /** A row as values with an equals() of their own, so that rows of any representation compare. */
  static List<Object> plain(InternalRow row, RowType type) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < type.getFieldCount(); i++) {
      values.add(plain(InternalRow.createFieldGetter(type.getTypeAt(i), i).getFieldOrNull(row), type.getTypeAt(i)));
    }
    return values;
  }

  private static Object plain(Object value, DataType type) {
    if (value instanceof byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    } else if (value instanceof BinaryString string) {
      return string.toString();
    } else if (value instanceof InternalRow row) {
      return plain(row, (RowType) type);
    } else if (value instanceof InternalArray array) {
      return elements(array, ((ArrayType) type).getElementType());
    } else if (value instanceof InternalMap map) {
      List<Object> keys = elements(map.keyArray(), ((MapType) type).getKeyType());
      List<Object> mapped = elements(map.valueArray(), ((MapType) type).getValueType());
      Map<Object, Object> entries = new LinkedHashMap<>();
      IntStream.range(0, keys.size()).forEach(i -> entries.put(keys.get(i), mapped.get(i)));
      return entries;
    }
    return value;
  }

  private static List<Object> elements(InternalArray array, DataType type) {
    InternalArray.ElementGetter getter = InternalArray.createElementGetter(type);
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      values.add(plain(getter.getElementOrNull(array, i), type));
    }
    return values;
  }
}
