from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.evidence._view import Patches, SiteView
from optogram.evidence.gabor_like import fitted, gabor_like, gains, said
from optogram.physiology.gabor import drawn, fit, scrambled
from optogram.statistics.intervals import clopper_pearson
from optogram.statistics.multiplicity import adjust
from optogram.statistics.permutation import pooled_p

SIDE = 9


def view(pictures: np.ndarray | None, units: int | None = None) -> SiteView:
    units = len(pictures) if pictures is not None else units
    patches = Patches(np.eye(4, dtype=np.float32), np.array([0, 0, 1, 1]), np.arange(4))
    return SiteView(SimpleNamespace(address="site", units=units), np.zeros((4, units), np.float32), patches, recorded={"filters": pictures})


def gabors(rng: np.random.Generator, count: int, noise: float = 0.0) -> np.ndarray:
    """Windowed waves of random place, width, orientation, frequency and phase; `noise` is its share of a filter's standard deviation."""
    found = []
    for _ in range(count):
        row, column = rng.uniform(3.2, 4.8, 2)
        sigma = (rng.uniform(1.3, 2.0), rng.uniform(1.5, 2.4))
        one = drawn((SIDE, SIDE), row, column, sigma, rng.uniform(0, 180), rng.uniform(0.15, 0.3), rng.uniform(0, 180))
        found.append(one / one.std() + noise * rng.standard_normal((SIDE, SIDE)))
    return np.stack(found)


def test_planted_gabors_are_found_and_their_scrambled_selves_are_not() -> None:
    right, wrong = 0, 0
    for seed in (11, 12):
        rng = np.random.default_rng(seed)
        others = np.stack([scrambled(one, 100 + number) for number, one in enumerate(gabors(rng, 5))])
        found = gabor_like.measure(view(np.concatenate([gabors(rng, 5, 0.3), others])))
        right += int((found.q[:5] <= 0.05).sum())
        wrong += int((found.q[5:] <= 0.05).sum())
        assert found.effect[:5].min() > 0.75
        assert found.floor == pytest.approx(1 / (1 + 10 * 19))
        low, high = gabor_like.interval(view(None, 10), found)
        np.testing.assert_array_equal(low, found.effect)
        np.testing.assert_array_equal(high, found.effect)
    assert right >= 8
    assert wrong <= 1, "one in twenty of those found may be wrong"


def test_the_effect_is_the_share_explained() -> None:
    pictures = gabors(np.random.default_rng(3), 2, 0.5)
    own, left = fitted(pictures, 2)
    for index, picture in enumerate(pictures):
        rest = picture / np.linalg.norm(picture - picture.mean()) - own[index].fitted
        explained = 1 - (rest**2).sum()
        assert own[index].r2 == pytest.approx(explained, abs=1e-6)
        assert left[0, index] == pytest.approx(np.log(1 - explained), abs=1e-4)
        assert left[2, index] == pytest.approx(np.log(1 - fit(scrambled(picture, 2)[None])[0].r2), abs=1e-3)
    assert "stripes at" in said(own[0])
    blob = fit(np.exp(-((np.mgrid[:SIDE, :SIDE] - 4) ** 2).sum(0) / 8)[None])[0]
    assert "a blob or an edge" in said(blob)


def calibrated(families: int, shift: float = 0.0) -> int:
    """How many families of filters that are as hard to fit as their scrambled selves claim anything; each has a level and a spread of its own."""
    rng = np.random.default_rng(4)
    claims = 0
    for _ in range(families):
        left = rng.normal(0, 1, 24) + rng.uniform(0.4, 0.8, 24) * rng.standard_normal((20, 24))
        left[0] -= shift
        gain, pool = gains(left)
        claims += bool((adjust(pooled_p(gain, pool)) <= 0.05).any())
    return claims


def test_without_truth_at_most_five_per_cent_of_families_claim_anything() -> None:
    assert clopper_pearson(calibrated(300), 300).low <= 0.05
    assert clopper_pearson(calibrated(60, shift=1.0), 60).low > 0.05, "the calibration can fail"


@pytest.mark.slow
def test_real_scrambled_filters_keep_the_level() -> None:
    rng = np.random.default_rng(5)
    claims = 0
    for number in range(40):
        pictures = np.stack([scrambled(one, 1000 + 8 * number + index) for index, one in enumerate(gabors(rng, 8, 0.3))])
        claims += bool((gabor_like.measure(view(pictures)).q <= 0.05).any())
    assert clopper_pearson(claims, 40).low <= 0.05


def test_what_has_no_filters_says_why() -> None:
    deeper = gabor_like.measure(view(None, 3))
    assert not deeper.tested.any()
    assert deeper.notes == ("it sees no pixels",) * 3
    small = gabor_like.measure(view(np.random.default_rng(0).standard_normal((3, 5, 5))))
    assert small.notes[0] == "its kernel of 5x5 is under 7x7"
    pictures = gabors(np.random.default_rng(6), 3)
    pictures[1] = 0.5
    found = gabor_like.measure(view(pictures))
    assert np.flatnonzero(~found.tested).tolist() == [1]
    assert found.notes[1] == "its weights are all equal"


def network(planted: bool) -> og.Network:
    rng = np.random.default_rng(8)
    module = nn.Sequential(nn.Conv2d(3, 6, SIDE), nn.ReLU(), nn.Conv2d(6, 4, 3))
    if planted:
        colours = rng.uniform(0.5, 1, (6, 3, 1, 1))
        module[0].weight.data = torch.from_numpy(0.05 * colours * gabors(rng, 6, 0.2)[:, None]).float()
    return og.Network(module, og.Preprocess(size=24), name="first layer")


def test_a_network_of_gabors_is_judged_beyond_its_twins() -> None:
    net = network(planted=True)
    pictures = np.random.default_rng(0).integers(0, 256, (24, 24, 24, 3)).astype(np.uint8)
    found = og.judge(net, og.open_images(pictures), claims=["gabor_like"], twins=4, progress=False)
    first = found.family("0", "gabor_like")
    assert (first.observed > first.families).all()
    assert "explained by a Gabor function" in first.sentence
    assert {row.verdict for row in found if row.site == "2"} == {"not tested"}
    tested = [row for row in found if row.site == "0" and row.null == "phase-scrambled"]
    assert all(row.floor <= row.p <= row.q for row in tested)
    assert "stripes at" in tested[0].sentence
