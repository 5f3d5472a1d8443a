"""Vision transformers: units of patch tokens, of the class token, of heads; and pictures without the grid of patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.errors import MissingExtraError
from optogram.images.preprocess import Preprocess
from optogram.network._torchvision import open_torchvision
from optogram.network.network import Network
from optogram.synthesis.presets.vit import vit
from optogram.synthesis.synthesize import synthesize

try:
    open_torchvision()
except MissingExtraError as error:
    pytest.skip(str(error), allow_module_level=True)
PATCH = 8


@pytest.fixture(scope="module")
def net() -> Network:
    torch.manual_seed(0)
    shape = {"image_size": 32, "patch_size": PATCH, "num_layers": 1, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32, "num_classes": 5}
    module = open_torchvision().models.VisionTransformer(**shape)
    torch.nn.init.normal_(module.heads.head.weight)
    return Network(module, Preprocess(size=32))


def in_step(picture: np.ndarray) -> float:
    """The share of a picture's power at the frequencies of a pattern that is the same in every patch."""
    power = np.abs(np.fft.fft2(picture - picture.mean((1, 2), keepdims=True))) ** 2
    every = picture.shape[1] // PATCH
    return float(power[:, ::every, ::every].sum() / power.sum())


def test_units_of_patches_of_the_class_token_and_classes_rise(net: Network) -> None:
    site = [site for site in net.sites(default=False) if site.layout == "tokens" and site.prefix][-1]  # behind attention: the class token sees
    asked = [f"{site.address}:3", f"{site.address}:3@{site.prefix[0]}", f"{site.address}:3@1,2", "output:2"]
    made = synthesize(net, asked, preset="vit", steps=40, progress=False)
    assert made.units == tuple(net.unit(one).address for one in asked)
    assert (made.trace[:, -8:].mean(1) > made.trace[:, :2].mean(1)).all()
    raw = net.read(site, torch.from_numpy(made.images[:3]))
    places = site.places(raw)[:, 3]
    patch = site.flat_place((1, 2))
    expected = [places[0, 1:].mean().item(), places[1, 0].item(), places[2, patch].item()]
    assert made.activations[:3] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_shifts_over_a_patch_break_the_pattern_that_is_the_same_in_every_patch(net: Network) -> None:
    """A unit's mean over tokens without shifts: one pattern, repeated in step with the patches."""
    site = [site for site in net.sites(default=False) if site.layout == "tokens" and site.prefix][-1]
    asked = [f"{site.address}:{unit}" for unit in (0, 5)]
    shifted = synthesize(net, asked, preset="vit", steps=48, progress=False)
    others = [one for one in vit.transforms if type(one).__name__ != "jitter"]
    still = synthesize(net, asked, preset="vit", steps=48, transforms=others, progress=False)
    assert min(in_step(still.image(index)) for index in range(2)) > 0.95
    assert max(in_step(shifted.image(index)) for index in range(2)) < 0.85
