"""What is measured, what it has to be at least, and the table that says whether it is."""

from dataclasses import dataclass
from statistics import median


@dataclass
class Figure:
    """One line of the table. `key` names the values that a round left behind."""

    goal: str            # "P1"; empty: told, not judged.
    what: str
    driver: str
    key: tuple
    digits: int = 2
    least_ratio: float | None = None   # Ours divided by Fluss's, medians.
    most_ratio: float | None = None
    most: float | None = None          # Ours, median.

    def floor(self):
        if self.least_ratio is not None:
            return f">= {self.least_ratio:g}x"
        if self.most_ratio is not None:
            return f"<= {self.most_ratio:g}x"
        return f"<= {self.most:g}" if self.most is not None else ""

    def is_met(self, ours, theirs):
        """None: nothing is asked for, or there is nothing to compare with."""
        if self.most is not None:
            return ours <= self.most
        if theirs is None or self.least_ratio is self.most_ratio is None:
            return None
        if self.least_ratio is not None:
            return ours >= theirs * self.least_ratio
        return ours <= theirs * self.most_ratio


CPP, JAVA, RUST = "C++", "Java 0.9.1", "fluss-rs 1.0.0"


def _append(driver, shape, **floors):
    key = (driver, "append", shape)
    return [
        Figure("P1" if "rate" in floors else "", f"append {shape}, M rows/s", driver, (*key, "rows_per_s"), 3,
               least_ratio=floors.get("rate")),
        Figure("P2" if "server" in floors else "", f"append {shape}, server CPU s/M rows", driver, (*key, "server_cpu"), 3,
               most=floors.get("server")),
        Figure("", f"append {shape}, client CPU s/M rows", driver, (*key, "client_cpu"), 3),
        Figure("", f"append {shape}, wire B/row", driver, (*key, "wire_bytes"), 1),
        Figure("", f"append {shape}, disk B/row", driver, (*key, "disk_bytes"), 1),
        Figure("stop", f"append {shape}, server RSS after it, MB", driver, (*key, "server_rss_mb"), 0, most_ratio=1),
    ]


def _scan(driver, columns):
    key = (driver, "scan", columns)
    lines = [
        Figure("", f"scan {columns} of 44, M rows/s", driver, (*key, "rows_per_s"), 3),
        Figure("", f"scan {columns} of 44, server CPU s/M rows", driver, (*key, "server_cpu"), 3),
        Figure("", f"scan {columns} of 44, client CPU s/M rows", driver, (*key, "client_cpu"), 3),
        Figure("", f"scan {columns} of 44, wire B/row", driver, (*key, "wire_bytes"), 1),
    ]
    if columns != 44:
        lines.append(Figure("P9" if driver == CPP else "", f"scan {columns} of 44, % of the wire bytes", driver, (*key, "share"), 2,
                            # Java's bytes are those of the loopback device: told, not judged.
                            most_ratio=1.05 if driver == CPP else None))
    return lines


def _tail(driver, what, p50, p99):
    key = (driver, "tail")
    return [Figure("P4", f"tail 1000 rows/s, {what}, p50 ms", driver, (*key, "p50_ms"), 2, most=p50),
            Figure("P4", f"tail 1000 rows/s, {what}, p99 ms", driver, (*key, "p99_ms"), 2, most=p99)]


def figures():
    """All lines, in the order of the goals. Source: goals P1 to P17 at replication 1."""
    lines = _append(JAVA, "narrow", rate=1, server=0.05) + _append(CPP, "narrow", rate=1.5, server=0.05)
    lines += [Figure("", "append narrow, zstd level 1, M rows/s", CPP, (CPP, "append", "narrow zstd 1", "rows_per_s"), 3)]
    lines += [Figure("", "append narrow, Arrow batches, M rows/s", RUST, (RUST, "append", "narrow", "rows_per_s"), 3),
              Figure("P2", "append narrow, server CPU s/M rows", RUST, (RUST, "append", "narrow", "server_cpu"), 3, most=0.05),
              Figure("", "append narrow, client CPU s/M rows", RUST, (RUST, "append", "narrow", "client_cpu"), 3),
              Figure("", "scan narrow, Arrow batches, M rows/s", RUST, (RUST, "scan", "narrow", "rows_per_s"), 3)]
    lines += _append(JAVA, "wide", rate=1, server=0.36) + _append(CPP, "wide", rate=1.5, server=0.36)
    for driver in (JAVA, CPP):
        for columns in (44, 13, 3):
            lines += _scan(driver, columns)
    lines += _tail(JAVA, "writer batches 5 ms", 8, 20) + _tail(CPP, "no linger", 1, 5)
    lines += [Figure("P15", "idle, 3 tablets, RSS MB", CPP, ("idle", "rss_mb"), 1, most=200),
              Figure("", "idle, 3 tablets, CPU %", CPP, ("idle", "cpu_percent"), 2),
              Figure("P17", "launch to first append, 3 tablets, s", CPP, ("startup", "first_append_s"), 3, most=1)]
    return lines


def values_of(rounds, side, key):
    """What the rounds of one side gave for a key; rounds are dicts from side to dicts from keys to numbers."""
    found = (one.get(side, {}).get(key) for one in rounds)
    return [value for value in found if value is not None]


def judged(rounds, ours="Millrace", theirs="Fluss"):
    """One dict per figure that ours has: medians, spreads, ratio, floor, and whether it is met."""
    lines = []
    for figure in figures():
        mine, others = (values_of(rounds, side, figure.key) for side in (ours, theirs))
        if not mine:
            continue
        peer = median(others) if others else None
        lines.append({
            "goal": figure.goal, "what": figure.what, "driver": figure.driver, "digits": figure.digits,
            "ours": {"median": median(mine), "low": min(mine), "high": max(mine), "values": mine},
            "theirs": {"median": peer, "low": min(others), "high": max(others), "values": others} if others else None,
            "ratio": median(mine) / peer if peer else None,
            "floor": figure.floor(),
            "met": figure.is_met(median(mine), peer),
        })
    return lines


def _spread(values, line):
    if values is None:
        return "-"
    unit = 1e6 if line["what"].endswith("M rows/s") else 1
    return "{0:.{d}f} [{1:.{d}f}..{2:.{d}f}]".format(*(values[name] / unit for name in ("median", "low", "high")), d=line["digits"])


def table(lines):
    """The lines as one table for people."""
    rows = [("GOAL", "WHAT", "DRIVER", "MILLRACE", "FLUSS", "RATIO", "FLOOR", "")]
    for line in lines:
        verdict = {True: "met", False: "MISSED", None: ""}[line["met"]]
        ratio = f"{line['ratio']:.2f}x" if line["ratio"] is not None else "-"
        rows.append((line["goal"], line["what"], line["driver"], _spread(line["ours"], line),
                     _spread(line["theirs"], line), ratio, line["floor"], verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows) + "\n"
