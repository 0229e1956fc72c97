"""Listeners with names, SASL/PLAIN and permissions, with the real client on a cluster that asks who it is."""

import json
import subprocess

import fluss
import pyarrow
import pytest
from cluster import Cluster
from reading import read_all

PASSWORDS = {"root": "r-secret", "bob": "b-secret", "eve": "e-secret"}
SCHEMA = pyarrow.schema([("id", pyarrow.int32()), ("name", pyarrow.string())])


@pytest.fixture(scope="module")
def guarded(foreign, tmp_path_factory):
    """Two listeners: whoever comes in on FLUSS may do everything, on CLIENT one has to say who one is."""
    if foreign:
        pytest.skip("needs a cluster of ours, and MILLRACE_E2E_BOOTSTRAP names another server")
    folder = tmp_path_factory.mktemp("guarded")
    users = " ".join(f'user_{name}="{password}"' for name, password in PASSWORDS.items())
    (folder / "server.yaml").write_text(
        "bind.listeners: FLUSS://127.0.0.1:0,CLIENT://127.0.0.1:0\n"
        "security.protocol.map: CLIENT:SASL\n"
        f"security.sasl.plain.jaas.config: 'PlainLoginModule required {users};'\n"
        "authorizer.enabled: true\n"
        "super.users: User:root\n"
    )
    running = Cluster(folder / "c", 2, "--config", str(folder / "server.yaml"))
    yield running
    running.down()


async def connect(cluster, user, password=None, listener="CLIENT", **options):
    options |= {"bootstrap.servers": next(iter(cluster.addresses(listener).values()))}
    if user:
        options |= {
            "security.protocol": "sasl",
            "security.sasl.mechanism": "PLAIN",
            "security.sasl.username": user,
            "security.sasl.password": password or PASSWORDS[user],
        }
    return await fluss.FlussConnection.create(fluss.Config(options))


async def outcome_of(call):
    """The error code of what is awaited; 0 when there is none."""
    try:
        await call
        return 0
    except fluss.FlussError as error:
        return error.error_code


async def append(table, columns):
    writer = table.new_append().create_writer()
    handle = writer.write_arrow_batch(pyarrow.RecordBatch.from_pydict(columns, schema=SCHEMA))
    await handle.wait()


def allow(cluster, user, operation, resource):
    cluster.command("acl", "add", "--principal", f"User:{user}", "--operation", operation, "--resource", resource)


async def test_who_shows_the_right_password_is_let_in(guarded):
    connection = await connect(guarded, "root")
    admin = connection.get_admin()
    await admin.create_database("security_root", ignore_if_exists=True)
    assert "security_root" in await admin.list_databases()
    await connection.close()


@pytest.mark.parametrize(("user", "password"), [("root", "wrong"), ("mallory", "r-secret"), (None, None)])
async def test_nobody_else_is(guarded, user, password):
    with pytest.raises(fluss.FlussError) as caught:
        connection = await connect(guarded, user, password)
        await connection.get_admin().list_databases()
    assert caught.value.error_code == fluss.ErrorCode.AUTHENTICATE_EXCEPTION, str(caught.value)
    assert "secret" not in str(caught.value)


async def test_clients_stay_on_the_listener_they_came_in_on(guarded):
    for listener, user in (("CLIENT", "root"), ("FLUSS", None)):
        connection = await connect(guarded, user, listener=listener)
        nodes = await connection.get_admin().get_server_nodes()
        told = {f"{node.host}:{node.port}" for node in nodes}
        assert told == set(guarded.addresses(listener).values())
        await connection.close()


async def test_permissions_decide_who_reads_and_who_writes(guarded):
    root = await connect(guarded, "root")
    path = fluss.TablePath("security_acl", "flights")
    await root.get_admin().create_database("security_acl", ignore_if_exists=True)
    await root.get_admin().create_table(path, fluss.TableDescriptor(fluss.Schema(SCHEMA), bucket_count=1), False)

    bob = await connect(guarded, "bob")
    admin = bob.get_admin()
    denied = fluss.ErrorCode.AUTHORIZATION_EXCEPTION
    assert await outcome_of(admin.create_database("bobs")) == denied
    assert await outcome_of(admin.get_table_info(path)) == denied
    assert await outcome_of(admin.drop_table(path)) == denied
    assert not await admin.table_exists(path)
    assert await admin.list_databases() == []

    allow(guarded, "bob", "write", "table:security_acl.flights")
    assert await admin.table_exists(path)
    assert await admin.list_tables("security_acl") == ["flights"]
    await append(await bob.get_table(path), {"id": [1, 2], "name": ["a", "b"]})

    # Without an identity the append itself is refused; with one, pyfluss wraps the refusal of its identity.
    eve = await connect(guarded, "eve", **{"writer.enable-idempotence": "false"})
    allow(guarded, "eve", "describe", "table:security_acl.flights")
    table = await eve.get_table(path)
    assert await outcome_of(append(table, {"id": [3], "name": ["c"]})) == denied

    allow(guarded, "eve", "read", "database:security_acl")
    assert (await read_all(await eve.get_table(path))).num_rows == 2

    guarded.command("acl", "drop", "--principal", "User:bob")
    assert await outcome_of(admin.get_table_info(path)) == denied
    for connection in (root, bob, eve):
        await connection.close()


async def test_permissions_outlive_every_process(guarded):
    allow(guarded, "eve", "drop", "cluster")
    for name in list(guarded.node_pids()):
        guarded.kill_and_await_restart(name)
    listed = json.loads(guarded.command("acl", "ls", "--principal", "User:eve", "--resource", "cluster", "--json"))
    assert [acl["operation"] for acl in listed] == ["DROP"]


def test_no_password_is_shown_anywhere(guarded):
    texts = {log: log.read_text(errors="replace") for log in guarded.folder.rglob("*.log")}
    assert texts
    config = subprocess.run(
        [guarded.program, "config", "show", "--config", guarded.folder.parent / "server.yaml"],
        capture_output=True, text=True, timeout=20, check=True,
    )
    texts["config show"] = config.stdout + config.stderr
    for place, text in texts.items():
        for password in PASSWORDS.values():
            assert password not in text, place
