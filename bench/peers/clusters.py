"""Clusters of this machine, ours and Fluss's, that start and end alike: a command for the shell, an address, processes."""

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANSWER_SECONDS_MAX = 60
END_SECONDS_MAX = 60


def free_ports(count):
    """The first of `count` ports in a row that nobody listens on; the kernel says where to look."""
    while True:
        held = []
        try:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                first = probe.getsockname()[1]
            if first + count > 65535:
                continue
            for port in range(first, first + count):
                one = socket.socket()
                held.append(one)
                one.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in held:
                one.close()


class Millrace:
    """`millrace up` in a folder: launcher, agents and nodes."""

    name = "Millrace"
    ports_per_host = 10

    def __init__(self, programs, folder, hosts):
        self.program = programs / "millrace"
        self.folder = folder
        self.hosts = hosts
        port = free_ports(self.ports_per_host * hosts)
        self.bootstrap = f"127.0.0.1:{port}"
        self.launch = f"{self.program} up --detach --dir {folder} --hosts {hosts} --base-port {port}"
        self.data = folder

    def servers(self):
        """Name -> process id of everything that was started."""
        told = subprocess.run([self.program, "status", "--dir", self.folder, "--json"], capture_output=True, text=True,
                              timeout=END_SECONDS_MAX, check=True)
        status = json.loads(told.stdout)
        pids = {"launcher": status["launcher"]["pid"]}
        for host in status["hosts"]:
            pids[f"agent-{host['host']}"] = host["agent"]["pid"]
            pids[f"node-{host['host']}"] = host["node"]["pid"]
        return pids

    def end(self):
        if self.folder.exists():
            subprocess.run([self.program, "down", "--dir", self.folder], stdout=subprocess.DEVNULL,
                           timeout=END_SECONDS_MAX, check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Fluss:
    """fluss/up.sh in a folder: ZooKeeper, a coordinator server, tablet servers."""

    name = "Fluss"

    def __init__(self, _programs, folder, hosts):
        self.folder = folder
        zookeeper, coordinator, tablets = free_ports(1), free_ports(1), free_ports(hosts)
        self.bootstrap = f"127.0.0.1:{coordinator}"
        self.launch = (f"{HERE}/fluss/up.sh --no-wait --dir {folder} --tablets {hosts} --zk-port {zookeeper} "
                       f"--coord-port {coordinator} --ts-port {tablets}")
        self.data = folder / "data"

    def servers(self):
        return {file.stem: int(file.read_text()) for file in sorted((self.folder / "run").glob("*.pid"))}

    def end(self):
        subprocess.run([HERE / "fluss" / "down.sh", "--dir", self.folder, "--wipe"], timeout=END_SECONDS_MAX,
                       check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def start(cluster, programs):
    """Returns when the cluster answers."""
    subprocess.run(["bash", "-c", cluster.launch], stdout=subprocess.DEVNULL, timeout=ANSWER_SECONDS_MAX, check=True)
    give_up_at = time.monotonic() + ANSWER_SECONDS_MAX
    while True:
        asked = subprocess.run([programs / "millrace", "db", "ls", "--bootstrap", cluster.bootstrap], check=False,
                               capture_output=True, text=True)
        if asked.returncode == 0:
            return
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"{cluster.name} at {cluster.bootstrap} does not answer: {asked.stderr}")
        time.sleep(0.1)


def build_fluss():
    """The peer's jars and the Java driver, where they are not there yet."""
    wanted = [(HERE / "fluss" / "dist", "target/lib/fluss-server-*.jar"), (HERE / "fluss" / "bench", "target/fluss-bench.jar")]
    for folder, made in wanted:
        if not list(folder.glob(made)):
            subprocess.run(["mvn", "-q", "-B", "package"], cwd=folder, check=True)
