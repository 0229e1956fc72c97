"""The list of behaviours in src, run by fluss-rs."""

import subprocess
from pathlib import Path

from behaviours import BUILT, check_every_behaviour

HERE = Path(__file__).parent
OUT = BUILT / "rust"
BUILD_SECONDS_MAX = 1500  # The first time it compiles three hundred crates.
RUN_SECONDS_MAX = 300


def test_every_behaviour_is_as_listed(server, report):
    subprocess.run([HERE / "build.sh", OUT], check=True, timeout=BUILD_SECONDS_MAX)
    check_every_behaviour([OUT / "debug/conformance"], "1.0.0", HERE, server, report, RUN_SECONDS_MAX)
