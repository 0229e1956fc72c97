"""A bare Debian 12 in a folder, made by debootstrap from the mirror that this machine's apt uses, and commands that run in it.

Every command gets mount and process namespaces of its own: when it ends, or whoever runs it is killed, its mounts and all processes
that it started are gone with them. So nothing is left but the folder.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

RELEASE = "bookworm"
MAKE_SECONDS_MAX = 900
RUN_SECONDS_MAX = 600
# Not in /tmp, which a machine may mount without devices.
PLACE = Path("/var/tmp")
KILLED_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
_APART = [*KILLED_WITH_US, "unshare", "--mount", "--pid", "--fork", "--kill-child"]


def environment() -> dict[str, str]:
    """What a command in the root knows of this machine: how to reach the mirror, nothing else."""
    proxy = subprocess.run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True, check=True)
    found = {name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
    if proxy.stdout:
        found["http_proxy"] = proxy.stdout.partition("=")[2].strip().strip("'")
    return {
        **found,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def mirror() -> str:
    """Where this machine gets the packages of the release from."""
    form = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        release, component, address = line.split(maxsplit=2)
        if (release, component) == (RELEASE, "main"):
            return address
    raise AssertionError(f"apt's sources name no mirror of {RELEASE} main: {listed.stdout}")


def _run(command: list, seconds_max: int, stdin: str = "") -> subprocess.CompletedProcess:
    # Its errors stand between the lines that they belong to.
    return subprocess.run(
        command,
        env=environment(),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds_max,
        check=False,
    )


def why_there_can_be_none() -> str:
    """What this machine lacks or forbids, or nothing."""
    if os.geteuid() != 0:
        return "only root can make a bare Debian: mount and chroot are not for everybody"
    if shutil.which("debootstrap", path=environment()["PATH"]) is None:
        return "there is no debootstrap: tools/packages_all.txt"
    done = _run([*_APART, "--mount-proc", "chroot", "/", "true"], 60)
    return "" if done.returncode == 0 else f"this machine lets nobody mount and chroot: {done.stdout}"


class BareRoot:
    """A folder with a system in it. It belongs to whoever made it, who must remove it."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def make(cls) -> "BareRoot":
        root = cls(Path(tempfile.mkdtemp(prefix="millrace-bare-", dir=PLACE)))
        root.folder.chmod(0o755)
        command = ["debootstrap", "--variant=minbase", RELEASE, root.folder, mirror()]
        done = _run([*_APART, "--mount-proc", *command], MAKE_SECONDS_MAX)
        if done.returncode != 0:
            root.remove()
            raise AssertionError(f"debootstrap: exit code {done.returncode}: {done.stdout[-4000:]}")
        return root

    def copy(self) -> "BareRoot":
        """Another root with the same in it."""
        other = BareRoot(Path(tempfile.mkdtemp(prefix="millrace-bare-", dir=PLACE)))
        done = _run(["cp", "-a", "--reflink=auto", f"{self.folder}/.", other.folder], MAKE_SECONDS_MAX)
        if done.returncode != 0:
            other.remove()
            raise AssertionError(f"cp: {done.stdout}")
        return other

    def put(self, source: Path, place: str) -> None:
        """Copies a file or folder of this machine into the root, readable by everybody."""
        target = self.folder / place.lstrip("/")
        done = _run(["cp", "-r", "--no-preserve=mode", source, target], 60)
        assert done.returncode == 0, done.stdout

    def command(self, *words: str | Path, user: str = "root:root") -> list:
        """What runs `words` in the root, with a /proc that shows nothing but them."""
        proc = f"--mount-proc={self.folder}/proc"
        # The first process of a namespace gets no signal that it does not handle, so that is a shell.
        return [*_APART, proc, "chroot", f"--userspec={user}", self.folder, "sh", "-c", '"$@"; exit $?', "sh", *words]

    def run(self, *words: str | Path, user: str = "root:root", stdin: str = "", fine_codes=(0,)) -> str:
        """All that `words` prints."""
        done = _run(self.command(*words, user=user), RUN_SECONDS_MAX, stdin)
        assert done.returncode in fine_codes, f"{words}: exit code {done.returncode}: {done.stdout[-4000:]}"
        return done.stdout

    def remove(self) -> None:
        mounts = [line for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines() if f" {self.folder}/" in line]
        assert not mounts, f"still mounted, so not removed: {mounts}"
        done = _run(["rm", "-rf", "--one-file-system", self.folder], 120)
        assert done.returncode == 0, done.stdout
