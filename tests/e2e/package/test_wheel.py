"""The wheel in a virtual environment: pip install gives the command `millrace`."""

import json
import os
import subprocess
import sys

import pytest

COMMAND_SECONDS_MAX = 120
PEOPLE = "id,name\n1,Ada\n2,Grace\n3,Barbara\n"


def run(*command) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "LD_", "PYTHON"))}
    done = subprocess.run(command, capture_output=True, text=True, env=plain, timeout=COMMAND_SECONDS_MAX, check=False)
    assert done.returncode == 0, f"{command}: exit code {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel") / "venv"
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel)
    return folder


def test_the_command_is_there(environment, version):
    assert run(environment / "bin/millrace", "--version") == f"millrace {version}\n"
    assert run(environment / "bin/millrace", "help").startswith("usage: millrace COMMAND")
    assert run(environment / "bin/millrace", "table", "--help").startswith("usage:")


def test_it_brings_its_libraries(environment):
    (program,) = environment.glob("lib/python*/site-packages/millrace/bin/millrace-node")
    places = [line.split(" => ")[1] for line in run("ldd", program).splitlines() if " => " in line]
    outside = {place.split("/")[-1].split(".so")[0] for place in places if not place.startswith(str(environment))}
    assert outside <= {"libc", "libm", "libdl", "librt", "libpthread", "libstdc++", "libgcc_s"}


def test_pip_takes_everything_away_again(wheel, tmp_path):
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = tmp_path / "venv/bin/pip"
    before = sorted(tmp_path.rglob("*millrace*"))
    run(pip, "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel)
    assert (tmp_path / "venv/bin/millrace").exists()
    run(pip, "uninstall", "--quiet", "--yes", "millrace")
    assert sorted(tmp_path.rglob("*millrace*")) == before


def test_a_cluster_takes_rows(environment, tmp_path):
    millrace, place = environment / "bin/millrace", tmp_path / "cluster"
    rows = tmp_path / "people.csv"
    rows.write_text(PEOPLE, encoding="utf-8")
    cluster = json.loads(run(millrace, "up", "--hosts", "1", "--detach", "--json", "--dir", place))
    try:
        server = ("--bootstrap", cluster["bootstrap"])
        run(millrace, "db", "create", "wheel", *server)
        run(millrace, "table", "create", "wheel.people", "--like", rows, *server)
        run(millrace, "table", "load", "wheel.people", rows, *server)
        assert json.loads(run(millrace, "table", "count", "wheel.people", "--json", *server))["rows"] == 3
    finally:
        run(millrace, "down", "--dir", place)
