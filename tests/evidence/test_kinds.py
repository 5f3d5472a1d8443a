"""Many sets at once against scipy's linkage and scikit-learn's silhouette, a set at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_score

from optogram.evidence._kinds import LEAST_OF_A_KIND, MOST, divisions, silhouettes, sorted_by_kind

MEMBERS = 24


def sets(count: int, spread: float, seed: int = 0) -> np.ndarray:
    """Distances among members that lie about three centres."""
    rng = np.random.default_rng(seed)
    points = 2 * rng.standard_normal((count, 3, 5))[:, rng.integers(0, 3, MEMBERS)] + spread * rng.standard_normal((count, MEMBERS, 5))
    return np.sqrt(((points[:, :, None] - points[:, None]) ** 2).sum(-1))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two namings of kinds are of one division."""
    return bool(((one[:, None] == one) == (other[:, None] == other)).all())


@pytest.mark.parametrize(("rule", "ward"), [("average", False), ("ward", True)])
def test_divisions_are_those_of_scipy(rule: str, ward: bool) -> None:
    apart = sets(20, 1.5)
    for number, kinds in zip(range(MOST, 1, -1), divisions(apart, MOST, ward=ward), strict=True):
        for one, kind in zip(apart, kinds, strict=True):
            assert same(kind, fcluster(linkage(squareform(one, checks=False), rule), number, "maxclust"))
            assert set(kind.tolist()) == set(range(number))


def test_silhouettes_are_those_of_scikit_learn() -> None:
    apart = sets(6, 1.0)
    kinds = np.stack([np.random.default_rng(seed).integers(0, 2 + seed % 3, MEMBERS) for seed in range(6)])
    kinds[0, 0] = 4
    expected = [silhouette_score(one, kind, metric="precomputed") for one, kind in zip(apart, kinds, strict=True)]
    np.testing.assert_allclose(silhouettes(apart, kinds), expected, atol=1e-9)


def test_as_many_kinds_as_the_silhouette_says_none_of_fewer_than_three() -> None:
    apart = np.concatenate([sets(15, 0.4), sets(15, 3.0)])
    for one, kind in zip(apart, sorted_by_kind(apart), strict=True):
        condensed = squareform(one, checks=False)
        cuts = [fcluster(linkage(condensed, "average"), number, "maxclust") for number in range(2, MOST + 1)]
        fit = [cut for cut in cuts if np.bincount(cut)[1:].min() >= LEAST_OF_A_KIND]
        expected = (
            max(fit, key=lambda cut: silhouette_score(one, cut, metric="precomputed")) if fit else fcluster(linkage(condensed, "ward"), 2, "maxclust")
        )
        assert same(kind, expected)


def test_three_things_apart_are_three_kinds() -> None:
    centres = np.repeat(np.eye(3), 8, axis=0)
    apart = np.linalg.norm(centres[:, None] - centres, axis=2)
    assert same(sorted_by_kind(apart[None])[0], np.repeat(np.arange(3), 8))
