"""One line a stage on standard error: a bar that becomes a record of how many and how fast."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

WIDTH = 20


class Stages:
    """A progress report for builds: `stages(name, done, total)`; each stage leaves one line behind. `greeting` is called before the first."""

    def __init__(self, greeting: Callable[[], None] | None = None) -> None:
        self.stage, self.greeting = "", greeting
        self.began = self.drawn = 0.0
        self.first = 0
        self.last = 0, 0, 0.0
        self.live = sys.stderr.isatty()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Called by the verbs; draws at most ten times a second."""
        if self.greeting is not None:
            greet, self.greeting = self.greeting, None
            greet()
        now = time.monotonic()
        if stage != self.stage or (done == 0 and self.last[0]):
            self._close()
            self.stage, self.began, self.first = stage, now, done
        self.last = done, total, now
        if self.live and now - self.drawn > 0.1:
            self.drawn = now
            print("\r" + self._line(done, total, now), end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Stages:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        if self.stage:
            done, total, now = self.last
            print(("\r" if self.live else "") + self._line(done, total, now), file=sys.stderr, flush=True)
            self.stage = ""

    def _line(self, done: int, total: int, now: float) -> str:
        full = round(WIDTH * done / max(total, 1))
        took = now - self.began
        rate = (done - self.first) / took if took > 0 else 0.0
        left = f"{(total - done) / rate:5.0f} s left" if rate > 0 and done < total else f"{took:5.1f} s     "
        return f"  {self.stage:<18} {'━' * full}{'─' * (WIDTH - full)} {done:>6,}/{total:<6,} {rate:>8.1f}/s  {left}"
