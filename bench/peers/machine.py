"""What figures mean nothing without: the code, the machine, the command, who else was at work."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent


def _first_line(*command):
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    lines = (told.stdout or told.stderr).splitlines()
    return lines[0] if lines else "unknown"


def _processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(": ", 1)[1]
    return "unknown"


def record(command, own_network):
    return {
        "commit": _first_line("git", "-C", HERE, "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+changes"),
        "peer": "Apache Fluss 0.9.1-incubating, its defaults, heaps of fluss/up.sh",
        "java": _first_line("java", "-version"),
        "command": " ".join(command),
        "started_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "kernel": platform.release(),
                    "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
                    "load_average": round(os.getloadavg()[0], 2), "own_network": own_network},
    }


def text(about):
    """Lines for people; a busy machine is named as what it is."""
    machine = about["machine"]
    lines = [f"commit {about['commit']}, beside {about['peer']}, {about['java']}, at {about['started_at']}",
             f"{machine['cores']} cores of {machine['processor']}, {machine['memory_mib']} MiB, Linux {machine['kernel']}, "
             f"load before the run {machine['load_average']}"]
    if machine["load_average"] >= 1:
        lines.append("NOT QUIET: somebody else was at work, these figures are worth little")
    if not machine["own_network"]:
        lines.append("no network namespace of its own: Java's wire bytes hold whatever else went over loopback")
    return "\n".join(lines) + "\n"
