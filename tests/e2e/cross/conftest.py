"""The server, which is as in ../behaviours.py, and the clients on it.

MILLRACE_CROSS_RUST=1    with the Rust client, and only the pairs that it is one of
"""

import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from behaviours import pytest_terminal_summary, report, server  # noqa: E402, F401
from clients import CommandLine, java, pyfluss, rust  # noqa: E402
from tables import Tables  # noqa: E402


@pytest.fixture(scope="session")
def clients(server, tmp_path_factory):
    """Name -> client, each in a process of its own."""
    bootstrap, _ = server
    makers = {"millrace": CommandLine, "pyfluss": pyfluss, "java_091": java("091"), "java_100": java("100")}
    if os.environ.get("MILLRACE_CROSS_RUST"):
        makers["rust"] = rust
    with contextlib.ExitStack() as ends:
        made = {}
        for name, make in makers.items():
            made[name] = make(bootstrap, tmp_path_factory.mktemp(name))
            ends.callback(made[name].end)
        yield made


@pytest.fixture(scope="session")
def tables(clients, server):
    with Tables(clients, server[1]) as all_tables:
        yield all_tables
