from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from optogram.evidence._view import Patches, SiteView, Stimuli
from optogram.evidence.hypothesis import hypothesis, marked
from optogram.statistics.intervals import clopper_pearson


def view(rng: np.random.Generator, strength: float = 0.0, photographs: int = 120, units: int = 12) -> SiteView:
    """Unit 0 answers to what the reader marks, by `strength` standard deviations; every fourth photograph is marked, none of the first fold count."""
    mark = rng.uniform(size=photographs) < 0.3
    responses = rng.standard_normal((photographs, units))
    responses[:, 0] += strength * mark
    fold = np.arange(photographs) % 2
    seen = Patches(np.eye(photographs, dtype=np.float32), fold, np.arange(photographs))
    stimuli = Stimuli((None,) * photographs, np.arange(photographs), tuple(bool(one) for one in mark))
    return SiteView(SimpleNamespace(address="site", units=units), responses.astype(np.float32), seen, stimuli)


def test_the_planted_unit_is_found_and_no_other() -> None:
    shown = view(np.random.default_rng(0), strength=2.5)
    found = hypothesis.measure(shown)
    assert np.flatnonzero(found.q <= 0.05).tolist() == [0]
    mark = np.array(shown.stimuli.mark)[1::2]
    own, other = shown.responses[1::2, 0][mark], shown.responses[1::2, 0][~mark]
    expected = float(np.mean(own[:, None] > other[None, :]))
    assert found.effect[0] == pytest.approx(expected)
    half = "of the half that the idea is not from (groups counted once)"
    assert found.notes[0] == f"AUC {expected:.2f} on {len(own)} marked and {len(other)} others {half}"
    low, high = hypothesis.interval(shown, found)
    assert low[0] < expected < high[0] <= 1
    assert low[0] > 0.5


def test_photographs_that_the_idea_is_from_do_not_count() -> None:
    shown = view(np.random.default_rng(1))
    changed = shown.responses.copy()
    changed[::2, 0] = 100.0 * np.array(shown.stimuli.mark)[::2]
    np.testing.assert_array_equal(hypothesis.measure(replace(shown, responses=changed)).effect, hypothesis.measure(shown).effect)


def test_photographs_that_nobody_marked_do_not_count() -> None:
    shown = view(np.random.default_rng(2))
    half = tuple(mark if index % 4 == 1 else None for index, mark in enumerate(shown.stimuli.mark))
    values, mark = marked(replace(shown, stimuli=replace(shown.stimuli, mark=half)))
    assert len(values) == 30
    assert mark.tolist() == list(shown.stimuli.mark[1::4])
    none = replace(shown, stimuli=replace(shown.stimuli, mark=(None,) * 120))
    assert not hypothesis.measure(none).tested.any()
    assert "fewer than 4 photographs" in hypothesis.measure(none).notes[0]


def test_marks_that_say_nothing_claim_in_at_most_five_per_cent_of_families() -> None:
    rng = np.random.default_rng(3)
    claims = sum(bool((hypothesis.measure(view(rng)).q <= 0.05).any()) for _ in range(40))
    assert clopper_pearson(claims, 40).low <= 0.05


def test_marks_made_after_looking_would_be_seen() -> None:
    """Not blind: the reader marks what unit 0 answers to most. The test finds it, as it must."""
    rng = np.random.default_rng(4)
    claims = 0
    for _ in range(12):
        shown = view(rng)
        mark = tuple(bool(value) for value in shown.responses[:, 0] > 0.5)
        claims += bool((hypothesis.measure(replace(shown, stimuli=replace(shown.stimuli, mark=mark))).q <= 0.05).any())
    assert clopper_pearson(claims, 12).low > 0.05


def test_the_family_is_how_far_the_upper_tenth_is_ahead() -> None:
    shown = view(np.random.default_rng(5), strength=3.0)
    found = hypothesis.measure(shown)
    families = hypothesis.families(found, [found])
    ordered = sorted(found.effect)
    assert families.observed == pytest.approx(ordered[-1] - (ordered[5] + ordered[6]) / 2), "of 12 units one is the upper tenth"
    np.testing.assert_allclose(families.twins, families.observed)
    many = hypothesis.measure(view(np.random.default_rng(6), units=40))
    assert hypothesis.families(many, []).observed == pytest.approx(np.sort(many.effect)[-4:].mean() - np.median(many.effect))


@pytest.mark.parametrize("sign", [-1, 1])
def test_what_all_units_share_opens_nothing(sign: int) -> None:
    """All units go with brightness, which goes with the marks: every AUC is far from one half, and no unit is about the mark."""
    rng = np.random.default_rng(7)

    def figure(common: float, strength: float = 0.0) -> float:
        shown = view(rng, strength)
        bright = np.array(shown.stimuli.mark) * 2.0 + rng.standard_normal(120)
        found = hypothesis.measure(replace(shown, responses=shown.responses + (common * bright[:, None]).astype(np.float32)))
        assert not common or (np.abs(found.effect - 0.5) > 0.25).all()
        return hypothesis.families(found, []).observed

    twins = [figure(0) for _ in range(19)]
    assert figure(3.0 * sign) < np.median(twins)
    assert figure(0, 2.5) > max(twins)
