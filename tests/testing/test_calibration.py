from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.testing.calibration import Bench, Count, orthogonal


@pytest.fixture(scope="module")
def bench() -> Bench:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    )
    network = og.Network(module, og.Preprocess(size=32, mean=(0.0,), std=(1.0,)), name="small")
    pictures = np.random.default_rng(0).integers(0, 256, (80, 8, 8, 1)).astype(np.uint8).repeat(4, 1).repeat(4, 2)
    return Bench.of(network, og.open_images(pictures, channels=1), "2", 80)


def test_a_calibration_fails_when_the_lower_bound_of_its_count_exceeds_the_level() -> None:
    # Clopper and Pearson: 3 of 20 is bounded by .032 from below, 4 of 20 by .057.
    assert Count("", 3, 20).low == pytest.approx(0.0321, abs=1e-4)
    assert not Count("", 3, 20).fails
    assert Count("", 4, 20).low == pytest.approx(0.0573, abs=1e-4)
    assert Count("", 4, 20).fails


def test_orthogonal_weights_are(bench: Bench) -> None:
    rows = orthogonal(bench.network, 3, bench.images.float() / 255).layer("2").weight.flatten(1)
    assert torch.allclose(rows @ rows.T, 2 * torch.eye(len(rows)), atol=1e-4)
