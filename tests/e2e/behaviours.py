"""For the suites that are a program with a list of behaviours: a server for it, running it, and what its lines mean.

MILLRACE_E2E_BOOTSTRAP=host:port  tests that server: Fluss 0.9.1, unless MILLRACE_E2E_SERVER=millrace
MILLRACE_BIN=folder               otherwise: where the programs are that start a cluster of ours

The program is called with BOOTSTRAP SERVER RELEASE NOT_BUILT_YET and prints a line for each behaviour, as
java/src/conformance/Runner.java says.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "pyfluss"))
from cluster import Cluster  # noqa: E402

BUILT = HERE.parents[1] / ".dev"
BUILD_SECONDS_MAX = {"java": 120, "rust": 1500}  # Rust compiles three hundred crates the first time.
JVM = [
    *("-Xmx256m", "-XX:MaxDirectMemorySize=256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    "--add-opens=java.base/java.nio=ALL-UNNAMED",  # The client's Arrow reaches into it.
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]
_report = pytest.StashKey[list]()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a server, and whose it is: millrace or fluss."""
    foreign = os.environ.get("MILLRACE_E2E_BOOTSTRAP")
    if foreign:
        yield foreign, os.environ.get("MILLRACE_E2E_SERVER", "fluss")
        return
    running = Cluster(tmp_path_factory.mktemp("cluster") / "c", hosts=3)
    yield running.bootstrap(), "millrace"
    running.down()


@pytest.fixture
def report(pytestconfig):
    """Lines for the end of the output, where they are seen even if everything passed."""
    return pytestconfig.stash.setdefault(_report, [])


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(_report, []):
        terminalreporter.write_line(line)


def built(suite):
    """Where the program of `java` or `rust` is, which is built if something changed."""
    out = BUILT / suite
    subprocess.run([HERE / suite / "build.sh", out], check=True, timeout=BUILD_SECONDS_MAX[suite])
    return out


def java_program(release, main, folder):
    """The command that runs a class of the Java suite with a release of the client. `folder` is for its files."""
    out = built("java")
    class_path = [out / "classes", out / f"jars/fluss-client-{release}.jar", out / "jars/slf4j-simple.jar"]
    return ["java", *JVM, f"-Djava.io.tmpdir={folder}", "-cp", os.pathsep.join(map(str, class_path)), main]


def check_every_behaviour(program, client, suite, server, report, seconds_max):
    """`program` is a command; `client` its release, `suite` the folder of its list of what is not built yet."""
    bootstrap, whose = server
    # Whatever is not built here is there in a real Fluss.
    not_built = suite / "not_built_yet.txt" if whose == "millrace" else os.devnull
    code, output, errors = run([*program, bootstrap, whose, client, str(not_built)], seconds_max)
    print(errors)
    lines = output.splitlines()
    report += [line for line in lines if not line.startswith("ok: ")]
    report.append(f"{sum(line.startswith('ok: ') for line in lines)} behaviours of {suite.name} {client} on {whose}")
    assert code == 0, "\n".join(line for line in lines if line.startswith(("FAILED: ", "BUILT: ")))
    assert any(line.startswith("ok: ") for line in lines), "no behaviour ran"


def run(command, seconds_max):
    """Exit code, or what stands for it, and what it said. A run that takes too long is ended, and says what it has."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=seconds_max)
        return process.returncode, output, errors
    except subprocess.TimeoutExpired:
        process.kill()
        return f"not done within {seconds_max} s", *process.communicate()
