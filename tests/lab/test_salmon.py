from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from optogram.lab._corrections import IN_SPACE, SPACELESS, ManyT, called, fixed_heights
from optogram.lab._scan import design
from optogram.lab.salmon import SHAPE, plant, scanned, school, usual
from optogram.statistics.intervals import clopper_pearson
from optogram.statistics.multiplicity import adjust

SMALL = (8, 8, 8)
INDEX = {name: index for index, name in enumerate(IN_SPACE)}
CORRECTED = [name for name in IN_SPACE if name != "uncorrected"]


def schooled(fish: int, shape: tuple[int, int, int] = SMALL, **kind: Any) -> dict[str, np.ndarray]:
    found = school(design(), shape, fish, 0, lambda _: None, **kind)
    return {name: found.active[:, index] for name, index in INDEX.items()}


@pytest.mark.parametrize(("fish", "shape"), [(200, SMALL), pytest.param(1000, SHAPE, marks=pytest.mark.slow)])
def test_dead_fish_light_up_uncorrected_and_not_corrected(fish: int, shape: tuple[int, int, int]) -> None:
    found = schooled(fish, shape)
    for name in CORRECTED:
        assert clopper_pearson(int((found[name] > 0).sum()), fish).low <= 0.05, name
    if shape == SHAPE:
        assert clopper_pearson(int((found["uncorrected"] > 0).sum()), fish).low > 0.3
        assert (found["max-T"] > 0).mean() >= 0.02, "max-T is not conservative"


def test_noise_that_remembers_deceives_every_correction() -> None:
    """Ordinary least squares takes scans for independent: its t is too large, whatever is done about the number of voxels."""
    found = schooled(12, autocorrelation=0.6)
    for name in IN_SPACE:
        assert clopper_pearson(int((found[name] > 0).sum()), 12).low > 0.05, name


def test_uncorrected_voxels_are_as_many_as_chance_gives() -> None:
    assert stats.t.sf(3.15, 131) == pytest.approx(0.0010115, abs=5e-8)
    assert stats.t.sf(3.15, 131) * np.prod(SHAPE) == pytest.approx(8.16, abs=0.005)
    t = np.concatenate([scanned(design(), SMALL, np.random.default_rng([4, n]), 19)[0].ravel() for n in range(60)])
    share = float((t > fixed_heights(512, 158)["uncorrected"]).mean())
    assert share == pytest.approx(0.001, abs=0.0006)
    assert t.std() == pytest.approx(stats.t.std(158), abs=0.03)


def test_a_living_fish_is_found_and_correction_costs_power() -> None:
    planted = plant(SMALL)
    found = school(design(), SMALL, 12, 1, lambda _: None, planted=planted).found.mean(axis=0)
    assert found[INDEX["uncorrected"]] > 0.9
    assert found[INDEX["max-T"]] > 0.7
    assert found[INDEX["random field n"]] <= found[INDEX["random field n-1"]] <= found[INDEX["uncorrected"]]
    t, _ = scanned(design(), SMALL, np.random.default_rng(0), 19, signal=5.0 * planted)
    assert t[planted].mean() == pytest.approx(5.0, abs=1.0)


def test_each_method_is_its_rule() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((41, 30))
    direction = rng.standard_normal(41)
    values[:, 0] += 1.5 * direction
    tests = ManyT(values / np.linalg.norm(values, axis=0), direction / np.linalg.norm(direction), 40)
    found = called(tests, fixed_heights(30, 40), 99, 7)
    slow = [tests.direction @ column * np.sqrt(40 / (1 - (tests.direction @ column) ** 2)) for column in tests.reduced.T]
    np.testing.assert_allclose(tests.t, slow)
    p = stats.t.sf(slow, 40)
    np.testing.assert_array_equal(found["uncorrected"], p < 0.001)
    np.testing.assert_array_equal(found["Bonferroni"], p < 0.05 / 30)
    np.testing.assert_array_equal(found["FDR"], adjust(p) <= 0.05)
    draws = tests.greatest(99, 7)
    np.testing.assert_array_equal(found["max-T"], [(1 + (draws >= value).sum()) / 100 <= 0.05 for value in slow])
    assert found["max-T"][0]


def test_an_untrained_network_has_detectors(quick: Callable[[str], Any]) -> None:
    result = quick("salmon").result
    assert result["detectors-uncorrected"] > 0
    said = result.finding("detectors-uncorrected").sentence
    assert "that has learned nothing are cat detectors" in said
    assert "crops of one photograph" in said
    assert result.finding("detectors-max-t").chance <= 1, "with labels shuffled the correction holds"
    assert result.detectors.shape == (6, len(SPACELESS))
    spread = result.detectors[1:, 0]
    assert spread.min() <= result.finding("detectors-uncorrected").control <= spread.max()
    assert f"{spread.min()} to {spread.max()}" in said


def test_what_is_drawn_is_a_dead_fish(quick: Callable[[str], Any]) -> None:
    result = quick("salmon").result
    lit = sorted(count for count in result.dead[:, 0] if count)
    assert result.masks[0].sum() == lit[(len(lit) - 1) // 2]
    drawn = usual(result.dead[:, 0])
    np.testing.assert_array_equal(result.masks.sum(axis=(1, 2, 3)), result.dead[drawn])
    assert usual(np.zeros(3, int)) == 0
