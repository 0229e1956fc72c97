#!/usr/bin/env python3
"""clang-tidy on some files or on all, with progress: tidy.py [--jobs N] [--build BUILD] [FILE...]

clang cannot read g++'s precompiled headers, so it gets its own copy of the compile commands in which each of them
is the plain header again, behind tidy_prelude.hpp. Exits 1 when a file has findings, and says how many.
"""

import argparse
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = ROOT / ".dev" / "venv" / "bin" / "clang-tidy"
PRELUDE = ROOT / "tools" / "cmake" / "tidy_prelude.hpp"
PRECOMPILED = re.compile(r"-Winvalid-pch|-include\s+(\S+?/CMakeFiles/(pch_\w+)\.dir/cmake_pch\.hxx)")


def plain_command(command):
    def replace(match):
        return f"-include {ROOT}/tools/cmake/{match[2]}.hpp" if match[2] else ""

    return PRECOMPILED.sub(replace, command)


def plain_database(build):
    """Writes build/tidy/compile_commands.json; returns its folder and the files of ours that it holds."""
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    ours = []
    for entry in commands:
        file = (Path(entry["directory"]) / entry["file"]).resolve()
        if file.is_relative_to(ROOT) and not file.is_relative_to(build):
            entry["command"] = plain_command(entry["command"])
            ours.append((file, entry))
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps([entry for _, entry in ours]), encoding="utf-8")
    return folder, sorted({file for file, _ in ours})


def tidy(folder, file):
    done = subprocess.run([TIDY, "--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg-before=-include",
                           f"--extra-arg-before={PRELUDE}", "-p", folder, file],
                          capture_output=True, text=True, check=False)
    # stderr only counts the warnings that were suppressed, unless the tool itself failed.
    return file, done.returncode, done.stdout or (done.stderr if done.returncode else "")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--build", type=Path, default=ROOT / "build" / "dev")
    arguments.add_argument("files", nargs="*", type=Path)
    given = arguments.parse_args()
    folder, files = plain_database(given.build.resolve())
    if given.files:
        wanted = {file.resolve() for file in given.files}
        files = [file for file in files if file in wanted]
    bad = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        jobs = [pool.submit(tidy, folder, file) for file in files]
        for number, job in enumerate(as_completed(jobs), 1):
            file, code, output = job.result()
            print(f"[{number}/{len(files)}] {file.relative_to(ROOT)}{': findings' if code else ''}", flush=True)
            if code:
                bad += 1
                print(output, flush=True)
    print(f"clang-tidy: {bad} of {len(files)} files have findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
