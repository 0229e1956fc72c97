"""The list of behaviours in src/conformance, run by one release of the Java client in one JVM."""

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE.parents[2] / ".dev/java"
BUILD_SECONDS_MAX = 120
RUN_SECONDS_MAX = 200
RELEASES = {"091": "V0_9", "100": "V1_0"}
JVM = [
    *("-Xmx256m", "-XX:MaxDirectMemorySize=256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    "--add-opens=java.base/java.nio=ALL-UNNAMED",  # The client's Arrow reaches into it.
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]


def test_every_behaviour_is_as_listed(server, report, tmp_path):
    release = os.environ["MILLRACE_JAVA_CLIENT"]
    bootstrap, whose = server
    subprocess.run([HERE / "build.sh", OUT], check=True, timeout=BUILD_SECONDS_MAX)
    class_path = [OUT / "classes", OUT / f"jars/fluss-client-{release}.jar", OUT / "jars/slf4j-simple.jar"]
    # Whatever is not built here is there in a real Fluss.
    not_built = HERE / "not_built_yet.txt" if whose == "millrace" else os.devnull
    command = ["java", *JVM, f"-Djava.io.tmpdir={tmp_path}", "-cp", os.pathsep.join(map(str, class_path))]
    command += ["conformance.Conformance", bootstrap, whose, RELEASES[release], str(not_built)]
    code, output, errors = run(command)
    print(errors)
    lines = output.splitlines()
    report += [line for line in lines if not line.startswith("ok: ")]
    report.append(f"{sum(line.startswith('ok: ') for line in lines)} behaviours of client {release} on {whose}")
    assert code == 0, "\n".join(line for line in lines if line.startswith(("FAILED: ", "BUILT: ")))
    assert any(line.startswith("ok: ") for line in lines), "no behaviour ran"


def run(command):
    """Exit code, or what stands for it, and what it said. A run that takes too long is ended, and says what it has."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=RUN_SECONDS_MAX)
        return process.returncode, output, errors
    except subprocess.TimeoutExpired:
        process.kill()
        return f"not done within {RUN_SECONDS_MAX} s", *process.communicate()
