from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from optogram.errors import InputError
from optogram.lab.sta import StaResult, sta


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> StaResult:
    found: StaResult = quick("sta").result
    return found


def test_planted_filters_come_back(found: StaResult) -> None:
    assert found["white"] >= 0.95
    assert found["natural"] >= 0.95


def test_the_controls(found: StaResult) -> None:
    assert found["undivided"] < 0.92 < found["natural"]
    assert found.likeness[0].mean() < found.likeness[-1].min()


def test_the_energy_unit(found: StaResult) -> None:
    assert found["axes"] == 2
    assert found["subspace"] >= 0.95
    assert found.variances[0] > found.high > 1 > found.low


def test_the_real_unit_s_weights(found: StaResult) -> None:
    assert found.weights is not None
    assert found["real"] > 0.8


def test_few_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1,024"):
        sta(pictures=10)


def test_pictures_are_drawn(found: StaResult) -> None:
    assert set(found.pictures()) == {"filters", "axes", "growth", "unit"}
