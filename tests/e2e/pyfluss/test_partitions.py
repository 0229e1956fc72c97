"""Partitioned tables: partitions come and go, by hand and by the clock; rows lie in theirs."""

import asyncio
import contextlib
import datetime
import json
import os
import subprocess
import time
from pathlib import Path

import fluss
import pyarrow as pa
from conftest import connected, raises
from reading import READ_SECONDS_MAX, create_log_table

CODE = fluss.ErrorCode
ROWS = pa.schema([("id", pa.int64()), ("region", pa.string()), ("day", pa.int32())])


def batch(first, count, region, day=1):
    ids = list(range(first, first + count))
    return pa.record_batch([pa.array(ids, pa.int64()), pa.array([region] * count), pa.array([day] * count, pa.int32())], schema=ROWS)


async def create_partitioned(connection, admin, database, keys=("region",), **options):
    return await create_log_table(connection, admin, database, ROWS, partition_keys=list(keys), **options)


async def names(admin, path, spec=None):
    return sorted(info.partition_name for info in await admin.list_partition_infos(path, spec))


async def ids_in(table, admin, name, count):
    """The ids in a partition, bucket after bucket."""
    infos = await admin.list_partition_infos(table.get_table_path())
    partition = next(info.partition_id for info in infos if info.partition_name == name)
    scanner = await table.new_scan().create_log_scanner()
    buckets = range(table.get_table_info().num_buckets)
    scanner.subscribe_partition_buckets({(partition, bucket): fluss.EARLIEST_OFFSET for bucket in buckets})
    found = []
    end = time.monotonic() + READ_SECONDS_MAX
    while len(found) < count:
        assert time.monotonic() < end, f"{len(found)} of {count} records within {READ_SECONDS_MAX} s"
        records = await scanner.poll(200)
        for bucket in records.buckets():
            assert bucket.partition_id == partition
            found.extend(record.row["id"] for record in records.records(bucket))
    return found


async def test_partitions_come_and_go(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_partitioned(connection, admin, database)
        path = table.get_table_path()
        assert await names(admin, path) == []
        await admin.create_partition(path, {"region": "eu"}, False)
        with raises(CODE.PARTITION_ALREADY_EXISTS):
            await admin.create_partition(path, {"region": "eu"}, False)
        await admin.create_partition(path, {"region": "eu"}, True)
        await admin.create_partition(path, {"region": "us"}, False)
        assert await names(admin, path) == ["eu", "us"]
        await admin.drop_partition(path, {"region": "eu"}, False)
        assert await names(admin, path) == ["us"]
        with raises(CODE.PARTITION_NOT_EXISTS):
            await admin.drop_partition(path, {"region": "eu"}, False)
        await admin.drop_partition(path, {"region": "eu"}, True)


async def test_rows_are_read_back_from_the_partition_they_were_written_to(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_partitioned(connection, admin, database, buckets=2)
        path = table.get_table_path()
        await admin.create_partition(path, {"region": "eu"}, False)
        await admin.create_partition(path, {"region": "us"}, False)
        writer = table.new_append().create_writer()
        for first in range(0, 500, 100):
            writer.write_arrow_batch(batch(first, 100, "eu"))
            writer.write_arrow_batch(batch(1000 + first, 100, "us"))
        await writer.flush()
        assert sorted(await ids_in(table, admin, "eu", 500)) == list(range(500))
        assert sorted(await ids_in(table, admin, "us", 500)) == list(range(1000, 1500))
        offsets = await admin.list_partition_offsets(path, "us", [0, 1], fluss.OffsetSpec.latest())
        assert sum(offsets.values()) == 500


async def test_several_keys_name_a_partition_together(bootstrap):
    # This client creates no partitions by itself: they must be there before the rows.
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_partitioned(connection, admin, database, keys=("region", "day"))
        path = table.get_table_path()
        for day in range(5):
            await admin.create_partition(path, {"day": str(day), "region": "eu"}, False)
        writer = table.new_append().create_writer()
        for day in range(5):
            writer.write_arrow_batch(batch(10 * day, 10, "eu", day))
        await writer.flush()
        assert await names(admin, path) == [f"eu${day}" for day in range(5)]
        assert await names(admin, path, {"day": "3"}) == ["eu$3"]
        assert await ids_in(table, admin, "eu$3", 10) == list(range(30, 40))


async def test_what_is_no_partition_is_refused(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_partitioned(connection, admin, database)
        path = table.get_table_path()
        for spec in ({"region": "a/b"}, {"nope": "eu"}, {"region": "__eu"}, {"region": "eu", "day": "1"}):
            with raises(CODE.PARTITION_SPEC_INVALID_EXCEPTION):
                await admin.create_partition(path, spec, False)
        plain = fluss.TablePath(database, "plain")
        await admin.create_table(plain, fluss.TableDescriptor(fluss.Schema(ROWS), bucket_count=1), False)
        with raises(CODE.TABLE_NOT_PARTITIONED_EXCEPTION):
            await admin.create_partition(plain, {"region": "eu"}, False)
        with raises(CODE.TABLE_NOT_PARTITIONED_EXCEPTION):
            await admin.list_partition_infos(plain)


async def test_a_partition_dropped_and_created_again_is_empty(bootstrap):
    async with connected(bootstrap) as (connection, admin, database):
        table = await create_partitioned(connection, admin, database)
        path = table.get_table_path()
        await admin.create_partition(path, {"region": "eu"}, False)
        writer = table.new_append().create_writer()
        writer.write_arrow_batch(batch(0, 10, "eu"))
        await writer.flush()
        assert await admin.list_partition_offsets(path, "eu", [0], fluss.OffsetSpec.latest()) == {0: 10}
        await admin.drop_partition(path, {"region": "eu"}, False)
        await admin.create_partition(path, {"region": "eu"}, False)
        end = time.monotonic() + READ_SECONDS_MAX
        while True:
            # The new one has a leader soon, not at once.
            with contextlib.suppress(fluss.FlussError):
                assert await admin.list_partition_offsets(path, "eu", [0], fluss.OffsetSpec.latest()) == {0: 0}
                break
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


async def test_automatic_partitions_are_there_soon_after_the_table(bootstrap, foreign):
    async with connected(bootstrap) as (connection, admin, database):
        properties = {
            "table.auto-partition.enabled": "true",
            "table.auto-partition.time-unit": "YEAR",
            "table.auto-partition.time-zone": "UTC",
            "table.auto-partition.num-precreate": "3",
        }
        table = await create_partitioned(connection, admin, database, properties=properties)
        year = datetime.datetime.now(datetime.UTC).year
        expected = [str(year + i) for i in range(3)]
        end = time.monotonic() + READ_SECONDS_MAX
        while (found := await names(admin, table.get_table_path())) != expected:
            assert time.monotonic() < end, found
            await asyncio.sleep(0.05)
        if foreign:
            return  # Fluss 0.9.1 takes a name that is no time.
        with raises(CODE.PARTITION_SPEC_INVALID_EXCEPTION):
            await admin.create_partition(table.get_table_path(), {"region": "1999"}, False)


async def test_the_command_line_adds_lists_and_drops_partitions(cluster, bootstrap):
    async with connected(bootstrap) as (_, admin, database):

        def millrace(*words, code=0):
            command = [Path(os.environ["MILLRACE_BIN"]) / "millrace", "table", *words, "--json", "--bootstrap", bootstrap]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            assert done.returncode == code, done.stderr
            return json.loads(done.stdout) if code == 0 else done.stderr

        path = f"{database}.events"
        millrace("create", path, "--columns", "id BIGINT, region STRING, day INT", "--partitioned-by", "region, day")
        assert millrace("describe", path)["partition_keys"] == ["region", "day"]
        millrace("partitions", "add", path, "region=eu", "day=1")
        millrace("partitions", "add", path, "day=2", "region=eu")
        millrace("partitions", "add", path, "region=eu", "day=2", code=1)
        millrace("partitions", "add", path, "region=eu", "day=2", "--if-not-exists")
        assert [one["partition"] for one in millrace("partitions", "ls", path)] == ["eu$1", "eu$2"]
        assert [one["values"] for one in millrace("partitions", "ls", path, "day=2")] == [{"region": "eu", "day": "2"}]
        millrace("partitions", "drop", path, "region=eu", "day=1")
        assert await names(admin, fluss.TablePath(database, "events")) == ["eu$2"]
        assert millrace("count", path)["rows"] == 0
