"""Labs on a trained network and photographs from the real test data: each number beside its control."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.images.preprocess import Preprocess
from optogram.lab.convolution import convolution
from optogram.lab.depth import depth
from optogram.lab.hierarchy import hierarchy
from optogram.lab.neighbours import neighbours
from optogram.lab.noise import noise
from optogram.lab.templates import templates
from optogram.network.load import load
from optogram.network.network import Network

Shared = Callable[..., Path]
KINDS = {"bird": ((7, 25), (80, 101), (127, 147)), "reptile": ((25, 69),), "dog": ((151, 269),), "insect": ((69, 80), (300, 327))}
KINDS |= {"mammal": ((101, 107), (147, 151), (269, 300), (330, 389)), "thing": ((398, 921),)}
"""Kinds of things among the thousand classes, by their numbers, from and up to."""
MOST = 60


@pytest.fixture(scope="module")
def squeezenet(shared_data: Shared) -> Network:
    weights = shared_data("weights", "squeezenet1_0_deepcompression.safetensors")
    return load("torchvision:squeezenet1_0", weights=weights, preprocess=Preprocess(size=146, crop=128))


@pytest.fixture(scope="module")
def photographs(shared_data: Shared) -> Photos:
    return open_images(shared_data("photos", "imagenet-sample"))


@pytest.fixture(scope="module")
def kinds(shared_data: Shared, tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """Up to 60 photographs of each of six kinds, in class folders; no two show the same class, so that none can be told by its own class."""
    with shared_data("photos", "imagenet_classes.csv").open(encoding="utf-8") as rows:
        numbers = {row["wnid"]: int(row["index"]) for row in csv.DictReader(rows)}
    folder, counts = tmp_path_factory.mktemp("kinds"), Counter[str]()
    for photo in sorted(shared_data("photos", "imagenet-sample").glob("*.jpg")):
        number = numbers[photo.name.split("_")[0]]
        for kind, ranges in KINDS.items():
            if any(low <= number < high for low, high in ranges) and counts[kind] < MOST:
                counts[kind] += 1
                (folder / kind).mkdir(exist_ok=True)
                (folder / kind / photo.name).symlink_to(photo)
    return open_images(folder)


@pytest.mark.slow
def test_each_step_of_a_trained_network_adds_and_of_its_twin_does_not(squeezenet: Network, kinds: Photos) -> None:
    """What the lab says: the classifier reads the kind the better the deeper the site, and much better than at the pixels or in the twin."""
    found = depth(kinds, network=squeezenet, progress=False)
    first, last = (found.finding(f"rate_{found.sites[place]}") for place in (0, -1))
    assert first.value == first.control  # the input is the same to both
    assert last.low > first.high
    assert last.low > last.control + 0.15
    assert last.low > 2 * last.chance
    assert np.corrcoef(found.steps, found.rates)[0, 1] > 0.8
    assert found["gained"] > 0.3 > 0.15 > found.finding("gained").control
    assert found["steps"] == 18  # the stem, two in a row in each of eight fire modules (both ways of expanding at once), the head


@pytest.mark.slow
def test_a_path_from_a_class_down_matters_in_a_trained_network(squeezenet: Network, photographs: Photos) -> None:
    found = hierarchy(photographs, network=squeezenet, unit='output:"toy terrier"', count=200, steps=8, progress=False)
    fields = [squeezenet.receptive_field(name) for name in found.units[1:]]
    assert [box.height for box in fields] == sorted((box.height for box in fields), reverse=True)
    assert len(found.units) == 6
    assert found["path"] >= 0.6 > 0.1 > found.finding("path").chance
    for row, others in zip(found.drop, found.drop_others, strict=True):
        assert row > np.median(others)
    assert found.finding(found.units[1]).value > 0.3


@pytest.mark.slow
def test_paths_cancel_the_more_the_farther_down(squeezenet: Network) -> None:
    found = noise(network=squeezenet, quick=True, progress=False)
    assert 0 < found["left_at_pixels"] < 0.1
    assert found.layers[0] < found.layers[-1]
    assert found["left_at_pixels"] < found.layers[-1]
    assert (found.layers > found.layers_twin).mean() > 0.5
    assert found.cancellation.max() <= 1 + 1e-4
    assert found.finding("left_on_object").control is not None
    for site in found.sites:
        entry = found.finding(f"on_object_at_{site}")
        assert 0 < entry.value <= 1 + 1e-4
        assert 0 < entry.control <= 1 + 1e-4


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
