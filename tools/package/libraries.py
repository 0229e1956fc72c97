"""Which shared libraries a program loads, which Debian package each is from, and under what licence it may be passed on."""

import re
import shutil
import subprocess
from pathlib import Path

# What every Debian 12 has, even the smallest: libc and its parts, and the run-time libraries of the compiler.
_OF_THE_SYSTEM = re.compile(
    r"(linux-vdso|ld-linux-x86-64|lib(c|m|pthread|dl|rt|resolv|util|anl|stdc\+\+|gcc_s))\.so\.\d+$"
)
_DOCUMENTS = Path("/usr/share/doc")
_COMMON_LICENCES = Path("/usr/share/common-licenses")


class PackagingError(Exception):
    """Something that a package needs is not there."""


def run(*command: str | Path, **options) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        raise PackagingError(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout


def loaded_by(program: Path) -> dict[str, Path]:
    """Every library that the loader finds for a program, those of the system left out: name -> file."""
    found = {}
    for line in run("ldd", program).splitlines():
        name, _, place = line.strip().partition(" => ")
        if "not found" in place:
            raise PackagingError(f"{program}: {line.strip()}")
        # The loader itself stands there without an arrow.
        if place and not _OF_THE_SYSTEM.match(name):
            found[name] = Path(place.split(" (")[0])
    return found


def package_of(library: Path) -> str:
    """The Debian package that a library is from."""
    file = library.resolve()
    # Packages may still name /lib what lies in /usr/lib.
    for place in (file, Path("/") / file.relative_to("/usr") if file.is_relative_to("/usr") else file):
        done = subprocess.run(["dpkg-query", "-S", place], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    raise PackagingError(f"{library} is of no Debian package: by what licence may it be passed on?")


def copy_licences(packages: set[str], folder: Path) -> None:
    """The copyright file of each package, and the licences that Debian keeps apart and that they refer to."""
    referred = set()
    for package in sorted(packages):
        text = (_DOCUMENTS / package / "copyright").read_text(encoding="utf-8", errors="replace")
        (folder / package).mkdir(parents=True)
        (folder / package / "copyright").write_text(text, encoding="utf-8")
        referred |= set(re.findall(rf"{_COMMON_LICENCES}/([A-Za-z0-9.-]*[A-Za-z0-9])", text))
    (folder / "common-licenses").mkdir(parents=True)
    for name in sorted(referred):
        shutil.copyfile(_COMMON_LICENCES / name, folder / "common-licenses" / name)
