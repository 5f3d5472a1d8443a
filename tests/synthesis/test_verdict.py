from __future__ import annotations

import numpy as np
import pytest

from optogram.synthesis.verdict import judged, rising, settled

FLAT = np.full((3, 8, 8), 0.4)
CURVE = 1 - np.exp(-np.arange(256) / 20)


@pytest.mark.parametrize(
    ("verdict", "trace", "image", "moved", "finite", "silent"),
    [
        ("converged", CURVE, FLAT, True, True, False),
        ("still rising", np.linspace(0, 1, 256), FLAT, True, True, False),
        ("dead start", CURVE, FLAT, True, True, True),
        ("no gradient", np.zeros(256), FLAT, False, True, True),
        ("saturated", CURVE, np.round(np.random.default_rng(0).random((3, 8, 8))), True, True, False),
        ("not finite", CURVE * np.nan, FLAT, True, False, False),
    ],
)
def test_the_table(verdict: str, trace: np.ndarray, image: np.ndarray, moved: bool, finite: bool, silent: bool) -> None:
    assert judged(trace, image, moved, finite, silent) == verdict


def test_scatter_from_transforms_is_no_rise_and_a_rise_in_scatter_is_seen() -> None:
    random = np.random.default_rng(0)
    calm = [rising(CURVE + random.normal(0, 0.2, 256)) for _ in range(200)]
    steep = [rising(np.linspace(0, 1, 256) + random.normal(0, 0.05, 256)) for _ in range(200)]
    assert np.mean(calm) < 0.1
    assert np.mean(steep) > 0.9


def test_it_tells_when_it_settled() -> None:
    step = np.concatenate([np.linspace(0, 1, 100), np.ones(156)])
    assert 90 <= settled(step) <= 116
    assert settled(np.zeros(5)) == 5
