from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optogram.errors import InputError, SettingError
from optogram.images.open_images import open_images
from optogram.lab.invariance import InvarianceResult, _of_bar, invariance
from optogram.physiology.invariance import LEVELS, UNCHANGED


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> InvarianceResult:
    found: InvarianceResult = quick("invariance").result
    return found


def test_unchanged_photographs_are_answered_alike(found: InvarianceResult) -> None:
    assert found["unchanged"] == pytest.approx(1)


def test_four_curves_a_layer_stand_beside_the_twin_s(found: InvarianceResult) -> None:
    """One row a site, one column a level, for the network and for the twin; where nothing changes both are 1."""
    for change, levels in LEVELS.items():
        own, twin = getattr(found, change), getattr(found, f"twin_{change}")
        assert own.shape == twin.shape == (len(found.sites), len(levels))
        same = levels.index(UNCHANGED[change])
        np.testing.assert_allclose([own[:, same], twin[:, same]], 1, atol=1e-6)
        assert not np.allclose(own, twin, atol=0.05)
        assert max(own.max(), twin.max()) <= 1 + 1e-6


def test_position_matters_less_above_than_below_and_more_in_the_twin(found: InvarianceResult) -> None:
    """The demo network was trained on crops: its last layer tolerates shifts that its first does not, and that its twin does not."""
    assert found.position[-1, 4] > found.position[0, 4]
    assert found["position"] > (found.finding("position").control or 1)


def test_curves_fall_away_from_no_change(found: InvarianceResult) -> None:
    assert (np.diff(found.position, axis=1) <= 0.02).all()
    assert (found.orientation[:, 0] > found.orientation[:, -1]).all()


def test_the_bar_goes_from_field_to_field(found: InvarianceResult) -> None:
    assert found["bar"] > 0.95


def test_few_photographs_are_refused() -> None:
    with pytest.raises(SettingError, match="at least 10"):
        invariance(open_images(np.zeros((4, 64, 64, 3), np.uint8)), quick=True, progress=False)


def test_a_unit_without_neighbours_is_refused_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optogram.lab.invariance.shown", lambda *given: pytest.fail("photographs were read"))
    with pytest.raises(InputError, match="head_photo has one place: name a unit that has rows and columns"):
        invariance(unit="head_photo:2", quick=True, progress=False)


def test_a_unit_that_no_bar_drives_is_told() -> None:
    (told,) = _of_bar("relu1:4", np.arange(5.0), np.zeros((5, 7)))
    assert told.value == 0
    assert told.sentence.startswith("0 neurons of relu1:4 answer")


def test_pictures_are_drawn(found: InvarianceResult) -> None:
    assert set(found.pictures()) == {"curves", "bar"}
