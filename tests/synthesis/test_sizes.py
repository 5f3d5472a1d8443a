"""Every canvas on small, huge, gray and fixed inputs, and on a network that gives NaN on the way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.synthesis.planted import canvas_of, given
from tests.synthesis.rigid import Rigid
from torch import Tensor, nn

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.synthesis.recipe import CANVASES
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.verdict import FAILED
from optogram.zoo._planted import planted

TRUTH = planted(1)


class Tiring(nn.Module):
    """From its fourth pass with a gradient on, the first image of a batch gives NaN."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Conv2d(1, 2, 3)
        self.passes = 0

    def forward(self, images: Tensor) -> Tensor:
        self.passes += images.requires_grad
        first = torch.arange(len(images), device=images.device) == 0
        broken = first & (self.passes > 3) & images.requires_grad
        out: Tensor = self.units(images) + torch.where(broken, torch.nan, 0.0)[:, None, None, None]
        return out


def made(net: Network, units: object, name: str, **settings: object) -> Synthesis:
    usual = {"canvas": canvas_of(name, 1), "steps": 12, "transforms": (), "progress": False}
    return synthesize(net, units, **{**usual, **given(name, 1), **settings})  # type: ignore[arg-type]


def holds(found: Synthesis, side: int) -> None:
    assert found.images.shape == (len(found), 1, side, side)
    assert found.images.dtype == np.float32
    assert 0 <= found.images.min() <= found.images.max() <= 1
    assert (found.trace[:, -3:].mean(1) > found.trace[:, 0]).all()
    assert not set(found.verdict) & set(FAILED)


@pytest.mark.parametrize("name", CANVASES.names())
def test_every_canvas_climbs_at_28_and_32_on_one_channel_and_where_the_size_is_fixed(name: str) -> None:
    torch.manual_seed(0)
    holds(made(Network(Rigid(), Preprocess(size=28)), ["late:0", "late:2"], name, size=28), 28)
    holds(made(TRUTH.network, TRUTH.addresses["oblique"], name, size=32), 32)


@pytest.mark.slow
@pytest.mark.parametrize("name", CANVASES.names())
def test_every_canvas_climbs_at_512(name: str) -> None:
    holds(made(TRUTH.network, TRUTH.addresses["oblique"], name, size=512, steps=6), 512)


@pytest.mark.parametrize("name", CANVASES.names())
def test_a_row_that_turns_nan_on_the_way_stands_still_on_every_canvas(name: str) -> None:
    torch.manual_seed(0)
    found = made(Network(Tiring(), Preprocess(size=12)), ["output:0", "output:1"], name, size=12)
    assert found.verdict[0] == "not finite"
    assert np.isfinite(found.images).all()
    assert np.isfinite(found.trace).sum(1).tolist() == [3, 12]
    assert found.trace[1, -1] > found.trace[1, 2]
