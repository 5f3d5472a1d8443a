"""Each lab's quick run, made once and shared by its own tests and the contract's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from optogram.errors import MissingExtraError
from optogram.registry import Registry

LABS = Registry("optogram.lab", "lab")


@dataclass(frozen=True)
class Ran:
    """A lab's result and the processor time that it took."""

    result: Any
    seconds: float


@cache
def _run(name: str) -> Ran | MissingExtraError:
    start = time.process_time()
    try:
        result = LABS.get(name)(quick=True, seed=0, progress=False)
    except MissingExtraError as error:
        return error
    return Ran(result, time.process_time() - start)


@pytest.fixture(scope="session")
def quick() -> Callable[[str], Ran]:
    """`quick("folding").result`: what `optogram lab folding --quick` gives; skips where an extra is not installed."""

    def ran(name: str) -> Ran:
        found = _run(name)
        if isinstance(found, MissingExtraError):
            pytest.skip(str(found))
        return found

    return ran
