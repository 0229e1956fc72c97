"""A cluster of our own for the length of a test run, driven through the command line like anybody's."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

START_SECONDS_MAX = 60
RESTART_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Cluster:
    """Virtual hosts on this machine. `folder` is theirs; its name must not be in use."""

    def __init__(self, folder: Path, hosts: int, *arguments: str):
        self.program = Path(os.environ["MILLRACE_BIN"]) / "millrace"
        self.folder = folder
        self._run("up", "--hosts", str(hosts), "--detach", *arguments, seconds_max=START_SECONDS_MAX)

    def bootstrap(self) -> str:
        """The address of the first node that is ready."""
        return next(iter(self.addresses().values()))

    def addresses(self, listener: str = "FLUSS") -> dict[str, str]:
        """Host name -> host:port of the client listener of that name, for every node that is ready."""
        found = {}
        for name, node in self._ready_nodes().items():
            # A listener reads NAME://host:port.
            bound = dict(one.split("://") for one in node["client_listeners"].split(","))
            found[name] = bound[listener]
        return found

    def command(self, *words: str) -> str:
        """What the command line says to somebody on the first listener."""
        call = [self.program, *words, "--bootstrap", self.bootstrap()]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{words}: exit code {done.returncode}: {done.stderr}{self._logs()}"
        return done.stdout

    def console_addresses(self) -> list[str]:
        """host:port of the console of every node that is ready."""
        return [node["http_listener"].rpartition("//")[2] for node in self._ready_nodes().values()]

    def node_pids(self) -> dict[str, int]:
        """Host name -> process id, for every node that is ready."""
        return {name: node["pid"] for name, node in self._ready_nodes().items()}

    def kill_and_await_restart(self, name: str) -> None:
        """SIGKILL for one node; returns when its agent has put another process in its place."""
        before = self.node_pids()
        os.kill(before[name], signal.SIGKILL)
        await_true(lambda: self.node_pids().get(name) not in (None, before[name]), f"restart of {name}")

    def down(self) -> None:
        pids = [host[kind]["pid"] for host in self._status()["hosts"] for kind in ("agent", "node")]
        self._run("down", seconds_max=STOP_SECONDS_MAX)
        left = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert not left, f"down left processes behind: {left}{self._logs()}"

    def _status(self) -> dict:
        # 4: something is down, which is what a test may be waiting out.
        return json.loads(self._run("status", "--json", fine_codes=(0, 4)))

    def _ready_nodes(self) -> dict[str, dict]:
        nodes = {host["host"]: host["node"] for host in self._status()["hosts"]}
        return {name: node for name, node in nodes.items() if node["alive"] and node["state"] == "ready"}

    def _run(self, word: str, *arguments: str, seconds_max: float = 20, fine_codes=(0,)) -> str:
        command = [self.program, word, "--dir", self.folder, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds_max, check=False)
        assert done.returncode in fine_codes, f"{word}: exit code {done.returncode}: {done.stderr}{self._logs()}"
        return done.stdout

    def _logs(self) -> str:
        """The last lines of every log: a failed start is explained where it is seen."""
        text = ""
        for log in sorted(self.folder.rglob("*.log")) if self.folder.exists() else []:
            lines = log.read_text(errors="replace").splitlines()[-20:]
            text += f"\n--- {log.relative_to(self.folder)}\n" + "\n".join(lines)
        return text


def await_true(holds, what: str, seconds_max: float = RESTART_SECONDS_MAX) -> None:
    """Asks until the answer is true. An answer may fail on the way: a process that starts refuses connections."""
    end = time.monotonic() + seconds_max
    failure = None
    while time.monotonic() < end:
        try:
            if holds():
                return
            failure = None
        except (AssertionError, OSError, ValueError, StopIteration) as error:
            failure = error
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds_max} s ({failure})")
