"""The command line: one command a file. `cli/foo.py` defines the function `foo`, and `optogram foo` is there."""

from __future__ import annotations

import sys


def main() -> None:
    """What the script `optogram` runs; ends the process with the command's exit code."""
    from optogram.cli._app import run

    sys.exit(run(sys.argv[1:]))
