"""Where the suite gets a server and a client from, and what it says at the end.

MILLRACE_JAVA_CLIENT=091|100      the release of the Java client
MILLRACE_E2E_BOOTSTRAP=host:port  tests that server: Fluss 0.9.1, unless MILLRACE_E2E_SERVER=millrace
MILLRACE_BIN=folder               otherwise: where the programs are that start a cluster of ours
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pyfluss"))
from cluster import Cluster  # noqa: E402

_report = pytest.StashKey[list]()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a server, and whose it is: millrace or fluss."""
    foreign = os.environ.get("MILLRACE_E2E_BOOTSTRAP")
    if foreign:
        yield foreign, os.environ.get("MILLRACE_E2E_SERVER", "fluss")
        return
    running = Cluster(tmp_path_factory.mktemp("cluster") / "c", hosts=3)
    yield running.bootstrap(), "millrace"
    running.down()


@pytest.fixture
def report(pytestconfig):
    """Lines for the end of the output, where they are seen even if everything passed."""
    return pytestconfig.stash.setdefault(_report, [])


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(_report, []):
        terminalreporter.write_line(line)
