from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optogram.errors import SettingError
from optogram.evidence._making import STEPS, UNITS, Making
from optogram.network.site import Site

SITE = Site("layer", "convolution", "spatial", 40, (5, 5), 0)


def test_a_number_or_a_mapping_says_how_pictures_are_made() -> None:
    assert Making.of(None) == Making(UNITS, STEPS)
    assert Making.of(12) == Making(12, STEPS)
    assert Making.of({"units": ["layer:3", "layer:5"], "steps": 9, "canvas": "pixel"}) == Making(("layer:3", "layer:5"), 9, {"canvas": "pixel"})
    assert str(Making.of({"steps": 9, "canvas": "pixel"})) == f"{UNITS} units, 9 steps, canvas pixel"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"stps": 3}, "Nearest: steps"),
        ({"seed": 3}, "no setting for pictures"),
        (7, "at least 8 units have one; got 7"),
        ({"steps": 0}, "at least 1 step"),
        ({"units": "layer:3"}, "list of addresses"),
    ],
)
def test_what_cannot_be_is_refused(asked: object, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        Making.of(asked)


def test_one_address_twice_is_one_unit() -> None:
    with pytest.raises(SettingError, match="got 7"):
        Making.of({"units": ["layer:0-6", "layer:3"]}).resolved([*(f"layer:{unit}" for unit in range(7)), "layer:3"])


def test_finished_pictures_are_refused_since_twins_need_the_same_steps() -> None:
    with pytest.raises(SettingError, match="made anew, alike for the network and its twins; got ndarray"):
        Making.of(np.zeros((8, 3, 4, 4)))


def test_units_are_drawn_among_the_living_and_depend_on_the_seed_alone() -> None:
    alive = np.ones(40, bool)
    alive[::3] = False
    making = Making(10)
    chosen = making.chosen(SITE, alive, 0)
    assert len(chosen) == len(set(chosen.tolist())) == 10
    assert alive[chosen].all()
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, making.chosen(SITE, alive, 0))
    assert chosen.tolist() != making.chosen(SITE, alive, 1).tolist()
    assert chosen.tolist() != making.chosen(replace(SITE, address="other"), alive, 0).tolist()
    counts = np.bincount(np.concatenate([making.chosen(SITE, alive, seed) for seed in range(300)]), minlength=40)
    assert (counts[~alive] == 0).all()
    expected = 300 * 10 / alive.sum()
    assert (np.abs(counts[alive] - expected) < 5 * np.sqrt(expected)).all(), "each living unit as often as any other"
    assert Making(99).chosen(SITE, alive, 0).tolist() == np.flatnonzero(alive).tolist()


def test_addresses_choose_their_own_site_only() -> None:
    making = Making(("layer:7", "other:1", "layer:2", "layer:7"))
    assert making.chosen(SITE, np.zeros(40, bool), 0).tolist() == [2, 7]
