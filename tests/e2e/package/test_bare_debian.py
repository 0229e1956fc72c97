"""The .deb and the tarball on a Debian 12 that has nothing but what debootstrap gives it."""

import re
import socket
import subprocess

import pytest
from bare_root import environment
from conftest import SOURCE_TREE

WAIT_SECONDS_MAX = 120
# A table with a partition for each day of the time zone $0, in a cluster that ends with the shell.
DAYS_OF_A_ZONE = r"""
millrace up --hosts 1 --detach --json --dir /srv/m >/up.json
export MILLRACE_BOOTSTRAP=$(sed 's/.*"bootstrap":"\([^"]*\)".*/\1/' /up.json)
millrace db create zones >/dev/null
millrace table create zones.days --columns 'day STRING NOT NULL, n INT' --partitioned-by day \
  --property table.auto-partition.enabled=true --property table.auto-partition.time-unit=DAY \
  --property table.auto-partition.time-zone=$0 >/dev/null
millrace down --dir /srv/m >/dev/null
"""


def tell_the_story(root, program, data):
    """The demo, by somebody who owns nothing there."""
    root.put(data, "/data")
    story = root.run(program, "demo", "--data", "/data", user="nobody:nogroup")
    flights = sum(1 for _ in (data / "flights.csv").open(encoding="utf-8")) - 1
    assert f"{flights:,}" in story
    assert re.search(r"^Ended: \d+ processes", story, re.M), story
    assert list((root.folder / "tmp").iterdir()) == []


def loaded_libraries(root, program):
    """Name -> where the loader finds it."""
    pairs = (line.split(" => ") for line in root.run("ldd", program).splitlines() if " => " in line)
    return {name.strip(): place.split(" (")[0] for name, place in pairs}


def test_the_tarball_runs_where_it_is_unpacked(bare, tarball, version, data):
    bare.put(tarball, "/millrace.tar.gz")
    bare.run("tar", "-xzf", "/millrace.tar.gz", "-C", "/opt")
    home = f"/opt/{tarball.name.removesuffix('.tar.gz')}"
    assert bare.run(f"{home}/bin/millrace", "--version") == f"millrace {version}\n"
    tell_the_story(bare, f"{home}/bin/millrace", data)

    libraries = loaded_libraries(bare, f"{home}/bin/millrace-node")
    assert "libarrow.so.2600" in libraries and "librocksdb.so.7.8" in libraries
    of_the_system = {name for name, place in libraries.items() if not place.startswith(f"{home}/")}
    assert {name.split(".so")[0] for name in of_the_system} <= {"libc", "libm", "libdl", "librt", "libpthread", "libstdc++", "libgcc_s"}
    for program in (bare.folder / home.lstrip("/") / "bin").iterdir():
        assert str(SOURCE_TREE).encode() not in program.read_bytes(), f"{program.name} names where it was built"
    licences = bare.folder / home.lstrip("/") / "share/doc/millrace/licences"
    assert (licences / "arrow/LICENSE.txt").is_file()
    assert (licences / "librocksdb7.8/copyright").is_file()


def test_the_tarball_knows_time_zones(bare, tarball):
    """They are the system's: a bare Debian 12 has tzdata."""
    bare.put(tarball, "/millrace.tar.gz")
    bare.run("tar", "-xzf", "/millrace.tar.gz", "-C", "/opt", "--strip-components=1")
    for zone, code in (("Asia/Kathmandu", 0), ("Atlantis/Poseidonis", 1)):
        said = bare.run("env", "PATH=/opt/bin:/usr/bin:/bin", "sh", "-ec", DAYS_OF_A_ZONE, zone, fine_codes=(code,))
        assert (zone in said) == (code != 0), said
        bare.run("rm", "-rf", "/srv/m")


def test_the_deb_runs_once_it_is_installed(installed, version, data):
    assert installed.run("millrace", "--version") == f"millrace {version}\n"
    tell_the_story(installed, "millrace", data)
    libraries = loaded_libraries(installed, "/usr/lib/millrace/bin/millrace-node")
    assert libraries["libarrow.so.2600"].startswith("/usr/lib/millrace/")
    assert not libraries["librocksdb.so.7.8"].startswith("/usr/lib/millrace/")
    # What the computed dependencies do not name would only be there by chance.
    assert installed.run("dpkg", "--audit") == ""


def test_the_configuration_belongs_to_the_service(installed):
    assert installed.run("stat", "-c", "%a %U %G", "/etc/millrace/server.yaml") == "640 root millrace\n"
    assert ":/usr/sbin/nologin" in installed.run("getent", "passwd", "millrace")
    check = ("millrace", "config", "check", "--config")
    assert installed.run(*check, "/etc/millrace/server.yaml").splitlines()[1:] == []
    # Every example in it is one that a server takes.
    lines = (installed.folder / "etc/millrace/server.yaml").read_text(encoding="utf-8").splitlines()
    settings = {}
    for line in lines:
        if example := re.fullmatch(r"(?:# )?([a-z-]+(?:\.[a-z-]+)+): (.+)", line):
            settings[example[1]] = example[2]
    assert len(settings) > 10
    (installed.folder / "examples.yaml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()), encoding="utf-8")
    assert installed.run(*check, "/examples.yaml").splitlines()[1:] == []


class Service:
    """What the unit starts, as the account that it names, with somebody to notify; listeners get free ports."""

    def __init__(self, root):
        unit = (root.folder / "usr/lib/systemd/system/millrace.service").read_text(encoding="utf-8")
        command = re.search(r"^ExecStart=(.+)$", unit, re.M)[1].split()
        for key in ("bind.listeners=FLUSS://127.0.0.1:0", "millrace.link.listener=127.0.0.1:0", "millrace.http.listener=127.0.0.1:0"):
            command.append(f"--set={key}")
        root.run("install", "-d", "-o", "millrace", "-g", "millrace", "/var/lib/millrace", "/run/notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(root.folder / "run/notify/socket"))
        self._socket.settimeout(WAIT_SECONDS_MAX)
        root.run("chown", "millrace", "/run/notify/socket")
        # A line from outside asks for its end.
        script = '"$@" & read -r word; kill -TERM $!; wait $!'
        words = ["env", "NOTIFY_SOCKET=/run/notify/socket", "sh", "-c", script, "sh", *command]
        self._process = subprocess.Popen(
            root.command(*words, user="millrace:millrace"),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def next_notice(self) -> str:
        return self._socket.recv(4096).decode()

    def end(self) -> tuple[int, str]:
        output, _ = self._process.communicate("end\n", timeout=WAIT_SECONDS_MAX)
        return self._process.returncode, output

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()


@pytest.fixture
def service(installed):
    started = Service(installed)
    yield started
    started.close()


def test_what_the_unit_starts_says_when_it_is_ready_and_when_it_drains(service, installed):
    assert re.fullmatch(r"READY=1\nSTATUS=hosts 1, bootstrap 127\.0\.0\.1:\d+, console http://127\.0\.0\.1:\d+/", service.next_notice())
    assert installed.run("stat", "-c", "%U", "/var/lib/millrace/host-0/data") == "millrace\n"
    code, output = service.end()
    assert code == 0, output
    assert service.next_notice() == "STOPPING=1\nSTATUS=draining"


def test_removal_keeps_the_configuration_and_a_purge_keeps_the_rows(bare, deb):
    bare.put(deb, "/millrace.deb")
    bare.run("apt-get", "-qq", "update")
    bare.run("apt-get", "-qqy", "install", "--no-install-recommends", "/millrace.deb")
    bare.run("install", "-d", "-o", "millrace", "/var/lib/millrace/host-0")
    bare.run("apt-get", "-qqy", "remove", "millrace")
    for gone in ("usr/bin/millrace", "usr/lib/millrace", "usr/lib/systemd/system/millrace.service"):
        assert not (bare.folder / gone).exists() and not (bare.folder / gone).is_symlink(), gone
    assert (bare.folder / "etc/millrace/server.yaml").exists()
    assert "/var/lib/millrace is left as it is" in bare.run("apt-get", "-qqy", "purge", "millrace")
    assert not (bare.folder / "etc/millrace").exists()
    assert (bare.folder / "var/lib/millrace/host-0").is_dir()
