"""The list of behaviours in src/conformance, run by one release of the Java client in one JVM."""

import os
from pathlib import Path

from behaviours import check_every_behaviour, java_program

HERE = Path(__file__).parent
RUN_SECONDS_MAX = 200
RELEASES = {"091": "V0_9", "100": "V1_0"}


def test_every_behaviour_is_as_listed(server, report, tmp_path):
    release = os.environ["MILLRACE_JAVA_CLIENT"]
    program = java_program(release, "conformance.Conformance", tmp_path)
    check_every_behaviour(program, RELEASES[release], HERE, server, report, RUN_SECONDS_MAX)
