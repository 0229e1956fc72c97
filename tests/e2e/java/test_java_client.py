"""The list of behaviours in src/conformance, run by one release of the Java client in one JVM."""

import os
import subprocess
from pathlib import Path

from behaviours import BUILT, check_every_behaviour

HERE = Path(__file__).parent
OUT = BUILT / "java"
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
    subprocess.run([HERE / "build.sh", OUT], check=True, timeout=BUILD_SECONDS_MAX)
    class_path = [OUT / "classes", OUT / f"jars/fluss-client-{release}.jar", OUT / "jars/slf4j-simple.jar"]
    program = ["java", *JVM, f"-Djava.io.tmpdir={tmp_path}", "-cp", os.pathsep.join(map(str, class_path))]
    program.append("conformance.Conformance")
    check_every_behaviour(program, RELEASES[release], HERE, server, report, RUN_SECONDS_MAX)
