#!/usr/bin/env python3
"""Makes the packages of a build: a .deb, a tarball and a Python wheel.

    package.py BUILD OUT    BUILD is a build folder with millrace and millrace-node; OUT is made anew

What `cmake --install` gives is a folder that can be moved, with Arrow's libraries inside. The .deb leaves everything else to
Debian's own packages; the tarball and the wheel carry it too, but for libc, libstdc++ and libgcc_s.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from archives import make_deb, make_tarball, make_wheel
from libraries import PackagingError, copy_licences, loaded_by, package_of, run

_SOURCE_TREE = Path(__file__).resolve().parents[2]
_LICENCES = "share/doc/millrace/licences"


def version_of(build: Path) -> str:
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    return re.search(r"^CMAKE_PROJECT_VERSION:STATIC=(.+)$", cache, re.M)[1]


def time_of_the_sources() -> int:
    """Seconds since 1970. Source: reproducible-builds.org, SOURCE_DATE_EPOCH."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "-C", _SOURCE_TREE, "log", "-1", "--format=%ct"))


def installed(build: Path, folder: Path) -> Path:
    """What CMake installs, stripped."""
    run("cmake", "--install", build.resolve(), "--prefix", folder.resolve(), "--strip")
    return folder


def complete(tree: Path) -> Path:
    """`tree` with all libraries that its programs load and that a bare Debian does not have, and their licences."""
    libraries = {}
    for program in sorted((tree / "bin").iterdir()):
        libraries |= loaded_by(program)
    added = {name: file for name, file in libraries.items() if not file.resolve().is_relative_to(tree.resolve())}
    for name, file in added.items():
        shutil.copyfile(file, tree / "lib" / name)
    copy_licences({package_of(file) for file in added.values()}, tree / _LICENCES)
    for program in (tree / "bin").iterdir():
        for file in loaded_by(program).values():
            if not file.resolve().is_relative_to(tree.resolve()):
                raise PackagingError(f"{program.name} still loads {file}")
    return tree


def debian_root(tree: Path, root: Path) -> Path:
    """`tree` in the places where Debian wants its parts."""
    places = {
        "bin": "usr/lib/millrace/bin",
        "lib": "usr/lib/millrace/lib",
        "share/doc/millrace": "usr/share/doc/millrace",
        "share/millrace/millrace.service": "usr/lib/systemd/system/millrace.service",
        "share/millrace/server.yaml": "etc/millrace/server.yaml",
    }
    for source, place in places.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (tree / source).is_dir() else shutil.copyfile)(tree / source, root / place)
    (root / "usr/bin").mkdir()
    (root / "usr/bin/millrace").symlink_to("../lib/millrace/bin/millrace")
    return root


def main(build: Path, out: Path) -> None:
    os.umask(0o022)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    version, time, machine = version_of(build), time_of_the_sources(), os.uname().machine
    stage = out / "stage"
    root = debian_root(installed(build, stage / "small"), stage / "deb")
    tree = complete(installed(build, stage / "whole"))
    architecture = run("dpkg", "--print-architecture").strip()
    make_deb(root, out / f"millrace_{version}_{architecture}.deb", stage / "scratch", version, time)
    name = f"millrace-{version}-linux-{machine}"
    make_tarball(tree, out / f"{name}.tar.gz", name, time)
    make_wheel(tree, out, version, time)
    shutil.rmtree(stage)
    for file in sorted(out.iterdir()):
        print(f"{file} ({file.stat().st_size / 1e6:.0f} MB)")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except PackagingError as error:
        sys.exit(f"package: {error}")
