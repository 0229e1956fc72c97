"""The `millrace` command of the wheel: becomes the program that lies beside this file."""

import os
import sys
from pathlib import Path


def main() -> None:
    program = Path(__file__).resolve().with_name("bin") / "millrace"
    os.execv(program, [str(program), *sys.argv[1:]])
