"""Rows in, rows out: appends by row and by Arrow batch, scans from every kind of place, projection, tailing."""

import asyncio
import datetime
import decimal
import time

import fluss
import pyarrow as pa
import pytest
from conftest import connected, raises
from reading import create_log_table, poll_records, read_all, read_records

CODE = fluss.ErrorCode
ROWS = pa.schema([("id", pa.int64()), ("name", pa.string()), ("score", pa.float64())])


def batch(first, count):
    ids = range(first, first + count)
    columns = [list(ids), [f"name-{i}" if i % 7 else None for i in ids], [i / 4 for i in ids]]
    return pa.record_batch([pa.array(c, t.type) for c, t in zip(columns, ROWS)], schema=ROWS)


async def test_appended_rows_are_read_back_in_order(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        rows = batch(0, 1000).to_pylist()
        for row in rows:
            writer.append(row)
        await writer.flush()
        records = (await read_records(table, 1000, {0: fluss.EARLIEST_OFFSET}))[0]
        assert [record.row for record in records] == rows
        assert [record.offset for record in records] == list(range(1000))
        assert all(record.change_type == fluss.ChangeType.AppendOnly for record in records)
        assert all(record.timestamp > 0 for record in records)


async def test_an_awaited_write_is_visible_at_once(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        for i in range(3):
            await writer.append([i, "x", None]).wait()
            assert await admin.list_offsets(table.get_table_path(), [0], fluss.OffsetSpec.latest()) == {0: i + 1}


async def test_arrow_batches_are_read_back_as_arrow(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        batches = [batch(first, 5000) for first in range(0, 50_000, 5000)]
        for one in batches:
            writer.write_arrow_batch(one)
        await writer.flush()
        assert (await read_all(table)).equals(pa.Table.from_batches(batches))


async def test_a_projection_gives_the_columns_that_were_asked_for_in_that_order(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        writer.write_arrow_batch(batch(0, 20_000))
        await writer.flush()
        whole = pa.Table.from_batches([batch(0, 20_000)])
        for columns in (["score"], ["name"], ["id", "score"], ["score", "id"]):
            assert (await read_all(table, columns)).equals(whole.select(columns)), columns


@pytest.mark.parametrize("compression", ["NONE", "LZ4_FRAME", "ZSTD"])
async def test_every_compression_is_stored_and_projected(bootstrap, compression):
    async with connected(bootstrap) as (connection, admin, database):
        properties = {"table.log.arrow.compression.type": compression}
        table = await create_log_table(connection, admin, database, ROWS, properties=properties)
        writer = table.new_append().create_writer()
        writer.write_arrow_batch(batch(0, 10_000))
        await writer.flush()
        whole = pa.Table.from_batches([batch(0, 10_000)])
        assert (await read_all(table)).equals(whole)
        assert (await read_all(table, ["name"])).equals(whole.select(["name"]))


async def test_a_scan_starts_at_any_offset(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        for first in (0, 10, 20):
            await writer.write_arrow_batch(batch(first, 10)).wait()
        for start in (0, 1, 9, 10, 25, 29):
            records = (await read_records(table, 30 - start, {0: start}))[0]
            assert [record.offset for record in records] == list(range(start, 30))
            assert [record.row["id"] for record in records] == list(range(start, 30))


async def test_a_scan_from_latest_sees_only_what_comes_later(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        await writer.write_arrow_batch(batch(0, 10)).wait()
        latest = await admin.list_offsets(table.get_table_path(), [0], fluss.OffsetSpec.latest())
        assert latest == {0: 10}
        scanner = await table.new_scan().create_log_scanner()
        scanner.subscribe_buckets(latest)
        assert (await scanner.poll(300)).is_empty()
        await writer.write_arrow_batch(batch(10, 5)).wait()
        records = (await poll_records(scanner, 5))[0]
        assert [record.row["id"] for record in records] == list(range(10, 15))


async def test_a_scan_from_a_timestamp_starts_with_the_batch_of_that_time(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        for first in (0, 10, 20):
            await writer.write_arrow_batch(batch(first, 10)).wait()
            # Batches carry the server's clock in milliseconds: the next one must not share this one's.
            written = time.time_ns() // 1_000_000
            while time.time_ns() // 1_000_000 <= written + 1:
                await asyncio.sleep(0.001)
        path, spec = table.get_table_path(), fluss.OffsetSpec
        records = (await read_records(table, 30, {0: fluss.EARLIEST_OFFSET}))[0]
        for first in (0, 10, 20):
            offsets = await admin.list_offsets(path, [0], spec.timestamp(records[first].timestamp))
            assert offsets == {0: first}
            later = (await read_records(table, 30 - first, offsets))[0]
            assert [record.row["id"] for record in later] == list(range(first, 30))
        assert await admin.list_offsets(path, [0], spec.timestamp(records[10].timestamp - 1)) == {0: 10}
        assert await admin.list_offsets(path, [0], spec.earliest()) == {0: 0}
        assert await admin.list_offsets(path, [0], spec.timestamp(records[29].timestamp + 1)) == {0: 30}
        with raises(CODE.INVALID_TIMESTAMP_EXCEPTION):
            await admin.list_offsets(path, [0], spec.timestamp(time.time_ns() // 1_000_000 + 600_000))


async def test_an_offset_beyond_the_end_is_refused(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        await table.new_append().create_writer().append([1, "a", 0.5]).wait()
        scanner = await table.new_scan().create_log_scanner()
        scanner.subscribe(0, 100)
        # The client turns error 19 into one of its own, and keeps the server's words.
        with raises(CODE.CLIENT_ERROR) as caught:
            await scanner.poll(5000)
        assert "out of range" in str(caught.value)


async def test_buckets_keep_their_own_order(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS, buckets=4, bucket_keys=["id"])
        writer = table.new_append().create_writer()
        for row in batch(0, 2000).to_pylist():
            writer.append(row)
        await writer.flush()
        found = await read_records(table, 2000, {bucket: fluss.EARLIEST_OFFSET for bucket in range(4)})
        assert sorted(found) == [0, 1, 2, 3]
        for records in found.values():
            assert [record.offset for record in records] == list(range(len(records)))
            ids = [record.row["id"] for record in records]
            assert ids == sorted(ids)
        everything = sorted(record.row["id"] for records in found.values() for record in records)
        assert everything == list(range(2000))
        ends = await admin.list_offsets(table.get_table_path(), [0, 1, 2, 3], fluss.OffsetSpec.latest())
        assert ends == {bucket: len(records) for bucket, records in found.items()}


async def test_a_tailing_scanner_follows_a_writer(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        scanner = await table.new_scan().create_log_scanner()
        scanner.subscribe(0, fluss.EARLIEST_OFFSET)

        async def write():
            writer = table.new_append().create_writer()
            for i in range(20):
                await writer.append([i, "tail", 0.0]).wait()

        writing = asyncio.create_task(write())
        records = (await poll_records(scanner, 20))[0]
        await writing
        assert [record.row["id"] for record in records] == list(range(20))


async def test_writers_side_by_side_lose_nothing(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)

        async def write(number):
            # A connection of its own is a writer id of its own.
            async with connected(bootstrap) as (own, _, _):
                writer = (await own.get_table(table.get_table_path())).new_append().create_writer()
                for i in range(200):
                    writer.append([number * 1000 + i, None, None])
                await writer.flush()

        await asyncio.gather(*(write(number) for number in range(4)))
        records = (await read_records(table, 800, {0: fluss.EARLIEST_OFFSET}))[0]
        ids = [record.row["id"] for record in records]
        for number in range(4):
            assert [i for i in ids if i // 1000 == number] == [number * 1000 + i for i in range(200)]


TYPES = {
    "bool": (pa.bool_(), [True, False, None]),
    "int8": (pa.int8(), [-128, 127, None]),
    "int16": (pa.int16(), [-32768, 32767, None]),
    "int32": (pa.int32(), [-(2**31), 2**31 - 1, None]),
    "int64": (pa.int64(), [-(2**63), 2**63 - 1, None]),
    "float": (pa.float32(), [1.5, -0.25, None]),
    "double": (pa.float64(), [1e300, -0.1, None]),
    "text": (pa.string(), ["", "Zürich 上海 🚀", None]),
    "bytes": (pa.binary(), [b"", b"\x00\xff", None]),
    "price": (pa.decimal128(10, 2), [decimal.Decimal("12345678.90"), decimal.Decimal("-0.01"), None]),
    "day": (pa.date32(), [datetime.date(1969, 12, 31), datetime.date(2013, 1, 1), None]),
    "clock": (pa.time32("ms"), [datetime.time(0, 0), datetime.time(23, 59, 59, 999000), None]),
    "at": (pa.timestamp("us"), [datetime.datetime(2013, 1, 1, 5, 15), datetime.datetime(1969, 1, 1), None]),
}


async def test_every_flat_type_survives_the_way_there_and_back(bootstrap):
    schema = pa.schema([(name, kind) for name, (kind, _) in TYPES.items()])
    columns = [pa.array(values, kind) for kind, values in TYPES.values()]
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, schema)
        writer = table.new_append().create_writer()
        writer.write_arrow_batch(pa.record_batch(columns, schema=schema))
        await writer.flush()
        assert (await read_all(table)).to_pydict() == {name: values for name, (_, values) in TYPES.items()}


async def test_a_write_to_a_dropped_table_fails(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        writer = table.new_append().create_writer()
        await writer.append([1, "a", 0.5]).wait()
        await admin.drop_table(table.get_table_path())
        with raises(CODE.TABLE_NOT_EXIST):
            await writer.append([2, "b", 0.5]).wait()
