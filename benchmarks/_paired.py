"""Times of the same work done by several libraries, in turn, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def options(parser: argparse.ArgumentParser, rounds: int) -> None:
    """What every comparison of attribution methods may be told."""
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--inner", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--cold", action="store_true", help="no call to warm up, for those that take minutes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")


def paired(calls: Sequence[Callable[[], Any]], rounds: int, clock: Callable[[], float] = time.perf_counter, cold: bool = False) -> list[list[float]]:
    """Seconds of each call in each round, after one call each to warm up, unless they are to be `cold`."""
    for call in () if cold else calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, kept in zip(calls, times, strict=True):
            start = clock()
            call()
            kept.append(clock() - start)
    return times


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """How many times as long they take: the median over rounds."""
    return statistics.median(one / other for one, other in zip(theirs, ours, strict=True))


def medians(times: Sequence[Sequence[float]], places: int = 2) -> str:
    """Each one's median in seconds, to so many places."""
    return " / ".join(f"{statistics.median(kept):.{places}f} s" for kept in times)
