#!/usr/bin/env python3
"""Dead files: what no build target compiles, nobody includes or no suite runs, and tests that documents only name.

    check_dead.py BUILD [ROOT]

BUILD is a configured build folder; its compile_commands.json says what is compiled.
"""

import json
import re
import sys
from pathlib import Path

from source_tree import Finding, SourceTree, report


def compiled_files(root, build):
    commands = json.loads((Path(build) / "compile_commands.json").read_text(encoding="utf-8"))
    files = {(Path(entry["directory"]) / entry["file"]).resolve() for entry in commands}
    return {file.relative_to(root).as_posix() for file in files if file.is_relative_to(root)}


def missing_tests(tree):
    """Documents name the tests that prove them as `Suite.Case`."""
    cases = {".".join(case) for path in tree.files(".cpp")
             for case in re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", tree.text(path), re.M)}
    for path in tree.files(".md"):
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            for name in re.findall(r"`([A-Z]\w+\.[A-Z]\w{9,})`", line):
                if name not in cases:
                    yield Finding(path, number, f"there is no test {name}")


def check(root, build):
    tree = SourceTree(root)
    sources, headers, schemas = tree.files(".cpp"), tree.files(".hpp"), tree.files(".capnp")
    cmake = "".join(tree.text(path) for path in [*tree.files(".cmake"), "CMakeLists.txt"])
    # CMake and clang-tidy's runner put headers before sources that do not name them.
    runners = "".join(tree.text(path) for path in tree.files(".py") if path.startswith("tools/"))
    included = {include.name for path in sources + headers for include in tree.includes(path)}
    imported = {name.lstrip("/") for path in schemas for name in re.findall(r'import "([^"]+)"', tree.text(path))}
    imported |= {f"schemas/{name}" for name in imported}
    compiled = compiled_files(tree.root, build)

    findings = []
    for path in sources:
        if path not in compiled:
            what = "no suite of tools/cmake/Suites.cmake" if path.endswith("_test.cpp") else "no build target"
            findings.append(Finding(path, 1, f"{what} compiles this file"))
    for path in headers:
        if path not in included and Path(path).name not in cmake + runners:
            findings.append(Finding(path, 1, "nobody includes this header"))
    for path in schemas:
        if f"{path}.h" not in included and path not in imported:
            findings.append(Finding(path, 1, "nobody uses this schema"))
    for path in tree.files(".py"):
        name, folder = Path(path).name, Path(path).parent.as_posix()
        if name.endswith("_test.py") and name not in cmake:
            findings.append(Finding(path, 1, "no ctest entry runs this file"))
        if name.startswith("test_") and folder not in cmake:
            findings.append(Finding(path, 1, "no ctest entry runs the tests of this folder"))
    findings.extend(missing_tests(tree))
    return findings, len(sources) + len(headers) + len(schemas)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    found, count = check(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent.parent, sys.argv[1])
    sys.exit(report("dead files", found, f"{count} files"))
