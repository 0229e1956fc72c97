"""Databases and tables: what exists, what is refused, and with which code."""

import fluss
import pyarrow as pa
import pytest
from conftest import connected, raises

CODE = fluss.ErrorCode
ROWS = pa.schema([("id", pa.int64()), ("name", pa.string()), ("score", pa.float64())])


def descriptor(schema=ROWS, primary_keys=None, **options):
    return fluss.TableDescriptor(fluss.Schema(schema, primary_keys=primary_keys), **{"bucket_count": 1, **options})


async def test_a_database_comes_and_goes(bootstrap):
    async with connected(bootstrap) as (_, admin, name):
        assert await admin.database_exists(name)
        assert name in await admin.list_databases()
        assert (await admin.get_database_info(name)).database_name == name
        with raises(CODE.DATABASE_ALREADY_EXIST):
            await admin.create_database(name)
        await admin.create_database(name, ignore_if_exists=True)
        await admin.drop_database(name)
        assert not await admin.database_exists(name)
        assert name not in await admin.list_databases()
        with raises(CODE.DATABASE_NOT_EXIST):
            await admin.drop_database(name)
        await admin.drop_database(name, ignore_if_not_exists=True)


async def test_an_unknown_database_is_said_to_be_unknown(bootstrap):
    async with connected(bootstrap) as (_, admin, name):
        missing = name + "_missing"
        assert not await admin.database_exists(missing)
        with raises(CODE.DATABASE_NOT_EXIST):
            await admin.get_database_info(missing)
        with raises(CODE.DATABASE_NOT_EXIST):
            await admin.list_tables(missing)
        with raises(CODE.DATABASE_NOT_EXIST):
            await admin.create_table(fluss.TablePath(missing, "rows"), descriptor(), False)


@pytest.mark.parametrize("name", ["bad name", "__reserved", "a.b"])
async def test_a_bad_database_name_is_refused(bootstrap, name):
    async with connected(bootstrap) as (_, admin, _):
        with raises(CODE.INVALID_DATABASE_EXCEPTION):
            await admin.create_database(name)


async def test_a_table_comes_and_goes(bootstrap):
    async with connected(bootstrap) as (_, admin, database):
        path = fluss.TablePath(database, "rows")
        assert await admin.list_tables(database) == []
        await admin.create_table(path, descriptor(comment="ours", custom_properties={"owner.team": "a"}), False)
        assert await admin.table_exists(path)
        assert await admin.list_tables(database) == ["rows"]
        with raises(CODE.TABLE_ALREADY_EXIST):
            await admin.create_table(path, descriptor(), False)
        await admin.create_table(path, descriptor(), True)
        with raises(CODE.DATABASE_NOT_EMPTY):
            await admin.drop_database(database, ignore_if_not_exists=False, cascade=False)
        await admin.drop_table(path)
        assert not await admin.table_exists(path)
        assert await admin.list_tables(database) == []
        with raises(CODE.TABLE_NOT_EXIST):
            await admin.drop_table(path)
        await admin.drop_table(path, ignore_if_not_exists=True)


async def test_a_table_is_described_as_it_was_created(bootstrap):
    async with connected(bootstrap) as (_, admin, database):
        path = fluss.TablePath(database, "rows")
        wanted = descriptor(bucket_count=3, bucket_keys=["id"], comment="ours", custom_properties={"owner.team": "a"})
        await admin.create_table(path, wanted, False)
        info = await admin.get_table_info(path)
        assert info.num_buckets == 3
        assert info.schema_id == 1
        assert info.comment == "ours"
        assert info.get_bucket_keys() == ["id"]
        assert not info.has_primary_key() and not info.is_partitioned()
        assert info.get_schema().get_columns() == [("id", "bigint"), ("name", "string"), ("score", "double")]
        assert info.get_custom_properties() == {"owner.team": "a"}
        assert info.get_properties()["table.replication.factor"] == "1"
        assert info.created_time > 0


async def test_a_table_made_again_is_another_table(bootstrap):
    async with connected(bootstrap) as (_, admin, database):
        path = fluss.TablePath(database, "rows")
        ids = []
        for _ in range(2):
            await admin.create_table(path, descriptor(), False)
            ids.append((await admin.get_table_info(path)).table_id)
            await admin.drop_table(path)
        assert ids[1] > ids[0]


async def test_an_unknown_table_is_said_to_be_unknown(bootstrap, foreign):
    async with connected(bootstrap) as (connection, admin, database):
        missing = fluss.TablePath(database, "missing")
        assert not await admin.table_exists(missing)
        with raises(CODE.TABLE_NOT_EXIST):
            await admin.get_table_info(missing)
        # Opening asks GET_METADATA, where a Fluss coordinator wraps the cause into an unknown error.
        with raises(CODE.TABLE_NOT_EXIST, *([CODE.UNKNOWN_SERVER_ERROR] if foreign else [])):
            await connection.get_table(missing)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        (CODE.INVALID_TABLE_EXCEPTION, {"schema": pa.schema([("__offset", pa.int64())])}),
        (CODE.INVALID_TABLE_EXCEPTION, {"bucket_keys": ["missing"]}),
        (CODE.BUCKET_MAX_NUM_EXCEPTION, {"bucket_count": 200_000}),
        (CODE.INVALID_REPLICATION_FACTOR, {"properties": {"table.replication.factor": "5"}}),
        (CODE.INVALID_REPLICATION_FACTOR, {"properties": {"table.replication.factor": "0"}}),
        (CODE.INVALID_CONFIG_EXCEPTION, {"properties": {"table.unheard.of": "1"}}),
        (CODE.INVALID_CONFIG_EXCEPTION, {"properties": {"unheard": "1"}}),
        (CODE.INVALID_CONFIG_EXCEPTION, {"properties": {"table.log.arrow.compression.type": "NOPE"}}),
    ],
)
async def test_a_bad_table_is_refused(bootstrap, code, options):
    async with connected(bootstrap) as (_, admin, database):
        with raises(code):
            await admin.create_table(fluss.TablePath(database, "rows"), descriptor(**options), False)
        assert await admin.list_tables(database) == []


@pytest.mark.parametrize("name", ["bad name", "__reserved", "a/b"])
async def test_a_bad_table_name_is_refused(bootstrap, name):
    async with connected(bootstrap) as (_, admin, database):
        with raises(CODE.INVALID_TABLE_EXCEPTION):
            await admin.create_table(fluss.TablePath(database, name), descriptor(), False)


@pytest.mark.parametrize(
    ("feature", "options"),
    [
        ("primary key", {"schema": pa.schema([pa.field("id", pa.int64(), nullable=False)]), "primary_keys": ["id"]}),
    ],
)
async def test_what_is_not_built_is_refused_by_name(cluster, feature, options):
    async with connected(cluster.bootstrap()) as (_, admin, database):
        with raises(CODE.INVALID_TABLE_EXCEPTION) as caught:
            await admin.create_table(fluss.TablePath(database, "rows"), descriptor(**options), False)
        assert feature.lower() in str(caught.value).lower()


async def test_the_nodes_of_the_cluster_are_listed(bootstrap):
    async with connected(bootstrap) as (_, admin, _):
        nodes = await admin.get_server_nodes()
        kinds = [node.server_type for node in nodes]
        assert kinds.count("CoordinatorServer") == 1
        assert kinds.count("TabletServer") >= 1
        assert all(node.port > 0 for node in nodes)


async def test_every_node_is_a_way_in(cluster):
    addresses = list(cluster.addresses().values())
    assert len(set(addresses)) == 3
    for writing, reading in zip(addresses, addresses[1:] + addresses[:1]):
        async with connected(writing) as (_, admin, database), connected(reading) as (_, other, _):
            await admin.create_table(fluss.TablePath(database, "rows"), descriptor(bucket_count=3), False)
            assert await other.list_tables(database) == ["rows"]
            assert (await other.get_table_info(fluss.TablePath(database, "rows"))).num_buckets == 3
