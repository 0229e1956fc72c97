"""Drivers that load a cluster of either kind: each call runs one program and gives its figures, named alike.

Rates are rows per second, processor time is seconds per million rows, sizes are bytes per row.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN_SECONDS_MAX = 300


@dataclass
class Amounts:
    """How much a round takes."""

    rows: dict            # Shape -> rows appended and scanned by the Java driver.
    encoded_rows: dict    # Shape -> rows appended from batches that were encoded ahead.
    tail_seconds: int
    idle_seconds: int


def run(command, environment=None):
    """The last line of JSON that a program prints."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=RUN_SECONDS_MAX,
                          check=False, env={**os.environ, **(environment or {})})
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return json.loads(lines[-1])


class Cpp:
    """`millrace bench`: one thread, batches encoded before the clock starts."""

    name = "C++"

    def __init__(self, programs, amounts):
        self.program = programs / "millrace"
        self.amounts = amounts
        self.appended = {}  # (cluster, shape) -> rows

    def bench(self, what, cluster, *options):
        return run([self.program, "bench", what, "--json", "--timeout", "60s", "--bootstrap", cluster.bootstrap,
                    *options])

    def load(self, what, cluster, *options):
        pids = ",".join(map(str, cluster.servers().values()))
        told = self.bench(what, cluster, "--servers", pids, "--data-dir", cluster.data, *options)
        return {"rows_per_s": told["rows_per_s"], "server_cpu": told["server_cpu_s_per_mrow"],
                "client_cpu": told["client_cpu_s_per_mrow"], "server_rss_mb": told["server_rss_mb"],
                "disk_bytes": told["disk_bytes_per_row"], "wire_bytes": told.get("wire_bytes_per_row"), "told": told}

    def append(self, cluster, shape, compression="ZSTD:3"):
        figures = self.load("append", cluster, "--shape", shape, "--rows", self.amounts.encoded_rows[shape],
                            "--compression", compression, "--table", f"bench.cpp_{shape}")
        self.appended[cluster.name, shape] = figures["told"]["rows"]
        return figures

    def scan(self, cluster, shape, columns):
        figures = self.load("scan", cluster, "--table", f"bench.cpp_{shape}", "--columns", columns)
        # Those that are not counted, before the clock starts, come on top.
        if figures["told"]["rows"] <= self.appended[cluster.name, shape]:
            raise RuntimeError(f"rows are missing: {figures['told']}")
        return figures

    def tail(self, cluster):
        figures = self.load("tail", cluster, "--seconds", self.amounts.tail_seconds, "--table", "bench.cpp_tail")
        told = figures["told"]
        return {**figures, "p50_ms": told["seen_p50_ms"], "p99_ms": told["seen_p99_ms"]}

    def figures(self, cluster):
        """A round: what was measured, and its figures."""
        yield from appends_and_scans(self, cluster)
        yield ("append", "narrow zstd 1"), self.append(cluster, "narrow", "ZSTD:1")
        yield ("tail",), self.tail(cluster)

    def startup(self, cluster):
        """Launches the cluster and leaves it there."""
        return self.bench("startup", cluster, "--launch", cluster.launch, "--table", "bench.first")

    def idle(self, cluster):
        pids = ",".join(map(str, cluster.servers().values()))
        return self.bench("idle", cluster, "--servers", pids, "--seconds", self.amounts.idle_seconds)


class Java:
    """fluss/bench: the Java client 0.9.1, row by row. Its wire bytes are those of the loopback device."""

    name = "Java 0.9.1"
    warm_up_rows = 200_000

    def __init__(self, _programs, amounts):
        self.amounts = amounts

    def load(self, what, cluster, *options):
        pids = ",".join(f"{name}={pid}" for name, pid in cluster.servers().items())
        told = run([HERE / "fluss" / "bench" / "run.sh", what, "--bootstrap", cluster.bootstrap, "--servers", pids,
                    "--data-dir", cluster.data, *options])
        rows = told["rows"]
        servers = sum(mb for name, mb in told["rss_mb"].items() if name != "client")
        return {"rows_per_s": told["rows_per_s"], "server_cpu": told["server_cpu_s_per_mrow"],
                "client_cpu": told["cpu_s"]["client"] / rows * 1e6, "server_rss_mb": servers * 1.048576,
                "disk_bytes": told["disk_growth_mb"] * 1e6 / rows, "wire_bytes": told["lo_mb"] * 1e6 / rows,
                "told": told}

    def append(self, cluster, shape):
        return self.load("append", cluster, "--shape", shape, "--table", f"java_{shape}", "--rows",
                         self.amounts.rows[shape], "--warmup", self.warm_up_rows)

    def scan(self, cluster, shape, columns):
        figures = self.load("scan", cluster, "--shape", shape, "--table", f"java_{shape}", "--project", columns,
                            "--rows", self.amounts.rows[shape] + self.warm_up_rows)
        if not figures["told"]["complete"]:
            raise RuntimeError(f"rows are missing: {figures['told']}")
        return figures

    def tail(self, cluster):
        figures = self.load("latency", cluster, "--table", "java_tail", "--rate", 1000, "--seconds",
                            self.amounts.tail_seconds, "--client", "client.writer.batch-timeout=5ms")
        told = figures["told"]
        return {**figures, "p50_ms": told["e2e_p50_ms"], "p99_ms": told["e2e_p99_ms"]}

    def figures(self, cluster):
        yield from appends_and_scans(self, cluster)
        yield ("tail",), self.tail(cluster)


class Rust:
    """fluss/smoke/rust: fluss-rs 1.0.0, narrow rows as Arrow batches that the client encodes."""

    name = "fluss-rs 1.0.0"
    manifest = HERE / "fluss" / "smoke" / "rust" / "Cargo.toml"

    def __init__(self, programs, amounts):
        self.target = programs.parent / "bench" / "fluss-rs"
        self.amounts = amounts

    def build(self):
        """Why it cannot be had, or nothing."""
        if shutil.which("cargo") is None:
            return "there is no cargo"
        done = subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--jobs", "2", "--manifest-path",
                               self.manifest, "--target-dir", self.target], capture_output=True, text=True, check=False)
        return done.stderr.strip().splitlines()[-1] if done.returncode != 0 else None

    def load(self, what, cluster, rows):
        pids = ",".join(f"{name}={pid}" for name, pid in cluster.servers().items())
        told = run([self.target / "release" / "fluss-smoke", what, "--bootstrap", cluster.bootstrap, "--servers", pids,
                    "--rows", rows])
        if told["rows"] < rows:
            raise RuntimeError(f"rows are missing: {told}")
        return {"rows_per_s": told["rows_per_s"], "server_cpu": told["server_cpu_s"] / told["rows"] * 1e6,
                "client_cpu": told["client_cpu_s"] / told["rows"] * 1e6, "told": told}

    def figures(self, cluster):
        rows = self.amounts.rows["narrow"]
        yield ("append", "narrow"), self.load("append-batch", cluster, rows)
        yield ("scan", "narrow"), self.load("scan", cluster, rows)


def appends_and_scans(driver, cluster):
    """Both shapes are appended; the wide one is read whole and in part."""
    for shape in ("narrow", "wide"):
        yield ("append", shape), driver.append(cluster, shape)
    whole = None
    for columns in (44, 13, 3):
        told = driver.scan(cluster, "wide", columns)
        whole = whole or told["wire_bytes"]
        yield ("scan", columns), {**told, "share": 100 * told["wire_bytes"] / whole}
