"""Runs of `millrace demo`, each with a temporary folder of its own, so that what it leaves behind can be seen."""

import os
import signal
import subprocess
from pathlib import Path

DEMO_SECONDS_MAX = 60


def _own_environment() -> dict[str, str]:
    """Without what is said to the tests only: a server warns about variables that it does not know."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}


class DemoRun:
    """A demo that is under way. Its folder is where temporary directories go."""

    def __init__(self, folder: Path, data: Path, *arguments: str):
        self.folder = folder
        folder.mkdir()
        self._errors = folder.parent / (folder.name + ".errors")
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [Path(os.environ["MILLRACE_BIN"]) / "millrace", "demo", "--data", data, *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**_own_environment(), "TMPDIR": str(folder)},
            )
        self._read = ""

    def read_until(self, text: str) -> None:
        """Returns when a line with this text has been printed."""
        for line in self._process.stdout:
            self._read += line
            if text in line:
                return
        raise AssertionError(f"ended without saying {text!r}: {self._read}{self.errors()}")

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Waits for its end. Returns the exit code and all it printed."""
        output, _ = self._process.communicate(timeout=DEMO_SECONDS_MAX)
        return self._process.returncode, self._read + output

    def errors(self) -> str:
        return self._errors.read_text()

    def left_behind(self) -> list[str]:
        """Directories and processes: a node or agent names its directory on its command line."""
        return [str(path) for path in self.folder.iterdir()] + self._processes()

    def _processes(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # It has ended meanwhile.
                continue
            if str(self.folder) in command:
                found.append(f"{entry.name}: {command}")
        return found
