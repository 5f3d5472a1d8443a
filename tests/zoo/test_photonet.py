"""The demo network does what its card says, and the script that made it still learns."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from optogram.network.network import Network
from optogram.zoo import _scores
from optogram.zoo._photographs import NAMES, held_out_crops
from optogram.zoo._photonet_module import TURNS, turned
from optogram.zoo._scores import rate, score
from optogram.zoo.photonet import WEIGHTS, photonet

pytest.importorskip("skimage", reason="scikit-image carries fifteen of the photographs: pip install 'optogram[demo]'")
pytest.importorskip("sklearn", reason="scikit-learn carries two of the photographs: pip install 'optogram[demo]'")


@pytest.fixture(scope="module")
def network() -> Network:
    return photonet()


@pytest.fixture(scope="module")
def card() -> dict:
    return json.loads(WEIGHTS.with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def script(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_photonet", repository / "scripts" / "train_photonet.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


def test_size_and_shape(network):
    assert WEIGHTS.stat().st_size < 2_000_000
    convolutions = [site for site in network.sites() if site.address.startswith("bn")]
    assert [site.units for site in convolutions] == [32, 64, 96, 96]
    assert network.channels == 3
    assert network.input_size == (64, 64)


def test_both_heads_have_labels(network):
    china = NAMES.index("china")
    for address, index in {"head_photo:china": china, "head_up:left": 1, "output/photo:rocket": 16, "output/up:upside_down": 2}.items():
        assert network.unit(address).index == index
    assert network.labels == NAMES


def test_accuracy_is_as_stated(network, card):
    """Through the network's public face and photographs as a user reads them, not the way that the card was made."""
    photos = held_out_crops(1700, seed=0)
    right = 0
    for batch in photos.batches(network.preprocess, batch_size=100):
        answers = network.run(batch.images.float() / 255)["photo"].argmax(1)
        right += sum(NAMES[answer] == photos.label(index) for answer, index in zip(answers, batch.indices, strict=True))
    stated = card["held_out"]["photo"]
    assert abs(right - stated["right"]) <= 2  # of 1,700: another processor rounds otherwise
    assert stated["of"] == 1700
    assert stated["share"] >= 0.85


def test_which_way_up_is_as_stated(network, card):
    stated = card["held_out"]
    again = score(network.module)
    assert abs(again["up"]["right"] - stated["up"]["right"]) <= 3
    assert stated["up"]["low"] > 0.35  # chance is .25
    for name in NAMES:
        assert abs(again["by_photograph"][name] - stated["by_photograph"][name]) <= 0.02
    assert np.isclose(np.mean(list(again["by_photograph"].values())), again["photo"]["share"], atol=1e-4)


def test_intervals_are_clopper_pearsons(card):
    from scipy.stats import binomtest

    for head in ("photo", "up"):
        stated = card["held_out"][head]
        exact = binomtest(stated["right"], stated["of"]).proportion_ci(0.95, method="exact")
        assert (stated["low"], stated["high"]) == (round(exact.low, 4), round(exact.high, 4))
        assert stated == rate(stated["right"], stated["of"])


def test_score_counts_a_known_answer(monkeypatch):
    """A module that always says `moon` and `right` is right as often as these are asked for."""

    class Always(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            photo = torch.zeros(len(images), len(NAMES))
            up = torch.zeros(len(images), len(TURNS))
            photo[:, NAMES.index("moon")] = 1
            up[:, 3] = 1
            return {"photo": photo, "up": up}

    monkeypatch.setattr(_scores, "normalised", lambda images: images)
    found = score(Always(), count=17 * 8)
    assert found["photo"]["right"] == 8
    assert found["by_photograph"]["moon"] == 1
    assert sum(found["by_photograph"].values()) == 1
    assert found["up"]["right"] == 17 * 2
    assert set(found["up_by_photograph"].values()) == {0.25}


def test_turned_goes_counterclockwise():
    images = torch.zeros(4, 3, 6, 6)
    images[:, :, 0, 5] = 1
    corners = [(0, 5), (0, 0), (5, 0), (5, 5)]
    for turn, (row, column) in enumerate(corners):
        assert turned(images, torch.arange(4))[turn, 0, row, column] == 1
    assert turned(images, torch.arange(4)).sum() == 12


def test_thirty_steps_learn(script):
    recipe = dataclasses.replace(script.Recipe(), steps=30, pool=340, batch=32)
    _, losses = script.train(recipe, every=1000)
    _, again = script.train(dataclasses.replace(recipe, steps=30), every=1000)
    assert losses == again
    assert np.mean(losses[:3]) > np.log(17) + np.log(4) - 0.3
    assert np.mean(losses[-5:]) < np.mean(losses[:3]) - 0.5


def test_jitter_keeps_its_range_and_makes_some_gray_and_some_mirrored(script):
    images = torch.rand(400, 3, 8, 8)
    recipe = script.Recipe()
    result = script.jittered(images, recipe, torch.Generator().manual_seed(0))
    assert result.min() >= 0
    assert result.max() <= 1
    gray = ((result - result[:, :1]).abs().amax(dim=(1, 2, 3)) < 1e-6).float().mean()
    assert abs(float(gray) - recipe.gray) < 0.06
    still = dataclasses.replace(recipe, gray=0.0, brightness=0.0, contrast=0.0, mirrored=0.0)
    torch.testing.assert_close(script.jittered(images, still, torch.Generator()), images)
    mirrored = script.jittered(images, dataclasses.replace(still, mirrored=0.25), torch.Generator().manual_seed(0))
    flipped = torch.isclose(mirrored, images.flip(3), atol=1e-5).all(dim=3).all(dim=2).all(dim=1)
    kept = torch.isclose(mirrored, images, atol=1e-5).all(dim=3).all(dim=2).all(dim=1)
    assert (flipped ^ kept).all()
    assert abs(float(flipped.float().mean()) - 0.25) < 0.06


def test_what_is_written_is_what_is_read(script, tmp_path, monkeypatch, network):
    written = script.write(network.module, script.Recipe(), tmp_path)
    monkeypatch.setattr(sys.modules["optogram.zoo.photonet"], "WEIGHTS", tmp_path / "photonet.safetensors")
    assert photonet().weights_hash == network.weights_hash
    assert json.loads((tmp_path / "photonet.json").read_text()) == json.loads(json.dumps(written))


def test_first_filters_are_smooth(network):
    """What makes the demo worth a look: edges and spots in place of the noise that training began with."""
    fresh = type(network.module)(len(NAMES)).conv1.weight.detach().numpy()
    learned = network.module.conv1.weight.detach().numpy()
    assert smoothness(learned) > 0.5 > 0.2 > smoothness(fresh)


def smoothness(filters: np.ndarray) -> float:
    """Correlation of neighbouring weights, weighted by the filters' power: 0 for noise, 1 for flat filters."""
    filters = filters - filters.mean(axis=(2, 3), keepdims=True)
    return float((filters[..., 1:] * filters[..., :-1]).sum() / (filters[..., 1:] ** 2).sum())
