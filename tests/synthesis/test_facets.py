"""How many things drive a unit: none where it is dead, one where it is linear, all where there are several (`test_planted_canvases.py`)."""

from __future__ import annotations

import numpy as np
import pytest

from optogram.errors import SettingError
from optogram.synthesis.facets import Facets, facets
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.diversity import diversity
from optogram.synthesis.speed import MOST_ROWS
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import planted

TRUTH = planted(1)
DEAD = TRUTH.addresses["dead"]


def found(address: str, **settings: object) -> Facets:
    usual = {"most": 3, "canvas": "pixel", "steps": 40, "transforms": (), "size": 12, "weight": 0.1, "progress": False}
    return facets(TRUTH.network, address, "templates", **{**usual, **settings})  # type: ignore[arg-type]


def test_a_dead_unit_has_none_and_a_constant_one_too() -> None:
    dead = found(DEAD.replace("templates", "rectified"))
    assert set(dead.pictures.verdict) == {"dead start"}
    assert dead.count == 0
    assert found(TRUTH.addresses["constant"], weight=0.0).count == 0


def test_a_linear_unit_has_one_also_where_it_stays_below_zero() -> None:
    """Pictures of one template differ in what costs nothing, by far less than what counts as another kind."""
    assert found(TRUTH.addresses["spot"] + "@0,0").count == 1
    low = found(DEAD, weight=0.0, steps=20)  # -1 and less: its best is black
    assert low.pictures.activations.max() < 0
    assert low.count == 1


def test_what_counts_is_strong_and_unlike_what_was_counted() -> None:
    """Of the unit that any of three templates drives: a higher bar of strength or likeness leaves fewer, a lower one no fewer."""
    net, address = TRUTH.network, "any_of:0@0,0"
    settings = {"canvas": "pixel", "steps": 60, "transforms": (), "size": 12, "progress": False}
    usual = facets(net, address, "templates", most=4, weight=0.3, **settings)  # type: ignore[arg-type]
    reached, cosines = usual.pictures.activations, usual.cosines
    assert usual.kinds[0] == int(np.argmax(reached))
    for number, kind in enumerate(usual.kinds):
        assert reached[kind] >= 0.5 * reached.max()
        assert all(cosines[kind, before] < 0.9 for before in usual.kinds[:number])
    left = [index for index in range(4) if index not in usual.kinds]
    assert all(reached[index] < 0.5 * reached.max() or max(cosines[index, kind] for kind in usual.kinds) >= 0.9 for index in left)
    assert facets(net, address, "templates", most=4, weight=0.3, alike=-1.0, **settings).count == 1  # type: ignore[arg-type]
    assert facets(net, address, "templates", most=4, weight=0.3, alike=1.1, strong=0.0, **settings).count == 4  # type: ignore[arg-type]
    assert facets(net, address, "templates", most=4, weight=0.3, alike=1.1, strong=1.0, **settings).count == 1  # type: ignore[arg-type]
    assert cosines.diagonal() == pytest.approx(1, abs=1e-5)


def test_however_many_differ_they_climb_together_unless_fewer_at_once_were_asked_for() -> None:
    def differing(count: int) -> list[Objective]:
        return diversity(TRUTH.network.unit(TRUTH.addresses["spot"]), count, TRUTH.network.site("templates"))

    most = MOST_ROWS + 1
    assert len(synthesize(TRUTH.network, differing(most), steps=1, progress=False).images) == most
    with pytest.raises(SettingError, match="batch_size=2 is too small"):
        synthesize(TRUTH.network, differing(3), steps=1, batch_size=2, progress=False)
