"""The demo as people run it: the whole story on the real data, and nothing left of it however it ends."""

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from demo_run import DemoRun

DATA = Path(os.environ.get("MILLRACE_DATA", Path(__file__).parents[3] / ".dev/data/nycflights13"))
STEPS_SECONDS_MAX = 60
# pyfluss 1.0.0 aborts now and then while Python shuts down, even if it never reached a server. What the script does
# is done by then, and an exception in it still ends it with a code of its own.
LEAVE_AT_ONCE = "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"


@pytest.fixture(scope="module")
def data():
    if not (DATA / "flights.csv").exists():
        pytest.skip(f"there is no {DATA}/flights.csv; ./dev setup fetches the data set")
    return DATA


@pytest.fixture
def small_data(data, tmp_path):
    """The same files with few flights, for what is not about the numbers."""
    folder = tmp_path / "data"
    folder.mkdir()
    for file in data.glob("*.csv"):
        lines = file.read_text().splitlines(keepends=True)
        (folder / file.name).write_text("".join(lines[:2001]))
    return folder


def origins_in(data):
    """Origin -> flights, departures, mean delay, destinations; straight from the file."""
    found = {}
    with (data / "flights.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            total = found.setdefault(row["origin"], {"flights": 0, "departures": 0, "delays": [], "to": set()})
            total["flights"] += 1
            total["departures"] += row["dep_time"] != "NA"
            total["to"].add(row["dest"])
            if row["dep_delay"] != "NA":
                total["delays"].append(int(row["dep_delay"]))
    return {
        origin: (total["flights"], total["departures"], sum(total["delays"]) / len(total["delays"]), len(total["to"]))
        for origin, total in found.items()
    }


def numbers(line):
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", line)]


def line_with(output, start):
    lines = [line.strip() for line in output.splitlines() if line.strip().startswith(start)]
    assert lines, f"no line starts with {start!r}: {output}"
    return lines[-1]


def test_the_whole_story(data, tmp_path):
    run = DemoRun(tmp_path / "run", data)
    code, output = run.end()
    assert code == 0, output + run.errors()
    assert run.errors() == ""
    assert run.left_behind() == []
    # Not a terminal: no colour, nothing drawn over.
    assert "\x1b" not in output and "\r" not in output

    wanted = origins_in(data)
    assert set(wanted) == {"EWR", "JFK", "LGA"}
    for origin, (flights, departures, mean, destinations) in wanted.items():
        found = numbers(line_with(output, origin))
        assert found == [flights, departures, round(mean, 4), destinations]

    rows = sum(total[0] for total in wanted.values())
    for table in ("airlines", "airports", "planes", "weather", "flights"):
        with (data / f"{table}.csv").open(newline="") as file:
            count = sum(1 for _ in csv.reader(file)) - 1
        assert numbers(line_with(output, table))[0] == count
    columns, scanned, few_bytes, *_ = numbers(line_with(output, "projected"))
    assert (columns, scanned) == (4, rows)
    columns, scanned, all_bytes, *_ = numbers(line_with(output, "full rows"))
    assert (columns, scanned) == (19, rows)
    assert 0 < few_bytes < all_bytes / 2
    assert "12 rows, from append to reader: median" in output


def test_a_kept_cluster_takes_the_printed_lines(small_data, tmp_path):
    run = DemoRun(tmp_path / "run", small_data, "--keep", "--dir", str(tmp_path / "run" / "kept"))
    code, output = run.end()
    end_lines = output.partition("To end it and remove its directory:\n")[2].strip()
    try:
        assert code == 0, output + run.errors()
        script = re.search(r"^import asyncio.*?^asyncio\.run\(main\(\)\)$", output, re.M | re.S)[0]
        done = subprocess.run(
            [sys.executable, "-c", script + LEAVE_AT_ONCE], capture_output=True, text=True, timeout=STEPS_SECONDS_MAX, check=False
        )
        assert done.returncode == 0, done.stderr
        assert all(origin in done.stdout for origin in ("EWR", "JFK", "LGA"))
    finally:
        ended = subprocess.run(end_lines, shell=True, capture_output=True, timeout=STEPS_SECONDS_MAX, check=False)
    assert shlex.split(end_lines)[1] == "down"
    assert ended.returncode == 0, ended.stderr
    assert run.left_behind() == []


@pytest.mark.parametrize("moment", ["ready in", "airports", "900003"])
def test_ctrl_c_leaves_nothing(small_data, tmp_path, moment):
    run = DemoRun(tmp_path / "run", small_data)
    run.read_until(moment)
    run.interrupt()
    code, _ = run.end()
    assert code == 1
    assert run.errors() == "interrupted; ending the cluster\n"
    assert run.left_behind() == []


def test_a_failure_leaves_nothing(small_data, tmp_path):
    with (small_data / "flights.csv").open("a") as file:
        file.write("this is no flight\n")
    run = DemoRun(tmp_path / "run", small_data)
    code, _ = run.end()
    assert code == 1
    assert "flights.csv" in run.errors()
    assert run.left_behind() == []


def test_totals_that_differ_are_a_failure(small_data, tmp_path):
    # An airport called NA: a null to the loader, a name to the count over the file.
    file = small_data / "flights.csv"
    lines = file.read_text().splitlines(keepends=True)
    fields = lines[1].split(",")
    fields[lines[0].split(",").index("origin")] = "NA"
    file.write_text("".join([lines[0], ",".join(fields), *lines[2:]]))
    run = DemoRun(tmp_path / "run", small_data)
    code, output = run.end()
    assert code == 1
    assert run.errors().startswith("error demo.differs: the file has ")
    assert "ORIGIN" not in output
    assert run.left_behind() == []


def test_a_directory_that_exists_is_not_touched(small_data, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").write_text("mine")
    run = DemoRun(tmp_path / "run", small_data, "--dir", str(taken))
    code, _ = run.end()
    assert code == 1
    assert "exists already" in run.errors()
    assert (taken / "mine").read_text() == "mine"
    assert run.left_behind() == []
