from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from optogram.evidence._view import Patches, SiteView, similarity
from optogram.evidence.privileged import ROTATIONS, agreement, privileged, rotated
from optogram.statistics.intervals import clopper_pearson

UNITS, PROBES = 24, 4


def seen(features: np.ndarray, responses: np.ndarray) -> SiteView:
    photograph = np.repeat(np.arange(len(features) // PROBES), PROBES)
    patches = Patches(similarity(features.astype(np.float32)), photograph % 2, photograph)
    return SiteView(SimpleNamespace(address="site", units=UNITS), responses.astype(np.float32), patches)


def things(rng: np.random.Generator, photographs: int = 200, noise: float = 0.3) -> SiteView:
    """Each patch shows one or two of 24 things, more or less of each, and each unit answers to one of them: the units' axes are the things'."""
    patches = photographs * PROBES
    shows = np.zeros((patches, UNITS))
    for row in shows:
        row[rng.choice(UNITS, 2, replace=False)] = rng.uniform(0.5, 1.5, 2)
    looks = rng.standard_normal((UNITS, 40))
    return seen(shows @ looks + 0.3 * rng.standard_normal((patches, 40)), shows + noise * rng.standard_normal(shows.shape))


def nothing_special(rng: np.random.Generator, photographs: int = 60) -> SiteView:
    """Gaussian features read along random axes: any rotation of the units is as good as the units."""
    features = rng.standard_normal((photographs * PROBES, UNITS))
    rotation = np.linalg.qr(rng.standard_normal((UNITS, UNITS)))[0]
    return seen(features, features @ rotation + 0.7 * rng.standard_normal(features.shape))


def test_a_rotation_keeps_what_the_units_know_together() -> None:
    shown = things(np.random.default_rng(0), 40)
    shown.responses[:, 5] = 2.0
    turned = rotated(shown, 1)
    assert (turned.responses[:, 5] == 0).all(), "dead units stay dead"
    living = np.delete(np.arange(UNITS), 5)
    known = shown.responses[:, living]
    standard = (known - known.mean(axis=0)) / known.std(axis=0)
    np.testing.assert_allclose(turned.responses[:, living] @ turned.responses[:, living].T, standard @ standard.T, atol=2e-3)
    assert not np.allclose(turned.responses, rotated(shown, 2).responses)
    assert np.flatnonzero(np.isnan(privileged.measure(shown).effect)).tolist() == [5]


def test_agreement_is_the_cosine_of_mean_directions() -> None:
    rng = np.random.default_rng(1)
    features = rng.standard_normal((160, 12))
    shown = seen(features, rng.standard_normal((160, UNITS)))
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    for unit in (0, 7):
        means = []
        for fold in (0, 1):
            rows = np.flatnonzero(shown.patches.fold == fold)
            means.append(z[sorted(rows, key=lambda row: shown.responses[row, unit])[-9:]].mean(axis=0))
        assert agreement(shown)[unit] == pytest.approx(means[0] @ means[1] / np.linalg.norm(means[0]) / np.linalg.norm(means[1]), abs=1e-4)


def test_units_along_the_things_are_privileged() -> None:
    found = [privileged.measure(things(np.random.default_rng(seed))) for seed in (1, 2)]
    assert np.mean([(one.q <= 0.05).mean() for one in found]) >= 0.8
    assert all(privileged.families(one, []).observed > 0.2 for one in found)


def test_units_along_nothing_are_not() -> None:
    rng = np.random.default_rng(2)
    trials = 40
    claims = sum(bool((privileged.measure(nothing_special(rng)).q <= 0.05).any()) for _ in range(trials))
    assert clopper_pearson(claims, trials).low <= 0.05


def test_things_turned_are_not_privileged_either() -> None:
    """The same site in a rotated basis: it knows as much, and its new axes are nothing special."""
    found = privileged.measure(rotated(things(np.random.default_rng(3)), 99))
    assert (found.q <= 0.05).mean() <= 0.1
    assert abs(privileged.families(found, []).observed) < 0.1


def test_the_null_is_all_random_directions() -> None:
    shown = nothing_special(np.random.default_rng(3))
    found = privileged.measure(shown)
    null = np.concatenate([agreement(rotated(shown, number)) for number in range(ROTATIONS)])
    own = agreement(shown)
    assert found.draws == null.size == ROTATIONS * UNITS
    np.testing.assert_array_equal(found.at_least, [(null >= value).sum() for value in own])
    np.testing.assert_allclose(found.effect, own - np.median(null))
    np.testing.assert_allclose(found.p, (1 + found.at_least) / (1 + null.size))


def test_too_few_patches_are_not_tested() -> None:
    found = privileged.measure(nothing_special(np.random.default_rng(4), 8))
    assert not found.tested.any()
    assert "too few" in found.notes[0]
