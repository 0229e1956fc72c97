#!/usr/bin/env python3
"""Millrace and Fluss 0.9.1 side by side: the same drivers, in turn, on this machine; one table.

    compare.py --programs DIR [--rounds N] [--out FILE] [--smoke]

The question: where does each of them stand, and are the goals P1, P2, P4, P9, P15 and P17 met at replication 1?
Workload: the rows of `millrace bench` and fluss/bench, narrow (6 columns, 100 B) and wide (44 columns, 400 B). One server of each kind
is up from the first round to the last, so that both are warm; a round loads ours, then Fluss's. Each driver appends to a new table of
one bucket, ZSTD level 3, scans it, and writes and tails 1000 rows/s. Then three hosts, or tablet servers, are launched and left idle.
Drivers: C++ (`millrace bench`, batches encoded ahead), Java (fluss-client 0.9.1, row by row), and, where there is a cargo to compile it,
fluss-rs 1.0.0 (narrow rows as Arrow batches).
Units: as the table says; medians of all rounds with the least and the greatest. CPU is that of all server processes, ZooKeeper, agents
and launcher included. Disk is by how much their files grew. Java's wire bytes are those of the loopback device, frames and TCP included.
As root everything runs in a network namespace of its own, so that ports and loopback bytes are ours alone.
Left out: replication, several clients, primary keys, a cold page cache.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import clusters
import machine
from drivers import Amounts, Cpp, Java, Rust
from floors import figures, judged, table

SHORT = Amounts(rows={"narrow": 3_000_000, "wide": 1_000_000}, encoded_rows={"narrow": 10_000_000, "wide": 2_000_000},
                tail_seconds=10, idle_seconds=5)
SMOKE = Amounts(rows={}, encoded_rows={"narrow": 20_000, "wide": 5_000}, tail_seconds=1, idle_seconds=1)
WARM_BYTES = 4 << 30
IN_OWN_NETWORK = "--in-own-network"


def load(driver, cluster, values):
    """One round of one driver on one side. Fills in what floors.py looks for."""
    for key, told in driver.figures(cluster):
        for name, value in told.items():
            if name != "told" and value is not None:
                values[(driver.name, *key, name)] = value


def rest(driver, cluster, values):
    """Launches a cluster of three, looks at it while it rests, and ends it."""
    try:
        started = driver.startup(cluster)
        values[("startup", "first_append_s")] = started["first_append_s"]
        idle = driver.idle(cluster)
        values[("idle", "rss_mb")], values[("idle", "cpu_percent")] = idle["rss_mb"], idle["cpu_percent"]
    finally:
        cluster.end()


def take_rounds(arguments, folder, kinds, drivers):
    """A list of rounds: side -> key -> value."""
    programs = arguments.programs
    up, rounds = [], []
    try:
        for kind in kinds:
            up.append(kind(programs, folder / kind.name, 1))
            clusters.start(up[-1], programs)
        for number in range(arguments.rounds):
            values = {kind.name: {} for kind in kinds}
            for driver in drivers:
                for cluster in up:
                    print(f"round {number + 1} of {arguments.rounds}: {driver.name} on {cluster.name}", file=sys.stderr)
                    load(driver, cluster, values[cluster.name])
            for kind in kinds:
                rest(drivers[0], kind(programs, folder / f"{kind.name}-3", 3), values[kind.name])
            rounds.append(values)
    finally:
        for cluster in up:
            cluster.end()
    return rounds


def drivers_of(arguments):
    """Those of this run, ours first, and why others are left out."""
    if arguments.smoke:
        return [Cpp(arguments.programs, SMOKE)], ["Java and fluss-rs: this is a smoke test"]
    rust = Rust(arguments.programs, SHORT)
    why_not = rust.build()
    drivers = [Cpp(arguments.programs, SHORT), Java(arguments.programs, SHORT)]
    return (drivers, [f"fluss-rs: {why_not}"]) if why_not else ([*drivers, rust], [])


def warm_page_cache(folder):
    """Touches memory that the machine may have to fetch from its host first, or the first to run would pay for it."""
    if shutil.disk_usage(folder).free < 4 * WARM_BYTES:
        return
    chunk = b"\0" * (1 << 20)
    with open(folder / "warm", "wb") as file:
        for _ in range(WARM_BYTES // len(chunk)):
            file.write(chunk)
    (folder / "warm").unlink()


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, metavar="DIR", help="where millrace and millrace-node lie")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how many rounds (3)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the values of every round go (DIR/../bench/peers.json)")
    parser.add_argument("--smoke", action="store_true", help="a few rows on Millrace alone with the C++ driver: does it still run?")
    parser.add_argument(IN_OWN_NETWORK, action="store_true", help=argparse.SUPPRESS)  # Set by this program for itself.
    arguments = parser.parse_args(words)
    arguments.programs = arguments.programs.resolve()
    if arguments.rounds < 1:
        parser.error("--rounds takes a number from 1 on")
    if arguments.smoke:
        arguments.rounds = 1
    return arguments


def measure_in_own_network(words):
    """Starts this anew in a network namespace of its own. Returns where that is not allowed."""
    if os.geteuid() != 0:
        return
    if subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode != 0:
        return
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, __file__, *words,
                           IN_OWN_NETWORK])


def smoke_verdict(lines, drivers):
    """Every figure of these drivers must be there; what it says is of no worth."""
    names = {driver.name for driver in drivers}
    wanted = {(figure.what, figure.driver) for figure in figures() if figure.driver in names}
    missing = wanted - {(line["what"], line["driver"]) for line in lines if line["ours"]["median"] >= 0}
    for what, driver in sorted(missing):
        print(f"no figure: {what}, {driver}", file=sys.stderr)
    print(f"{len(wanted) - len(missing)} of {len(wanted)} figures")
    return 1 if missing else 0


def main(words):
    arguments = parse(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that clusters are ended.
    own_network = arguments.in_own_network
    if not own_network and not arguments.smoke:
        clusters.build_fluss()  # This and fluss-rs may need the network.
    drivers, left_out = drivers_of(arguments)
    if not own_network and not arguments.smoke:
        measure_in_own_network(words)
    record = machine.record(sys.argv, own_network)
    kinds = [clusters.Millrace] if arguments.smoke else [clusters.Millrace, clusters.Fluss]
    with tempfile.TemporaryDirectory(prefix="millrace-peers-") as folder:
        if not arguments.smoke:
            warm_page_cache(Path(folder))
        rounds = take_rounds(arguments, Path(folder), kinds, drivers)
    lines = judged(rounds)
    if arguments.smoke:
        return smoke_verdict(lines, drivers)
    print(machine.text(record) + table(lines), end="")
    for one in left_out:
        print(f"left out: {one}")
    missed = [f"{line['goal']} {line['what']}, {line['driver']}" for line in lines if line["met"] is False]
    print(f"{len(missed)} floors missed" + "".join(f"\n  {one}" for one in missed))
    out = arguments.out or arguments.programs.parent / "bench" / "peers.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"run": record, "figures": lines}, indent=1) + "\n", encoding="utf-8")
    print(f"every round: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
