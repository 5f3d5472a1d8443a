"""Templates matched to directions of a motif: by hand, by trying all ways, and beside random ones."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from optogram.lab._ends_corners import DIRECTIONS, KERNEL, KINDS, by_hand, standard
from optogram.lab._matching import SETS, dealt, margins, matched, random_oriented

PLANTED = by_hand().templates.double().numpy()
"""Ends and corners in sixteen directions."""


def test_the_deal_is_the_best_of_all() -> None:
    """All would have the first direction, and one alone may."""
    given = np.random.default_rng(0).normal(size=(4, 6)) + np.array([3.0, 0, 0, 0, 0, 0])
    assert (given.argmax(axis=1) == 0).all()
    best = max(np.mean([given[row, column] for row, column in enumerate(columns)]) for columns in permutations(range(6), 4))
    assert dealt(given) == pytest.approx(best)


def test_margins_by_a_loop() -> None:
    """The best of all places and thicknesses of a motif turned so, less the best of all other motifs; twice the template says the same."""
    template = PLANTED[0, 3] + 0.1 * np.random.default_rng(1).normal(size=(KERNEL, KERNEL))

    def answer(picture: np.ndarray) -> float:
        room = picture.shape[0] - KERNEL + 1
        return max(float((picture[r : r + KERNEL, c : c + KERNEL] * template).sum()) for r in range(room) for c in range(room))

    each = {name: np.array([answer(picture) for picture in standard(name)]) / np.linalg.norm(template) for name in KINDS}
    slow = each["end"].reshape(DIRECTIONS, -1).max(axis=1) - max(each[name].max() for name in KINDS if name != "end")
    np.testing.assert_allclose(margins(np.stack([template, 2 * template]), 0), [slow, slow], atol=1e-5)


@pytest.mark.parametrize("kind", [0, 1])
def test_planted_motifs_are_told_and_those_of_the_other_kind_are_not(kind: int) -> None:
    own, other = (matched(PLANTED[which, ::3], kind) for which in (kind, 1 - kind))
    assert own.p == 1 / (1 + SETS)
    assert own.margin > own.null.max()
    assert other.p > 0.2


def test_random_oriented_templates_are_told_as_often_as_p_says() -> None:
    sets = random_oriented(PLANTED[0, :5], 40, np.random.default_rng(5))
    p = np.array([matched(one, 0, seed, sets=39).p for seed, one in enumerate(sets)])
    assert (p <= 0.1).mean() < 0.3
    assert 0.25 < np.median(p) < 0.75


def test_random_templates_have_length_and_means_of_what_they_stand_for() -> None:
    like = PLANTED[1, :4] + np.array([0.0, 0.1, -0.2, 0.3])[:, None, None]
    drawn = random_oriented(like, 6, np.random.default_rng(0))
    means = drawn.mean(axis=(2, 3))
    np.testing.assert_allclose(np.linalg.norm(drawn - means[..., None, None], axis=(2, 3)), 1)
    shares = like.mean(axis=(1, 2)) / np.linalg.norm(like - like.mean(axis=(1, 2), keepdims=True), axis=(1, 2))
    np.testing.assert_allclose(np.sort(means, axis=1), np.broadcast_to(np.sort(shares), (6, 4)))
