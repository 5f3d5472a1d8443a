from __future__ import annotations

import io
import sys

import pytest

from optogram import progress
from optogram.progress import track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_function_is_told_the_stage_the_count_and_the_total() -> None:
    calls: list[tuple[str, int, int]] = []
    with track("sweep", 10, lambda *call: calls.append(call)) as advance:
        advance(4)
        advance(6)
    assert calls == [("sweep", 0, 10), ("sweep", 4, 10), ("sweep", 10, 10)]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_log_stays_clean(monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setattr(progress, "PATIENCE_S", -1.0)
    with track("sweep", 2, wanted) as advance:
        advance(2)
    assert log.getvalue() == ""


def test_a_terminal_sees_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE_S", -1.0)
    with track("sweep", 7) as advance:
        advance(3)
        advance(4)
    assert "sweep" in terminal.getvalue()
    assert "7/7" in terminal.getvalue()


def test_a_short_job_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with track("sweep", 7) as advance:
        advance(7)
    assert terminal.getvalue() == ""


def test_the_bar_ends_when_the_job_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    made = progress._bar

    def bar() -> object:
        found = made()
        stop = found.stop
        monkeypatch.setattr(found, "stop", lambda: (stopped.append(True), stop()))
        return found

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress, "PATIENCE_S", -1.0)
    monkeypatch.setattr(progress, "_bar", bar)
    with pytest.raises(ZeroDivisionError), track("sweep", 7) as advance:
        advance(1)
        raise ZeroDivisionError
    assert stopped == [True]
