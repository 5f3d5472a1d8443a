"""Labs on a trained network and photographs from the real test data: each number beside its control."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.images.preprocess import Preprocess
from optogram.lab.convolution import convolution
from optogram.lab.neighbours import neighbours
from optogram.lab.noise import noise
from optogram.lab.templates import templates
from optogram.network.load import load
from optogram.network.network import Network

Shared = Callable[..., Path]


@pytest.fixture(scope="module")
def squeezenet(shared_data: Shared) -> Network:
    weights = shared_data("weights", "squeezenet1_0_deepcompression.safetensors")
    return load("torchvision:squeezenet1_0", weights=weights, preprocess=Preprocess(size=146, crop=128))


@pytest.fixture(scope="module")
def photographs(shared_data: Shared) -> Photos:
    return open_images(shared_data("photos", "imagenet-sample"))


@pytest.mark.slow
def test_paths_cancel_the_more_the_farther_down(squeezenet: Network) -> None:
    found = noise(network=squeezenet, quick=True, progress=False)
    assert 0 < found["left_at_pixels"] < 0.1
    assert found.layers[0] < found.layers[-1]
    assert found["left_at_pixels"] < found.layers[-1]
    assert (found.layers > found.layers_twin).mean() > 0.5
    assert found.cancellation.max() <= 1 + 1e-4
    assert found.finding("left_on_object").control is not None


@pytest.mark.slow
def test_zero_padding_reaches_into_a_real_network(squeezenet: Network, photographs: Photos) -> None:
    found = convolution(photographs, network=squeezenet, quick=True, progress=False)
    for change, inside in zip(found.change, found.inside, strict=True):
        if inside.any():
            assert change[inside].max() < 1e-3
    shares = [float((change > 1e-4).mean()) for change in found.change]
    assert shares[0] < shares[-1]
    assert found.change[-1].max() > 0.1


def test_ten_objects_by_neighbours_and_templates(fashion: Path) -> None:
    photos = open_images(fashion)
    near, learned = neighbours(photos, side=28, quick=True, progress=False), templates(photos, side=28, steps=100, quick=True, progress=False)
    assert near.finding("accuracy_distance").low > 0.55  # of 30 known pictures of each class; 60,000 known ones give .85
    assert near["equal_norms"] == 1 > near["distance_and_dot"]
    for name in ("templates", "nearest"):
        entry = learned.finding(name)
        assert entry.low > 0.55 > 3 * 0.1 > entry.control - 0.1
    assert learned["gap_without_decay"] > learned.finding("gap_without_decay").control


def test_forty_people_by_neighbours_and_templates(shared_data: Shared) -> None:
    photos = open_images(shared_data("faces", "orl"))
    near, learned = neighbours(photos, side=32, progress=False), templates(photos, side=32, steps=100, quick=True, progress=False)
    assert near.finding("accuracy_distance").low > 0.8
    assert learned.finding("templates").low > 0.8 > 0.2 > learned.finding("templates").control
    assert torch.tensor(learned.smooth).diff().min() > -0.05
