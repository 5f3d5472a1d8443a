"""How far a long job has come: a bar after two seconds, a callback, or silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[str, int, int], None]
"""Called with the stage's name, how many are done, and how many there are."""

Progress = bool | Report
"""`True`: a bar on standard error once a job has lasted two seconds. `False`: silence. A function: it is called instead."""

PATIENCE_S = 2.0


@contextmanager
def track(stage: str, total: int, progress: Progress = True) -> Iterator[Callable[[int], None]]:
    """Gives a function that is called with how many more are done.

    The bar shows the count, the rate and the time left; it appears after two seconds and only where standard error is a
    terminal or a notebook, so that logs stay clean.
    """
    done = 0

    if progress is False:
        yield lambda more: None
        return
    if callable(progress):
        report = progress

        def tell(more: int) -> None:
            nonlocal done
            done += more
            report(stage, done, total)

        report(stage, 0, total)
        yield tell
        return

    bar: Any = None
    task: Any = None
    start = time.monotonic()

    def advance(more: int) -> None:
        nonlocal done, bar, task
        done += more
        if bar is None and time.monotonic() - start > PATIENCE_S and _watched():
            bar = _bar()
            task = bar.add_task(stage, total=total)
            bar.start()
        if bar is not None:
            bar.update(task, completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


def numbered(progress: Progress, number: int, of: int) -> Progress:
    """The same progress for one part of a long job: a function is called with `[2/5] sweep` for the stage; a bar and silence stay as they are."""
    if not callable(progress):
        return progress
    report = progress
    return lambda stage, done, total: report(f"[{number}/{of}] {stage}", done, total)


def _watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<12}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=False)
