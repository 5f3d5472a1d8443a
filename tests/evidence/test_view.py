from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import rankdata

from optogram.evidence._view import GRAY, Patches, SiteView, look, resized, similarity
from optogram.geometry import Box


@dataclass(frozen=True)
class Counts:
    """A viewer whose features are a patch's pixels; remembers nothing."""

    name: str = "pixels"
    side: int = 4

    def features(self, patches: np.ndarray) -> np.ndarray:
        return patches.reshape(len(patches), -1).astype(np.float32)


def slow(features: np.ndarray) -> np.ndarray:
    rows = features.tolist()
    width, count = len(rows[0]), len(rows)
    means = [sum(row[k] for row in rows) / count for k in range(width)]
    spreads = [math.sqrt(sum((row[k] - means[k]) ** 2 for row in rows) / count) for k in range(width)]
    scaled = [[(row[k] - means[k]) / spreads[k] for k in range(width) if spreads[k] > 0] for row in rows]
    return np.array(
        [[sum(a * b for a, b in zip(x, y, strict=True)) / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y)) for y in scaled] for x in scaled]
    )


def test_similarity_is_the_cosine_of_standardised_features() -> None:
    rng = np.random.default_rng(0)
    features = (rng.standard_normal((12, 7)) * [1, 10, 0.01, 1, 3, 0, 1] + 5).astype(np.float32)
    found = similarity(features)
    np.testing.assert_allclose(found, slow(features), atol=2e-5)
    np.testing.assert_allclose(np.diagonal(found), 1, atol=1e-5)


def test_patches_that_all_look_alike_have_no_similarity() -> None:
    assert (similarity(np.full((5, 3), 7.0, np.float32)) == 0).all()


def test_ranks_of_a_half_are_of_its_own_patches_and_of_these_responses() -> None:
    patches = Patches(np.eye(7, dtype=np.float32), np.array([0, 1, 0, 0, 1, 1, 0]), np.arange(7))
    responses = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
    view = SiteView(SimpleNamespace(address="site", units=3), responses, patches)
    for seen in (view, view, replace(view, responses=-responses)):
        for fold, rows in ((0, [0, 2, 3, 6]), (1, [1, 4, 5])):
            np.testing.assert_array_equal(seen.ranks(fold), 2 * rankdata(seen.responses[rows], axis=0) - (len(rows) + 1))


def test_a_box_inside_is_resized_from_its_own_pixels() -> None:
    """Halving the sides with a triangle filter of a plane gives the plane at the new pixels' middles."""
    rows, columns = np.mgrid[:24, :24]
    frame = (3 * rows + 2 * columns).astype(np.uint8)[:, :, None]
    found = resized(frame, Box(4, 6, 16, 18), 6)[:, :, 0].astype(float)
    new_rows, new_columns = np.mgrid[:6, :6] * 2 + 0.5
    inner = slice(1, -1)
    np.testing.assert_allclose(found[inner, inner], (3 * (4 + new_rows) + 2 * (6 + new_columns))[inner, inner], atol=1)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_leaves_the_photograph_is_gray(channels: int) -> None:
    frame = np.full((8, 8, channels), 200, np.uint8)
    found = resized(frame, Box(-4, -2, 4, 6), 8)
    assert found.shape == (8, 8, channels)
    expected = np.full((8, 8, channels), GRAY)
    expected[4:, 2:] = 200
    np.testing.assert_array_equal(found, expected)
    assert (resized(frame, Box(20, 20, 28, 28), 4) == GRAY).all()


def test_every_patch_knows_its_photograph_and_its_fold() -> None:
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 256, (8, 8, 3)).astype(np.uint8) for _ in range(5)]
    boxes = [[Box(0, 0, 4, 4), Box(2, 2, 6, 6)][: 1 + index % 2] for index in range(5)]
    found = look(Counts(), frames, boxes, np.array([0, 1, 1, 0, 1]))
    assert found.photograph.tolist() == [0, 1, 1, 2, 3, 3, 4]
    assert found.fold.tolist() == [0, 1, 1, 1, 0, 0, 1]
    cut = [frame[box.top : box.bottom, box.left : box.right] for frame, places in zip(frames, boxes, strict=True) for box in places]
    np.testing.assert_allclose(found.similarity, slow(Counts().features(np.stack(cut))), atol=1e-5)
    for fold in (0, 1):
        assert not set(found.photograph[found.fold == fold]) & set(found.photograph[found.fold != fold])


def test_similarities_across_the_folds_are_those_of_each_pair() -> None:
    fold = np.array([1, 0, 0, 1, 0])
    patches = Patches(np.arange(25, dtype=np.float32).reshape(5, 5), fold, np.arange(5))
    for own in (0, 1):
        rows, columns = (np.flatnonzero((fold == own) == same) for same in (True, False))
        np.testing.assert_array_equal(patches.across(own), patches.similarity[rows][:, columns])
        assert patches.place[rows].tolist() == list(range(len(rows)))
