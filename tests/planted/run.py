#!/usr/bin/env python3
"""The mutation check of the simulation: does it find the mistakes that are planted on purpose?

    run.py [--program SIMULATION] [--seed N] [--seconds N] [--jobs N] [BUG...]

SIMULATION is the program of the preset `planted` (default build/planted/bin/simulation). All bugs of
base/planted_bug.hpp are tried, or those that are named: round after round, every scenario on one more seed that
nobody has seen before, for each bug that is not caught yet, and once without any. A bug is caught when a checker or
an expectation of a scenario fails; a crash or a hang of the program does not count. Exits 1 when a bug is not caught
in the time given, when a seed fails without a bug, and when a bug is listed that no line plants.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = "base/planted_bug.hpp"
SOURCES = ("actors", "apps", "base", "protocol", "runtime", "state")
# Those that take no seed, and the one that runs the others twice.
FILTER = "-Determinism.*:ErrorCodes.*:Retention.*"
RUN_SECONDS_MAX = 120
# What a violation begins with, and the checker that says so (scenarios/checkers). All else is an expectation.
CHECKERS = [
    (r"acknowledged row (lost|moved):", "check_nothing_lost"),
    (r"duplicate:|phantom: row|refused row is visible:", "check_nothing_invented"),
    (r"out of order:", "check_order"),
    (r"offsets are not dense:", "check_dense"),
    (r"the start went back:", "check_start"),
    (r"row that was read is lost:", "check_read_stays"),
    (r"two values at one offset:|what survived is no prefix:", "check_single_valued"),
    (r"the catalog went back:|two holders of|a fact is lost:", "check_office"),
    (r"answer that cannot be:|table lost:|table came back:|phantom: table", "check_catalog"),
]
EXPECTATION = "the scenario"

FAILURE = re.compile(r"^seed \d+ fails after .*:\n((?:  .*\n)+)again: .*--gtest_filter=(\S+)", re.M)


def bugs_in(header):
    """The names in the enumeration, in its order."""
    body = re.search(r"enum class PlantedBug \{(.*?)\};", header, re.S)[1]
    return re.findall(r"^\s*(\w+),", body, re.M)


def bugs_without_a_line(bugs, texts):
    return [bug for bug in bugs if not any(f"is_planted(PlantedBug::{bug})" in text for text in texts)]


def texts_of_sources(root):
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.[ch]pp")):
            if path.stem != Path(HEADER).stem:
                yield path.read_text(encoding="utf-8")


@dataclass
class Catch:
    case: str
    checker: str
    violation: str


def checker_of(violation):
    return next((name for pattern, name in CHECKERS if re.match(pattern, violation)), EXPECTATION)


def first_catch(output):
    """What the first scenario that failed says first: the rest may follow from it. Nothing if none failed."""
    failure = FAILURE.search(output)
    if not failure:
        return None
    told = failure[1].splitlines()[0].strip()
    return Catch(failure[2], checker_of(told), told)


@dataclass
class Hunt:
    """One bug, or none: then nothing may be found."""

    bug: str | None
    seeds: int = 0
    seconds: float = 0
    catch: Catch | None = None
    troubles: list = field(default_factory=list)  # Runs that ended without a verdict.

    def run(self, program, seed):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "GTEST_"))}
        environment["MILLRACE_SEED"] = str(seed)
        if self.bug:
            environment["MILLRACE_PLANTED_BUG"] = self.bug
        began = time.monotonic()
        try:
            done = subprocess.run([program, f"--gtest_filter={FILTER}", "--gtest_fail_fast"], env=environment, text=True,
                                  errors="replace", capture_output=True, timeout=RUN_SECONDS_MAX, check=False)
            self.catch = first_catch(done.stdout)
            if done.returncode != 0 and not self.catch:
                last = (done.stderr.strip() or done.stdout.strip()).splitlines()
                self.troubles.append(f"seed {seed} ends with {done.returncode}: {last[-1] if last else ''}")
        except subprocess.TimeoutExpired:
            self.troubles.append(f"seed {seed} does not end within {RUN_SECONDS_MAX} s")
        self.seeds += 1
        self.seconds += time.monotonic() - began


def hunt(program, bugs, first_seed, seconds, jobs):
    hunts, control = [Hunt(bug) for bug in bugs], Hunt(None)
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(jobs) as pool:
        for seed in range(first_seed, sys.maxsize):
            left = [one for one in hunts if not one.catch]
            if not left or time.monotonic() > end:
                break
            list(pool.map(lambda one, seed=seed: one.run(program, seed), [control, *left]))
            if control.catch or control.troubles:
                break
            print(f"seed {seed}: {sum(bool(one.catch) for one in hunts)} of {len(hunts)} caught", flush=True)
    return hunts, control


def table(hunts):
    rows = [("bug", "caught by", "in", "seeds", "seconds")]
    for one in hunts:
        caught = (one.catch.checker, one.catch.case) if one.catch else ("NOBODY", "")
        rows.append((one.bug, *caught, str(one.seeds), f"{one.seconds:.0f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--program", type=Path, default=ROOT / "build" / "planted" / "bin" / "simulation")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6, 10**9))
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("bugs", nargs="*", metavar="BUG")
    given = arguments.parse_args()
    listed = bugs_in((ROOT / HEADER).read_text(encoding="utf-8"))
    nowhere = bugs_without_a_line(listed, list(texts_of_sources(ROOT)))
    unknown = [bug for bug in given.bugs if bug not in listed]
    if nowhere or unknown:
        sys.exit("".join(f"{HEADER} lists {bug}, which no line plants\n" for bug in nowhere)
                 + "".join(f"there is no bug {bug}\n" for bug in unknown))

    began = time.monotonic()
    hunts, control = hunt(given.program, given.bugs or listed, given.seed, given.seconds, given.jobs)
    caught = sum(bool(one.catch) for one in hunts)
    print(f"\n{table(hunts)}\n")
    for one in hunts:
        print(f"{one.bug}: {one.catch.violation if one.catch else 'not caught'}")
        for trouble in one.troubles:
            print(f"{one.bug}: {trouble}")
    print(f"\n{caught} of {len(hunts)} planted bugs caught in {time.monotonic() - began:.0f} s, "
          f"seeds {given.seed} to {given.seed + control.seeds - 1}")
    if control.catch or control.troubles:
        print(f"FAILED without any bug: {control.catch or control.troubles}")
        return 1
    print("without a bug the same seeds pass")
    return 0 if caught == len(hunts) else 1


if __name__ == "__main__":
    sys.exit(main())
