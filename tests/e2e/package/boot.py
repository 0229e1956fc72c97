"""systemd as the first process of a root, for as long as one script runs in it.

It gets namespaces of its own for everything, the network included: ports are free, and nobody outside can be reached.
"""

import subprocess
import time
from pathlib import Path

from bare_root import KILLED_WITH_US, BareRoot, environment

SCRIPT_SECONDS_MAX = 180
END_SECONDS_MAX = 20
_APART = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child"]
# The shell is in the control group $0 before it makes namespaces, so that systemd takes that for the top.
_ENTER = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
# $0 is the root.
_BOOT = """
mount --bind $0 $0
mount -t proc proc $0/proc
mount -t sysfs -o ro sysfs $0/sys
mount -t tmpfs tmpfs $0/run
mount -t cgroup2 cgroup2 $0/sys/fs/cgroup
exec env container=lxc chroot $0 /lib/systemd/systemd --unit=script.service
"""
_UNIT = """
[Unit]
After=multi-user.target
Wants=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'exec sh -eux /script.sh >/said 2>&1'
"""


class ControlGroup:
    """Where systemd may do as it likes; below whatever this process is in."""

    def __init__(self, name: str):
        mounts = (line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
        top = next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
        assert top, "this machine has no cgroup2 mounted, so systemd cannot run here"
        own = next(line for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines() if line.startswith("0::"))
        self.folder = top / own.removeprefix("0::").lstrip("/") / name
        self.folder.mkdir()

    def remove(self) -> None:
        end = time.monotonic() + END_SECONDS_MAX
        while "populated 1" in (self.folder / "cgroup.events").read_text(encoding="utf-8"):
            assert time.monotonic() < end, f"processes are left in {self.folder}"
            time.sleep(0.05)
        for folder in sorted((path for path in self.folder.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        self.folder.rmdir()


def run_under_systemd(root: BareRoot, script: str) -> str:
    """What a shell script says that systemd starts when the system is up. A command that fails ends it."""
    (root.folder / "script.sh").write_text(script, encoding="utf-8")
    (root.folder / "etc/systemd/system/script.service").write_text(_UNIT, encoding="utf-8")
    root.run("mkfifo", "/said")
    group = ControlGroup(root.folder.name)
    enter = [*KILLED_WITH_US, "sh", "-c", _ENTER, group.folder, *_APART, "sh", "-ec", _BOOT, root.folder]
    try:
        with subprocess.Popen(enter, env=environment(), stdin=subprocess.DEVNULL) as system:
            try:
                # A pipe has an end as soon as nobody writes into it any more.
                reader = ["cat", root.folder / "said"]
                said = subprocess.run(reader, stdout=subprocess.PIPE, text=True, timeout=SCRIPT_SECONDS_MAX, check=True)
            finally:
                system.kill()
    finally:
        group.remove()
    return said.stdout
