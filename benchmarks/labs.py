"""How long each lab's default run takes, one after the other, each in its own process: rewrites the table in docs/labs.md.

    python benchmarks/labs.py [LAB...] [--threads 2] [--quick]

Labs that are named are measured again, the other rows stay. Wall time from the command's start, imports included; best alone on the machine:
a time far from the processor time per thread says that it was not.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from optogram.registry import Registry

PAGE = Path(__file__).parents[1] / "docs" / "labs.md"
NAMES = tuple(name.replace("_", "-") for name in Registry("optogram.lab", "lab").names())
HEADS = {False: "default", True: "`--quick`"}
TABLE = re.compile(r"(?<=<!-- times -->\n).*?(?=<!-- /times -->)", re.DOTALL)
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def seconds(lab: str, quick: bool, threads: int) -> tuple[float, float]:
    """Wall and processor time of one run with its files kept, as a user sees it."""
    with tempfile.TemporaryDirectory() as folder:
        typed = [str(Path(sys.executable).with_name("optogram")), "lab", lab, "--out", folder, *(["--quick"] if quick else [])]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(typed, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": str(threads)})
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def written(text: str, quick: bool, found: dict[str, float]) -> str:
    """The page with new times in one column."""
    rows = {name: [default.strip(), short.strip()] for name, default, short in ROW.findall(text)}
    for name, wall in found.items():
        rows.setdefault(name, ["", ""])[int(quick)] = f"{wall:.0f} s" if wall >= 9.5 else f"{wall:.1f} s"
    lines = [f"| lab | {HEADS[False]} | {HEADS[True]} |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {rows[name][0]} | {rows[name][1]} |" for name in NAMES if name in rows]
    return TABLE.sub(lambda _: "\n".join(lines) + "\n", text)


def main() -> None:
    """Measures the labs that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*", choices=[[], *NAMES], metavar="LAB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    for lab in given.labs or NAMES:
        wall, own = seconds(lab, given.quick, given.threads)
        print(f"{lab:14s} {wall:6.1f} s, {own:6.1f} s of processors", flush=True)
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), given.quick, {lab: wall}), encoding="utf-8")


if __name__ == "__main__":
    main()
