"""The list of behaviours in src/conformance, run by the Flink connector on a Flink cluster in one JVM."""

import os
import subprocess
from pathlib import Path

from behaviours import BUILT, check_every_behaviour

HERE = Path(__file__).parent
OUT = BUILT / "flink"
BUILD_SECONDS_MAX = 600  # The first time it is a download of 190 MB.
RUN_SECONDS_MAX = 500
# What Flink's own launcher opens, as far as SQL needs it; the client's Arrow reaches into java.nio.
OPENED = ("java.nio", "java.lang", "java.util", "java.time")
JVM = [
    *("-Xmx768m", "-XX:MaxDirectMemorySize=512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]


def test_every_behaviour_is_as_listed(server, report, tmp_path):
    subprocess.run([HERE / "build.sh", OUT], check=True, timeout=BUILD_SECONDS_MAX)
    class_path = os.pathsep.join([str(OUT / "classes"), str(OUT / "jars/*")])
    program = ["java", *JVM, f"-Djava.io.tmpdir={tmp_path}", "-cp", class_path, "conformance.FlinkConformance"]
    check_every_behaviour(program, "V0_9", HERE, server, report, RUN_SECONDS_MAX)
