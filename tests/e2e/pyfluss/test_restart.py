"""kill -9 of nodes: the agent starts them again, and what was acknowledged is still there."""

import contextlib
import os

import fluss
import pyarrow as pa
from cluster import await_true
from reading import create_log_table, read_all

ROWS = pa.schema([("id", pa.int64()), ("name", pa.string())])
BUCKETS = 6  # More than nodes, so that every node leads some.


@contextlib.asynccontextmanager
async def connection_to(cluster):
    """A client that starts now: it knows only the address that `status` gives now."""
    connection = await fluss.FlussConnection.create(fluss.Config({"bootstrap.servers": cluster.bootstrap()}))
    yield connection
    await connection.close()


@contextlib.asynccontextmanager
async def database_in(cluster, name):
    async with connection_to(cluster) as connection:
        await connection.get_admin().create_database(name)
    yield name
    async with connection_to(cluster) as connection:
        await connection.get_admin().drop_database(name, cascade=True)


async def append(table, first, count):
    writer = table.new_append().create_writer()
    for i in range(first, first + count):
        writer.append([i, f"name-{i}"])
    await writer.flush()


async def ids_in(table):
    return sorted((await read_all(table)).column("id").to_pylist())


def kill_every_node(cluster):
    names = sorted(cluster.node_pids())
    for name in names:
        cluster.kill_and_await_restart(name)
    await_true(lambda: sorted(cluster.node_pids()) == names, "every node runs again")


async def test_acknowledged_rows_outlive_the_kill_of_every_node(cluster):
    async with database_in(cluster, f"restart_{os.getpid()}") as database:
        async with connection_to(cluster) as connection:
            admin = connection.get_admin()
            table = await create_log_table(connection, admin, database, ROWS, buckets=BUCKETS, bucket_keys=["id"])
            path, before = table.get_table_path(), table.get_table_info()
            await append(table, 0, 3000)
            assert await ids_in(table) == list(range(3000))

        kill_every_node(cluster)

        async with connection_to(cluster) as connection:
            again = await connection.get_table(path)
            assert again.get_table_info().table_id == before.table_id
            assert await ids_in(again) == list(range(3000))
            await append(again, 3000, 1000)
            assert await ids_in(again) == list(range(4000))
            # Ids are never given twice, also not by a coordinator that was killed in between.
            admin = connection.get_admin()
            await admin.drop_table(path)
            made_again = await create_log_table(connection, admin, database, ROWS)
            assert made_again.get_table_info().table_id > before.table_id


async def test_a_writer_goes_on_when_a_node_under_it_is_killed(cluster):
    async with database_in(cluster, f"writer_{os.getpid()}") as database, connection_to(cluster) as connection:
        admin = connection.get_admin()
        table = await create_log_table(connection, admin, database, ROWS, buckets=BUCKETS, bucket_keys=["id"])
        writer = table.new_append().create_writer()
        for i in range(600):
            writer.append([i, "before"])
        await writer.flush()
        cluster.kill_and_await_restart(sorted(cluster.node_pids())[-1])
        for i in range(600, 1200):
            writer.append([i, "after"])
        await writer.flush()
        assert await ids_in(table) == list(range(1200))
