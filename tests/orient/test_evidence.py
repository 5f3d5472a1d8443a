"""Maps and shares of a scorer, each beside a slow one written from its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from optogram.errors import NotDefinedError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.orient.evidence import field_shares, path_maps, score_maps, unit_shares
from optogram.orient.uprightness import GRID, Scorer, features

SIDE = 12
MEAN, DEVIATION = 0.4, 0.25


def layers() -> nn.Sequential:
    """Two convolutions, each with a batch norm, strides and padding; the second norm's scales are of both signs."""
    torch.manual_seed(4)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU()
    )
    for norm in (net[1], net[4]):
        norm.running_mean.normal_(0, 0.3)
        norm.running_var.uniform_(0.5, 2)
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return net.eval()


def looking(module: nn.Module, sites: tuple[str, ...]) -> tuple[Network, Scorer]:
    """A network for small gray pictures, and a scorer of it with random weights."""
    network = Network(module, Preprocess(size=SIDE, mean=(MEAN,), std=(DEVIATION,)), name="small")
    seen = features(network, [network.site(address) for address in sites], torch.rand(1, 1, SIDE, SIDE))
    random = np.random.default_rng(0)
    mean, weights = (random.normal(size=seen.shape[1]).astype(np.float32) for _ in range(2))
    scale = random.uniform(0.5, 2, seen.shape[1]).astype(np.float32)
    return network, Scorer("small", network.weights_hash, sites, SIDE, mean, scale, weights, 1.7, 0.1)


def matrix(layer: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> np.ndarray:
    """What a linear function does with each of its inputs alone: [output, input]."""
    with torch.no_grad():
        rest = layer(torch.zeros(1, *shape))
        alone = torch.eye(int(np.prod(shape))).reshape(-1, *shape)
        return np.asarray((layer(alone) - rest).flatten(1).T, dtype=np.float64)


def test_positive_paths_are_sums_over_paths_of_positive_weights_between_open_units() -> None:
    """Whole matrices, layer after layer: the positive part of each, rows of closed units struck out, and the features that raise the score."""
    module = layers()
    network, scorer = looking(module, ("5",))
    image = torch.rand(2, 1, SIDE, SIDE)
    found = path_maps(network, scorer, image)
    first, second = module[:2], module[3:5]
    below, above = matrix(first, (1, SIDE, SIDE)), matrix(second, (3, SIDE, SIDE))
    half = SIDE // 2
    pool = matrix(lambda maps: nn.functional.adaptive_avg_pool2d(maps, GRID), (4, half, half))
    raises = np.maximum(scorer.weights / scorer.scale, 0)
    for index in range(2):
        with torch.no_grad():
            low = first((image[index : index + 1] - MEAN) / DEVIATION)
            high = second(low.relu())
        paths = (raises @ pool) * (high.flatten().numpy() > 0) @ np.maximum(above, 0) * (low.flatten().numpy() > 0) @ np.maximum(below, 0)
        np.testing.assert_allclose(found[index].ravel(), paths / DEVIATION, rtol=1e-4, atol=1e-5)
    assert found.min() >= 0 < found.max()


def test_paths_of_a_mirrored_scorer_are_the_means_of_both_ways() -> None:
    network, scorer = looking(layers(), ("5",))
    image = torch.rand(1, 1, SIDE, SIDE)
    both = path_maps(network, replace(scorer, mirrored=True), image)
    alone = [path_maps(network, scorer, one)[0] for one in (image, image.flip(-1))]
    np.testing.assert_allclose(both[0], (alone[0] + alone[1][:, ::-1]) / 2, atol=1e-5)


def test_smooth_rectifiers_have_no_paths() -> None:
    network, scorer = looking(nn.Sequential(nn.Conv2d(1, 3, 3), nn.GELU()), ("1",))
    for maps in (path_maps, score_maps):
        with pytest.raises(NotDefinedError):
            maps(network, scorer, torch.rand(1, 1, SIDE, SIDE))


class _Two(nn.Module):
    """A map and a vector, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.maps, self.read = layers(), nn.Linear(4 * 36, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.read(self.maps(x).flatten(1)).relu()
        return out


def test_shares_are_what_the_score_loses_without_them() -> None:
    """Field by field and unit by unit: the feature is taken out, and the calibrated score of upright, over the mean of the others, falls so far."""
    network, scorer = looking(_Two(), ("maps.5", "read"))
    found = torch.rand(3, 4, 4 * GRID**2 + 5)

    def over(features_: Tensor) -> np.ndarray:
        logits = scorer.logits(features_)
        return np.asarray(logits[:, 0] - logits[:, 1:].mean(1))

    chosen = np.array([6, 2, 0])
    fields = field_shares(network, scorer, found, chosen)
    assert fields.shape == (3, 3, GRID**2)
    for column, unit in enumerate(chosen.tolist()):
        own = [unit * GRID**2 + field for field in range(GRID**2)] if unit < 4 else [4 * GRID**2 + unit - 4]
        for field, feature in enumerate(own):
            without = found.clone()
            without[:, :, feature] = 0
            np.testing.assert_allclose(fields[:, column, field], over(found) - over(without), atol=1e-5)
        without = found.clone()
        without[:, :, own] = 0
        np.testing.assert_allclose(unit_shares(network, scorer, found)[:, unit], over(found) - over(without), atol=1e-5)
        np.testing.assert_allclose(fields[:, column, len(own) :], 0)
    np.testing.assert_allclose(field_shares(network, scorer, found, np.arange(9)).sum((1, 2)), over(found), atol=1e-4)
