"""Processors without machine code of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from optogram.network.fast import machine


@pytest.fixture
def without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra `fast` is not installed."""
    monkeypatch.setattr(machine, "_registers", lambda: None)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a system that does not let programs make code."""

    def compiled(builder: object) -> None:
        raise RuntimeError("this system does not let programs make code")

    monkeypatch.setattr("optogram.network.fast._machine_code.compiled", compiled)
    machine.code.cache_clear()
    yield
    machine.code.cache_clear()
