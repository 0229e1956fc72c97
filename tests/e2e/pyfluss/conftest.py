"""Where the tests get a server from, and how they run.

MILLRACE_E2E_BOOTSTRAP=host:port  tests that server, whoever wrote it; what needs a cluster of ours is skipped.
MILLRACE_BIN=folder               otherwise: where the programs are that start a cluster of ours.
"""

import asyncio
import contextlib
import inspect
import itertools
import os
import sys

import fluss
import pytest
from cluster import Cluster

TEST_SECONDS_MAX = 90
_numbers = itertools.count()
_exit_status = pytest.StashKey[int]()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs `async def` tests, each in an event loop of its own and with a deadline."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), TEST_SECONDS_MAX))
    return True


@pytest.fixture(scope="session")
def foreign():
    """The address of a server that is not ours to start, or None."""
    return os.environ.get("MILLRACE_E2E_BOOTSTRAP")


@pytest.fixture(scope="session")
def cluster(foreign, tmp_path_factory):
    if foreign:
        pytest.skip("needs a cluster of ours, and MILLRACE_E2E_BOOTSTRAP names another server")
    running = Cluster(tmp_path_factory.mktemp("cluster") / "c", hosts=3)
    yield running
    running.down()


@pytest.fixture
def bootstrap(foreign, request):
    """Asked anew for each test: a restarted node may have come back with another port."""
    return foreign or request.getfixturevalue("cluster").bootstrap()


@contextlib.asynccontextmanager
async def connected(bootstrap, **options):
    """A connection, its admin and a database of its own that is gone afterwards."""
    connection = await fluss.FlussConnection.create(fluss.Config({"bootstrap.servers": bootstrap, **options}))
    admin = connection.get_admin()
    name = f"e2e_{os.getpid()}_{next(_numbers)}"
    await admin.create_database(name)
    try:
        yield connection, admin, name
    finally:
        await admin.drop_database(name, ignore_if_not_exists=True, cascade=True)
        await connection.close()


@contextlib.contextmanager
def raises(*codes):
    """The block must raise a FlussError with one of these codes."""
    with pytest.raises(fluss.FlussError) as caught:
        yield caught
    assert caught.value.error_code in codes, str(caught.value)


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[_exit_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """pyfluss 1.0.0 aborts now and then while Python exits, after all is done: leave before that."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash.get(_exit_status, 1))
