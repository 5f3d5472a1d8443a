from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from tests.evidence.pictured import pictured
from torch import nn

import optogram as og
from optogram.evidence._bank import Bank
from optogram.evidence._making import Making
from optogram.evidence._mapped import Mapped
from optogram.evidence._scene import Recorder, Scene, recorded, scenes_of
from optogram.evidence._view import SiteView

CALLS: list[str] = []


@dataclass(frozen=True, slots=True)
class Noted(Recorder):
    """Records what was there before it."""

    def record(self, network: og.Network, view: SiteView, scene: Scene) -> Any:
        CALLS.append(self.name)
        return sorted(view.recorded)


@pytest.fixture(scope="module")
def network() -> og.Network:
    return og.Network(nn.Sequential(nn.Conv2d(3, 4, 5, stride=2), nn.ReLU()), og.Preprocess(size=21))


@pytest.fixture(scope="module")
def sweep(network: og.Network) -> og.Sweep:
    pictures = np.random.default_rng(0).integers(0, 256, (6, 21, 21, 3)).astype(np.uint8)
    return og.sweep(network, og.open_images(pictures), sites=["0"], progress=False)


@pytest.fixture(scope="module")
def scene(network: og.Network, sweep: og.Sweep) -> Scene:
    images = sweep.panel.images(network, sweep.photos)
    return scenes_of(network, images, sweep, [network.site("0")], Bank(), Making(), 3, Mapped())["0"]


def test_every_record_is_made_once_and_after_those_that_it_builds_on(network: og.Network, scene: Scene) -> None:
    first = Noted("first")
    second = Noted("second", after=(first,))
    third = Noted("third", after=(second, first))
    CALLS.clear()
    found = recorded(network, pictured(np.random.default_rng(0), 3, 4), scene, [third, second, first])
    assert CALLS == ["first", "second", "third"]
    before = ["again", "lowered", "raised"]
    assert [found.recorded[name] for name in CALLS] == [
        before,
        [*before[:1], "first", *before[1:]],
        ["again", "first", "lowered", "raised", "second"],
    ]


def test_a_scene_holds_each_probes_field(network: og.Network, sweep: og.Sweep, scene: Scene) -> None:
    assert (scene.field.height, scene.field.width) == (5, 5)
    assert torch.equal(scene.images, sweep.panel.images(network, sweep.photos))
    for photo, row in enumerate(sweep.panel.probe_places("0")):
        for box, place in zip(scene.boxes[photo], row, strict=True):
            top, left = 2 * (place // 9), 2 * (place % 9)
            assert box.as_tuple() == (top, left, top + 5, left + 5)
