from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from optogram.evidence._view import Patches, SiteView
from optogram.evidence.alive import alive, resting, states
from optogram.statistics.intervals import clopper_pearson

PHOTOGRAPHS, PROBES = 120, 4


def view(responses: np.ndarray) -> SiteView:
    photograph = np.repeat(np.arange(PHOTOGRAPHS), PROBES)
    seen = Patches(np.eye(len(photograph), dtype=np.float32), photograph % 2, photograph)
    return SiteView(SimpleNamespace(address="site", units=responses.shape[1]), responses.astype(np.float32), seen)


@pytest.fixture
def planted() -> SiteView:
    """Continuous; rectified; on one photograph only; on 30; dead; constant; saturated at 6 but for 40 patches of 10 photographs."""
    rng = np.random.default_rng(0)
    patches = PHOTOGRAPHS * PROBES
    rectified = np.maximum(rng.standard_normal(patches) - 0.5, 0)
    once, often = np.zeros(patches), np.zeros(patches)
    once[4:8] = [1, 2, 3, 4]
    often[: 30 * PROBES : PROBES] = 0.5
    saturated = np.full(patches, 6.0)
    saturated[:40] = rng.uniform(0, 5, 40)
    return view(np.stack([rng.standard_normal(patches), rectified, once, often, np.zeros(patches), np.full(patches, 0.5), saturated], axis=1))


def test_photographs_that_make_a_unit_respond_are_counted(planted: SiteView) -> None:
    found = alive.measure(planted)
    rectified = planted.responses[:, 1].reshape(PHOTOGRAPHS, PROBES)
    expected = [PHOTOGRAPHS, (rectified > 0).any(axis=1).sum(), 1, 30, 0, 0, 10]
    np.testing.assert_allclose(found.effect * PHOTOGRAPHS, expected)
    np.testing.assert_allclose(found.p, [stats.binomtest(int(count), PHOTOGRAPHS, 0.01, "greater").pvalue for count in expected])
    assert (found.p >= found.floor).all()
    assert found.floor > 0
    low, high = alive.interval(planted, found)
    exact = clopper_pearson(np.array(expected), PHOTOGRAPHS)
    np.testing.assert_allclose((low, high), (exact.low, exact.high))


def test_states_are_named(planted: SiteView) -> None:
    notes = alive.measure(planted).notes
    assert notes[0] == "Responds on 120 of 120 photographs"
    assert notes[2].endswith("Responds on 1 of 120 photographs; rare")
    assert notes[3] == "Responds on 30 of 120 photographs"
    assert notes[4] == "Dead: 0 on all 120 photographs"
    assert notes[5] == "Constant: 0.5 on all 120 photographs"
    assert notes[6].endswith("saturated: mostly at its greatest value, 6")


def test_only_units_that_respond_are_said_to() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(40):
        responds = rng.uniform(size=(PHOTOGRAPHS, 30)) < 0.01
        hits += bool((alive.measure(view(np.repeat(responds, PROBES, axis=0))).q <= 0.05).any())
    assert clopper_pearson(hits, 40).low <= 0.05


def test_the_resting_value_is_the_most_common_one() -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(0, 4, (60, 25)).astype(np.float32)
    rest, repeated = resting(values)
    for unit in range(25):
        numbers, counts = np.unique(values[:, unit], return_counts=True)
        assert rest[unit] == numbers[counts == counts.max()].min()
    assert repeated.all()
    assert not resting(np.arange(6, dtype=np.float32)[:, None])[1].any()


def test_a_unit_that_is_usually_high_and_not_flat_is_not_saturated() -> None:
    assert states(np.array([1.0, 2, 3, 3]), 1.0, 3.0) == ""
    assert states(np.array([1.0, 3, 3, 3]), 1.0, 3.0) == "saturated"
