"""The list of behaviours in src, run by fluss-rs."""

from pathlib import Path

from behaviours import built, check_every_behaviour

HERE = Path(__file__).parent
RUN_SECONDS_MAX = 300


def test_every_behaviour_is_as_listed(server, report):
    program = built("rust") / "debug/conformance"
    check_every_behaviour([program], "1.0.0", HERE, server, report, RUN_SECONDS_MAX)
