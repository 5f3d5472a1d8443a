"""Eigen-CAM by power iteration, its sign, and what it says of itself."""

from __future__ import annotations

import numpy as np
from tests.attribution.cams import IMAGES, at_site, close, enlarged, ours, refuses

from optogram.attribution._attribute import attribute
from optogram.testing.attribution import small


def test_by_power_iteration() -> None:
    a, _ = at_site()
    expected = []
    for one in a:
        places = one.reshape(len(one), -1).T
        direction = np.ones(places.shape[1])
        for _ in range(2000):
            direction = places.T @ (places @ direction)
            direction /= np.linalg.norm(direction)
        projected = (places @ direction).reshape(one.shape[1:])
        expected.append(projected * (-1 if projected.sum() < 0 else 1))
    close(ours("eigen_cam"), enlarged(np.stack(expected)))


def test_every_target_gets_the_same_map_and_the_note_says_so() -> None:
    one, other = (attribute(small(), IMAGES, f"head:{unit}", "eigen_cam", site="second#1") for unit in (0, 2))
    np.testing.assert_allclose(one.values, other.values, atol=1e-6)
    assert "the same for every unit" in one.notes[0]


def test_refusals() -> None:
    refuses("eigen_cam")
