"""Tables that change while clients use them, the last rows of a bucket, and filters that leave batches out."""

import os
import subprocess
import time
import urllib.request
from pathlib import Path

import fluss
import pyarrow as pa
import pytest
from conftest import connected
from reading import READ_SECONDS_MAX, create_log_table, read_all

CODE = fluss.ErrorCode
ROWS = pa.schema([("id", pa.int64()), ("name", pa.string())])
WIDE = pa.schema([*ROWS, ("gate", pa.string()), ("delay", pa.int32())])


def rows(schema, first, count):
    """Rows of which every value follows from the id."""
    ids = list(range(first, first + count))
    columns = [ids, [f"name-{i}" for i in ids], [f"gate-{i % 9}" for i in ids], [i % 100 for i in ids]]
    return pa.record_batch([pa.array(c, t.type) for c, t in zip(columns, schema)], schema=schema)


def padded(batch):
    """Rows of before as a reader of now sees them."""
    nulls = [pa.nulls(batch.num_rows, field.type) for field in list(WIDE)[batch.num_columns :]]
    return pa.record_batch([*batch.columns, *nulls], schema=WIDE)


async def read_aligned(table):
    """The whole table with the columns that it has for this client."""
    scanner = await table.new_scan().with_fixed_schema(True).create_record_batch_log_scanner()
    scanner.subscribe(0, fluss.EARLIEST_OFFSET)
    return await scanner.to_arrow()


@pytest.fixture
def alter(bootstrap):
    """Alters database.rows: pyfluss 1.0.0 has no call for it, the command line has."""

    def run(database, *arguments):
        program = Path(os.environ["MILLRACE_BIN"]) / "millrace"
        command = [program, "table", "alter", f"{database}.rows", *arguments, "--bootstrap", bootstrap]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr

    return run


async def write(writer, *batches):
    for batch in batches:
        writer.write_arrow_batch(batch)
        await writer.flush()


async def append(table, *batches):
    await write(table.new_append().create_writer(), *batches)


async def test_old_writers_go_on_and_new_readers_see_nulls(bootstrap, alter):
    async with connected(bootstrap) as (connection, admin, database):
        before = (await create_log_table(connection, admin, database, ROWS)).new_append().create_writer()
        await write(before, rows(ROWS, 0, 50))
        alter(database, "--add-columns", "gate STRING, delay INT")
        await write(before, rows(ROWS, 50, 50))
        async with connected(bootstrap) as (later, _, _):
            after = await later.get_table(fluss.TablePath(database, "rows"))
            info = after.get_table_info()
            assert info.schema_id == 2
            assert info.get_column_names() == WIDE.names
            await append(after, rows(WIDE, 100, 50))
            expected = [padded(rows(ROWS, 0, 100)), rows(WIDE, 100, 50)]
            assert (await read_aligned(after)).combine_chunks().equals(pa.Table.from_batches(expected).combine_chunks())


async def test_a_reader_of_before_reads_what_came_after(bootstrap, alter):
    async with connected(bootstrap) as (connection, admin, database):
        before = await create_log_table(connection, admin, database, ROWS)
        await append(before, rows(ROWS, 0, 10))
        alter(database, "--add-columns", "gate STRING, delay INT")
        async with connected(bootstrap) as (later, _, _):
            await append(await later.get_table(fluss.TablePath(database, "rows")), rows(WIDE, 10, 10))
        assert (await read_aligned(before)).combine_chunks().equals(
            pa.Table.from_batches([rows(ROWS, 0, 20)]).combine_chunks()
        )


async def test_a_projection_of_a_younger_column_gives_nulls(bootstrap, cluster, alter):
    """The real Fluss 0.9.1 fails this fetch with code 34."""
    async with connected(bootstrap) as (connection, admin, database):
        before = await create_log_table(connection, admin, database, ROWS)
        await append(before, rows(ROWS, 0, 10))
        alter(database, "--add-columns", "gate STRING, delay INT")
        async with connected(bootstrap) as (later, _, _):
            after = await later.get_table(fluss.TablePath(database, "rows"))
            await append(after, rows(WIDE, 10, 10))
            expected = pa.Table.from_batches([padded(rows(ROWS, 0, 10)), rows(WIDE, 10, 10)])
            for columns in (["delay", "id"], ["gate"], ["id", "gate", "delay"]):
                found = await read_all(after, columns)
                assert found.combine_chunks().equals(expected.select(columns).combine_chunks()), columns


async def test_a_limit_brings_the_last_rows(bootstrap, alter):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(connection, admin, database, ROWS)
        await append(table, rows(ROWS, 0, 30), rows(ROWS, 30, 30), rows(ROWS, 60, 30))
        info = table.get_table_info()
        bucket = fluss.TableBucket(info.table_id, 0)
        for limit, count in ((1, 1), (45, 45), (1000, 90)):
            scanner = table.new_scan().limit(limit).create_bucket_batch_scanner(bucket)
            found = await scanner.to_arrow()
            assert found.column("id").to_pylist() == list(range(90 - count, 90))
        alter(database, "--add-columns", "gate STRING, delay INT")
        async with connected(bootstrap) as (later, _, _):
            after = await later.get_table(fluss.TablePath(database, "rows"))
            await append(after, rows(WIDE, 90, 1))
            scanner = after.new_scan().limit(2).create_bucket_batch_scanner(bucket)
            expected = [padded(rows(ROWS, 89, 1)), rows(WIDE, 90, 1)]
            assert (await scanner.to_arrow()).combine_chunks().equals(
                pa.Table.from_batches(expected).combine_chunks()
            )


def left_out(cluster):
    """Batches that all nodes have left out of answers so far."""
    total = 0
    for address in cluster.console_addresses():
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("millrace_fetch_batches_left_out_total "):
                    total += int(line.split()[1])
    return total


async def test_batches_that_cannot_match_are_left_out(bootstrap, cluster):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_log_table(
            connection, admin, database, ROWS, properties={"table.statistics.columns": "*"}
        )
        await append(table, *(rows(ROWS, first, 100) for first in range(0, 1000, 100)))
        before = left_out(cluster)
        scan = table.new_scan().filter(fluss.col("id").greater_or_equal(420).and_(fluss.col("id").less_than(480)))
        scanner = await scan.create_record_batch_log_scanner()
        scanner.subscribe(0, fluss.EARLIEST_OFFSET)
        found = []
        end = time.monotonic() + READ_SECONDS_MAX
        while not found:
            assert time.monotonic() < end
            found = await scanner.poll_record_batch(500)
        assert [one.batch.column(0).to_pylist() for one in found] == [list(range(400, 500))]
        assert left_out(cluster) - before >= 9
        # This client's bounded read ends with a batch that reaches the end, so its filter must want the last one.
        scan = table.new_scan().filter(fluss.col("id").greater_or_equal(950))
        scanner = await scan.create_record_batch_log_scanner()
        scanner.subscribe(0, fluss.EARLIEST_OFFSET)
        assert (await scanner.to_arrow()).column("id").to_pylist() == list(range(900, 1000))
        # Without a filter all is there, projected or not.
        assert (await read_all(table)).num_rows == 1000
        assert (await read_all(table, ["name"])).num_rows == 1000
