"""The command line: one command a file. `cli/foo.py` defines the function `foo`, and `optogram foo` is there."""

from __future__ import annotations

import sys


def main() -> None:
    """What the script `optogram` runs; ends the process with the command's exit code."""
    from optogram import memory
    from optogram.cli._app import run

    memory.hold()
    sys.exit(run(sys.argv[1:]))
