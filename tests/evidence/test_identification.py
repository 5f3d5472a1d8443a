from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from optogram.evidence._view import Patches, SiteView, similarity
from optogram.evidence.identification import correlations, identification, likeness, scores
from optogram.statistics.identification import centred_and_scaled, wrong_picture
from optogram.statistics.intervals import clopper_pearson


def patches(rng: np.random.Generator, photographs: int, width: int, probes: int = 4) -> tuple[Patches, np.ndarray]:
    """Features of `probes` patches a photograph, which share a part; photographs fall to the folds in turn."""
    features = rng.standard_normal((photographs, 1, width)) + rng.standard_normal((photographs, probes, width))
    features = features.reshape(-1, width).astype(np.float32)
    photograph = np.repeat(np.arange(photographs), probes)
    return Patches(similarity(features), photograph % 2, photograph), features


def view(rng: np.random.Generator, units: int = 16, photographs: int = 60, own: float = 1.0, noise: float = 0.5) -> SiteView:
    """Units that read one direction each of what the viewer sees, times `own`, with noise."""
    seen, features = patches(rng, photographs, 24)
    responses = own * features @ rng.standard_normal((24, units)) / 5 + noise * rng.standard_normal((len(features), units))
    return SiteView(SimpleNamespace(address="site", units=units), responses.astype(np.float32), seen)


def slow_scores(features: np.ndarray, responses: np.ndarray, fold_of: np.ndarray, fold: int, unit: int) -> np.ndarray:
    """Cosine with the mean direction of the 9 greatest minus that of the 9 least, in standardised features, one patch at a time."""
    z = (features - features.mean(0)) / features.std(0)
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    inside = sorted(np.flatnonzero(fold_of == fold), key=lambda patch: responses[patch, unit])
    most, least = z[inside[-9:]].mean(0), z[inside[:9]].mean(0)
    return np.array([z[p] @ most / np.linalg.norm(most) - z[p] @ least / np.linalg.norm(least) for p in np.flatnonzero(fold_of != fold)])


def rate(shown: SiteView) -> float:
    return identification.families(identification.measure(shown), []).observed


@pytest.fixture
def planted() -> SiteView:
    return view(np.random.default_rng(0))


def test_scores_and_measure_equal_a_slow_loop() -> None:
    rng = np.random.default_rng(3)
    seen, features = patches(rng, 30, 12)
    responses = (features[:, :5] + rng.standard_normal((len(features), 5))).astype(np.float32)
    shown = SiteView(SimpleNamespace(address="site", units=5), responses, seen)
    matrix = np.zeros((5, 5))
    for fold in (0, 1):
        score, tested = scores(shown, fold)
        assert not set(seen.photograph[tested]) & set(seen.photograph[seen.fold == fold]), "no photograph is in both halves"
        for picture in range(5):
            expected = slow_scores(features.astype(float), responses, seen.fold, fold, picture)
            np.testing.assert_allclose(score[:, picture], expected, atol=2e-5)
            for unit in range(5):
                matrix[unit, picture] += stats.spearmanr(expected, responses[tested, unit]).statistic / 2
    found, expected = identification.measure(shown), wrong_picture(matrix)
    np.testing.assert_allclose(found.effect, expected.margin, rtol=2e-2, atol=2e-2)
    np.testing.assert_array_equal(found.parts["rank"], expected.rank)
    assert rate(shown) == pytest.approx(expected.rate(32))


def test_likeness_to_one_patch_is_its_similarity(planted: SiteView) -> None:
    seen = np.array([3, 8, 11])
    np.testing.assert_allclose(likeness(planted.patches, np.array([[5, 2]]), seen), planted.patches.similarity[np.ix_(seen, [5, 2])], atol=1e-5)


def test_planted_units_are_found_and_noise_is_not(planted: SiteView) -> None:
    found = identification.measure(planted)
    assert (found.q <= 0.05).mean() >= 0.8
    assert rate(planted) >= 0.8
    noise = view(np.random.default_rng(1), own=0.0)
    assert (identification.measure(noise).q <= 0.05).sum() == 0
    assert rate(noise) < 0.3


def claiming(families: int, seed: int, leak: bool = False, units: int = 12) -> int:
    """How many families of responses that have nothing to do with what the viewer sees claim anything; `leak`: tested on their own exemplars."""
    rng = np.random.default_rng(seed)
    claims = 0
    for _ in range(families):
        shown = view(rng, units, photographs=24, own=0.0)
        if leak:
            double = np.concatenate([np.flatnonzero(shown.patches.fold == 0)] * 2)
            fold = np.repeat([0, 1], len(double) // 2)
            kept = Patches(shown.patches.similarity[np.ix_(double, double)], fold, shown.patches.photograph[double])
            shown = replace(shown, responses=shown.responses[double], patches=kept)
        claims += bool((identification.measure(shown).q <= 0.05).any())
    return claims


def deranged(families: int, seed: int) -> int:
    """Units that are well predicted, their pictures handed one unit on."""
    rng = np.random.default_rng(seed)
    claims = 0
    for _ in range(families):
        shown = view(rng, 12, photographs=24)
        claims += bool((wrong_picture(np.roll(correlations(shown), 1, axis=1)).q <= 0.05).any())
    return claims


@pytest.mark.parametrize("families", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_families_without_truth_claim_anything_in_at_most_five_per_cent(families: int) -> None:
    assert clopper_pearson(claiming(families, 0), families).low <= 0.05
    assert clopper_pearson(deranged(families, 1), families).low <= 0.05


def test_exemplars_chosen_where_they_are_tested_would_be_seen() -> None:
    """The same noise, with its exemplars among the test patches: the calibration above must be able to fail."""
    assert clopper_pearson(claiming(20, 0, leak=True), 20).low > 0.05


def test_dead_units_are_not_tested(planted: SiteView) -> None:
    responses = planted.responses.copy()
    responses[:, 3] = 0.25
    responses[planted.patches.fold == 1, 7] = 0
    shown = replace(planted, responses=responses)
    found = identification.measure(shown)
    low, high = identification.interval(shown, identification.measure(shown))
    assert np.flatnonzero(~found.tested).tolist() == [3, 7]
    for values in (found.p, found.q, found.effect, low, high):
        assert np.flatnonzero(np.isnan(values)).tolist() == [3, 7]


def test_too_few_patches_are_not_tested() -> None:
    shown = view(np.random.default_rng(0), units=4, photographs=16)
    assert not identification.measure(shown).tested.any()
    assert np.isnan(identification.interval(shown, identification.measure(shown))).all()


@pytest.mark.parametrize("photographs", [24, 60])
def test_the_interval_is_the_jackknife_of_fixed_ranks(photographs: int) -> None:
    """Each block's photographs deleted in turn and Pearson's r of the other patches' ranks taken anew; 12 blocks of one, 20 of one or two."""
    shown = view(np.random.default_rng(5), units=6, photographs=photographs)
    blocks = min(20, photographs // 2)
    margins = []
    for number in range(blocks):
        matrix = np.zeros((6, 6))
        for fold in (0, 1):
            score, tested = scores(shown, fold)
            keep = (shown.patches.photograph[tested] // 2) % blocks != number
            ranks = [stats.rankdata(values, axis=0)[keep] for values in (shown.responses[tested], score)]
            matrix += np.array([[np.corrcoef(ranks[0][:, i], ranks[1][:, j])[0, 1] for j in range(6)] for i in range(6)]) / 2
        margins.append(np.diagonal(centred_and_scaled(matrix)))
    half = stats.t.ppf(0.975, blocks - 1) * np.sqrt((blocks - 1) * np.var(margins, axis=0))
    centre = identification.measure(shown).effect
    low, high = identification.interval(shown, identification.measure(shown))
    np.testing.assert_allclose(low, centre - half, rtol=2e-3, atol=2e-2)
    np.testing.assert_allclose(high, centre + half, rtol=2e-3, atol=2e-2)
