"""The three forms of a package. Each is made of a folder, and the same folder gives the same bytes: times are those of the commit."""

import base64
import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from libraries import run

_SOURCES = Path(__file__).parent
_DESCRIPTION = "streaming storage that speaks the Apache Fluss wire protocol"


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def make_tarball(tree: Path, file: Path, root: str, time: int) -> None:
    """`tree` as the folder `root`, owned by root."""

    def normalised(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = time
        return entry

    with open(file, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=time) as packed:
        with tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive:
            archive.add(tree, root, filter=normalised)


# ---- Debian ---------------------------------------------------------------------------------------------------------


def _shared_library_dependencies(root: Path, scratch: Path) -> str:
    """What dpkg-shlibdeps says that the programs and libraries of `root` need of Debian."""
    (scratch / "debian").mkdir(parents=True)
    (scratch / "debian/control").write_text("Source: millrace\n\nPackage: millrace\nArchitecture: any\n", encoding="utf-8")
    objects = [path.resolve() for folder in ("bin", "lib") for path in files_in(root / "usr/lib/millrace" / folder)]
    # Not warned of: Arrow's libraries name parts of libc that they do not use.
    told = run("dpkg-shlibdeps", "-O", "--warnings=1", *objects, cwd=scratch)
    return told.strip().removeprefix("shlibs:Depends=")


def _control(root: Path, scratch: Path, version: str) -> str:
    size = sum(path.lstat().st_size for path in files_in(root)) // 1024
    # Time zones are read from the system; the account of the service is made by adduser.
    depends = f"{_shared_library_dependencies(root, scratch)}, adduser, tzdata"
    fields = {
        "Package": "millrace",
        "Version": version,
        "Architecture": run("dpkg", "--print-architecture").strip(),
        "Maintainer": "Millrace <millrace@localhost>",
        "Section": "database",
        "Priority": "optional",
        "Installed-Size": str(size),
        "Depends": depends,
        "Description": f"{_DESCRIPTION}\n Tables as append-only logs of columns, for clients of Fluss and for Flink.",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def make_deb(root: Path, file: Path, scratch: Path, version: str, time: int) -> None:
    """`root` holds the files as they are installed; what Debian wants to know of them is added to it."""
    sums = "".join(
        f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n"
        for path in files_in(root)
        if not path.is_symlink()
    )
    settings = "".join(f"/{path.relative_to(root)}\n" for path in files_in(root / "etc"))
    # This folder is also how dpkg-shlibdeps knows where the package begins.
    shutil.copytree(_SOURCES / "debian", root / "DEBIAN")
    control = _control(root, scratch, version)
    for name, text in {"control": control, "md5sums": sums, "conffiles": settings}.items():
        (root / "DEBIAN" / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(time)}
    run("dpkg-deb", "--root-owner-group", "--build", root, file, env=environment)


# ---- Python ---------------------------------------------------------------------------------------------------------


def wheel_platform() -> str:
    """The oldest system that the wheel is meant for: one whose libc is not older than the one it was linked with."""
    major, minor = os.confstr("CS_GNU_LIBC_VERSION").split()[1].split(".")[:2]
    return f"manylinux_{major}_{minor}_{os.uname().machine}"


def _wheel_metadata(version: str, tag: str) -> dict[str, str]:
    return {
        "METADATA": f"Metadata-Version: 2.1\nName: millrace\nVersion: {version}\nSummary: {_DESCRIPTION}\nRequires-Python: >=3.8\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: millrace\nRoot-Is-Purelib: false\nTag: {tag}\n",
        "entry_points.txt": "[console_scripts]\nmillrace = millrace:main\n",
    }


def make_wheel(tree: Path, folder: Path, version: str, time: int) -> Path:
    """A wheel whose package `millrace` is `tree` with a command that starts it. Returns the file."""
    tag = f"py3-none-{wheel_platform()}"
    information = f"millrace-{version}.dist-info"
    contents = {f"millrace/{path.relative_to(tree)}": path for path in files_in(tree)}
    contents["millrace/__init__.py"] = _SOURCES / "millrace_command.py"
    file = folder / f"millrace-{version}-{tag}.whl"
    record = ""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, data: bytes, mode: int) -> None:
            entry = zipfile.ZipInfo(name, datetime.fromtimestamp(time, timezone.utc).timetuple()[:6])
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)

        for name, path in contents.items():
            data = path.read_bytes()
            add(name, data, stat.S_IMODE(path.stat().st_mode))
            record += _record_line(name, data)
        for name, text in _wheel_metadata(version, tag).items():
            add(f"{information}/{name}", text.encode(), 0o644)
            record += _record_line(f"{information}/{name}", text.encode())
        add(f"{information}/RECORD", f"{record}{information}/RECORD,,\n".encode(), 0o644)
    return file


def _record_line(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"
