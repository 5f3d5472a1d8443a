from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from optogram.evidence._classes import Ranked, by_group, observations, variance_of_auc
from optogram.evidence._view import Patches, SiteView, Stimuli
from optogram.evidence.selective import selective
from optogram.statistics.intervals import clopper_pearson

PROBES = 2


def view(rng: np.random.Generator, units: int = 16, photographs: int = 120, classes: int = 6, strength: float = 0.0, crops: int = 1) -> SiteView:
    """Units of noise; unit i answers to class i (mod classes) by `strength` standard deviations; `crops` photographs are of one scene each."""
    scene = np.arange(photographs) // crops
    label = scene % classes
    noise = np.repeat(rng.standard_normal((scene.max() + 1, units)), crops, axis=0)[:photographs]
    responses = noise + 0.1 * rng.standard_normal((photographs, units)) + strength * (label[:, None] == np.arange(units) % classes)
    photograph = np.repeat(np.arange(photographs), PROBES)
    fold = (scene // classes) % 2
    seen = Patches(np.eye(len(photograph), dtype=np.float32), fold[photograph], photograph)
    stimuli = Stimuli(tuple(f"class {one}" for one in label), scene)
    return SiteView(SimpleNamespace(address="site", units=units), responses[photograph].astype(np.float32), seen, stimuli)


def test_planted_classes_are_found_and_named() -> None:
    shown = view(np.random.default_rng(0), photographs=240, strength=1.5)
    found = selective.measure(shown)
    assert (found.q <= 0.05).mean() >= 0.95, "d' 1.5"
    right = [f"Class class {unit % 6} in both halves, of 6" in note for unit, note in enumerate(found.notes)]
    assert np.mean(right) >= 0.9
    low, high = selective.interval(shown, found)
    expected = stats.norm.cdf(1.5 / np.sqrt(2))
    assert found.effect.mean() == pytest.approx(expected, abs=0.03)
    assert np.mean((low <= expected) & (expected <= high)) >= 0.75


def slow_auc(values: np.ndarray, member: np.ndarray) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a in values[member] for b in values[~member]]
    return float(np.mean(pairs))


def test_the_class_is_chosen_in_one_half_and_tested_in_the_other() -> None:
    shown = view(np.random.default_rng(1), units=5, photographs=80, classes=4, strength=0.7)
    found = selective.measure(shown)
    seen = observations(shown)
    labels = np.array(by_group(shown, list(shown.stimuli.label)))
    for unit in range(5):
        pairs = []
        for half in (0, 1):
            own, other = seen.fold == half, seen.fold != half
            score = {}
            for label in sorted(set(labels)):
                member = labels[own] == label
                inside, total = int(member.sum()), len(member)
                scale = np.sqrt(np.var(stats.rankdata(seen.values[own, unit]), ddof=1) * inside * (total - inside) / total)
                score[label] = (stats.rankdata(seen.values[own, unit])[member].sum() - inside * (total + 1) / 2) / scale
            best = max(score, key=score.get)
            pairs.append(slow_auc(seen.values[other, unit], labels[other] == best))
        assert found.effect[unit] == pytest.approx(np.mean(pairs))


def test_ranks_give_the_standardised_rank_sum_and_the_auc_with_ties() -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(0, 5, (30, 3)).astype(float)
    member = rng.uniform(size=(30, 2)) < 0.4
    ranked = Ranked.of(values)
    for label in range(2):
        for unit in range(3):
            inside, outside = values[member[:, label], unit], values[~member[:, label], unit]
            assert ranked.auc(member)[label, unit] == pytest.approx(slow_auc(values[:, unit], member[:, label]))
            p = stats.mannwhitneyu(inside, outside, method="asymptotic", use_continuity=False, alternative="greater").pvalue
            assert stats.norm.sf(ranked.z(member)[label, unit]) == pytest.approx(p)


def test_delongs_variance_is_that_of_the_placements() -> None:
    rng = np.random.default_rng(3)
    values, member = rng.integers(0, 6, 25).astype(float), np.arange(25) < 10
    inside, outside = values[member], values[~member]
    above = [np.mean([(a > b) + 0.5 * (a == b) for b in outside]) for a in inside]
    below = [np.mean([(a > b) + 0.5 * (a == b) for a in inside]) for b in outside]
    assert variance_of_auc(values, member) == pytest.approx(np.var(above, ddof=1) / 10 + np.var(below, ddof=1) / 15)


def claiming(families: int, crops: int, forget: bool = False) -> int:
    rng = np.random.default_rng(4)
    claims = 0
    for _ in range(families):
        shown = view(rng, photographs=96 * crops, crops=crops)
        if forget:
            shown = replace(shown, stimuli=Stimuli(shown.stimuli.label, np.arange(96 * crops)))
        claims += bool((selective.measure(shown).q <= 0.05).any())
    return claims


@pytest.mark.parametrize("crops", [1, 5])
def test_without_truth_at_most_five_per_cent_of_families_claim_anything(crops: int) -> None:
    assert clopper_pearson(claiming(40, crops), 40).low <= 0.05


def test_crops_counted_as_photographs_would_be_seen() -> None:
    """Five crops of each scene taken for five photographs: the calibration above must be able to fail."""
    assert clopper_pearson(claiming(12, 5, forget=True), 12).low > 0.05


def test_sparse_units_keep_the_level() -> None:
    """Units that answer to one photograph in thirty have a skewed rank sum; the pooled null has them in it."""
    rng = np.random.default_rng(5)
    claims = 0
    for _ in range(40):
        shown = view(rng)
        sparse = np.where(rng.uniform(size=(120, 16)) < 0.03, rng.uniform(size=(120, 16)), 0)
        claims += bool((selective.measure(replace(shown, responses=sparse[shown.patches.photograph].astype(np.float32))).q <= 0.05).any())
    assert clopper_pearson(claims, 40).low <= 0.05


def test_what_cannot_be_tested_says_why() -> None:
    few = view(np.random.default_rng(6), photographs=24)
    found = selective.measure(few)
    assert not found.tested.any()
    assert "no class folder has 4 photographs" in found.notes[0]
    mixed = replace(few, stimuli=Stimuli(few.stimuli.label, np.zeros(24, int)))
    assert by_group(mixed, list(mixed.stimuli.label)) == [None]
    dead = view(np.random.default_rng(7))
    dead.responses[:, 2] = 1.0
    assert np.flatnonzero(~selective.measure(dead).tested).tolist() == [2]
