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


@pytest.fixture(scope="module")
def registered() -> Network:
    """A transformer with a class token, two register tokens and heads that are told apart (queries, keys and values of a layer each)."""
    vision = pytest.importorskip("timm.models.vision_transformer")
    torch.manual_seed(0)
    module = vision.VisionTransformer(img_size=32, patch_size=PATCH, embed_dim=16, depth=1, num_heads=2, reg_tokens=2, num_classes=5)
    return Network(module.eval(), Preprocess(size=32))


def test_units_of_register_and_class_tokens_of_the_mlp_and_of_heads_rise(registered: Network) -> None:
    block, hidden = registered.site("blocks.0"), registered.site("blocks.0.mlp.fc1")
    assert block.prefix == ("cls", "reg0", "reg1")
    heads = registered.site("blocks.0.attn.proj~in")
    asked = ["blocks.0:3@reg1", "blocks.0:3@reg0", "blocks.0:3@cls", "blocks.0:3@2,1", f"{hidden.address}:7", f"{heads.address}:h1"]
    made = synthesize(registered, asked, preset="vit", steps=32, transforms=(), progress=False)
    assert (made.trace[:, -8:].mean(1) > made.trace[:, :2].mean(1)).all()
    images = torch.from_numpy(made.images)
    tokens = block.places(registered.read(block, images))[:, 3]
    expected = [tokens[row, place].item() for row, place in enumerate((2, 1, 0, 3 + 2 * 4 + 1))]
    assert made.activations[:4] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    inner = hidden.places(registered.read(hidden, images))[4, 7, 3:].mean().item()
    assert made.activations[4] == pytest.approx(inner, rel=1e-3, abs=1e-4)
    width = heads.units // 2
    sizes = torch.linalg.vector_norm(heads.places(registered.read(heads, images))[5, width:], dim=0)[3:]
    assert made.activations[5] == pytest.approx(sizes.mean().item(), rel=1e-3, abs=1e-4)
