"""A network and photographs so small that an atlas of them takes seconds, and that atlas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import optogram as og
from optogram.atlas.build import build_atlas
from optogram.atlas.open import Atlas
from optogram.atlas.settings import Settings

SETTINGS = Settings(twins=2, picture_units=4, steps=4, panel=30, attributed=1, exemplars=3)


def small() -> og.Network:
    """Two convolutions and a head; unit 2 of the first is dead, and unit 5 of the second."""
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 20, 3, stride=2)
    for layer, unit in ((first, 2), (second, 5)):
        layer.weight.data[unit], layer.bias.data[unit] = 0, 1  # type: ignore[index]
    module = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(20, 3))
    return og.Network(module, og.Preprocess(size=32), ("tabby", "lemon", "page"), name="small#1")


def pixels() -> np.ndarray:
    """48 photographs of coarse noise, so that there is something to tell apart."""
    coarse = np.random.default_rng(0).integers(0, 256, (48, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="session")
def network() -> og.Network:
    return small()


@pytest.fixture(scope="session")
def photos() -> og.Photos:
    return og.open_images(pixels())


@pytest.fixture(scope="session")
def settings() -> Settings:
    return SETTINGS


@pytest.fixture(scope="session")
def atlas(network: og.Network, photos: og.Photos, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Built once; nobody changes it."""
    return build_atlas(network, photos, tmp_path_factory.mktemp("atlases") / "whole", settings=SETTINGS, progress=False)


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a folder, byte for byte."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="session")
def whole(atlas: Atlas) -> dict[str, bytes]:
    return contents(atlas.path)
