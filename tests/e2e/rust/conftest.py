"""Where the suite gets a server from: see ../behaviours.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from behaviours import pytest_terminal_summary, report, server  # noqa: E402, F401
