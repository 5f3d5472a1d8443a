"""Ctrl-C that lets a long job end tidily: the first one is noted, the second one ends everything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def control_c() -> Iterator[list[int]]:
    """A list that is empty until Ctrl-C is pressed, for a job that asks `stop=lambda: bool(pressed)` at each step."""
    pressed: list[int] = []

    def note(number: int, frame: object) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread alone
        yield pressed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
