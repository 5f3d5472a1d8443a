"""Inverted bottlenecks in one go beside their layers by torch: seconds of both in turn, there and back, and how far each is from double precision.

    python benchmarks/bottleneck.py [--rows 16] [--rounds 15] [--threads 2]

The blocks of MobileNetV2 at 224 x 224, in channels_last.
"""

from __future__ import annotations

import argparse
import copy

import numpy as np
import torch
from torch import Tensor, nn

from _paired import CLOCKS, medians, options, paired, ratio
from optogram.network.fast.bottleneck import quicken

BLOCKS = (
    *[(32, 0, 16, 1, 112), (16, 96, 24, 2, 112), (24, 144, 24, 1, 56), (24, 144, 32, 2, 56), (32, 192, 32, 1, 28), (32, 192, 64, 2, 28)],
    *[(64, 384, 64, 1, 14), (64, 384, 96, 1, 14), (96, 576, 96, 1, 14), (96, 576, 160, 2, 14), (160, 960, 160, 1, 7), (160, 960, 320, 1, 7)],
)
"""Channels, hidden channels (none where there is no first convolution), units, stride, height and width."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=16)
    options(parser, 15)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    for block in BLOCKS:
        compare(*block, given)


def compare(channels: int, hidden: int, units: int, stride: int, side: int, given: argparse.Namespace) -> None:
    torch.manual_seed(0)
    plain = layers(channels, hidden, units, stride)
    fast = copy.deepcopy(plain)
    quicken(fast)
    images = torch.randn(given.rows, channels, side, side).contiguous(memory_format=torch.channels_last)
    outside = torch.randn(plain(images).shape).contiguous(memory_format=torch.channels_last)
    exact = [part.detach() for part in both(copy.deepcopy(plain).double(), images.double(), outside.double())]
    calls = (lambda: both(plain, images, outside), lambda: both(fast, images, outside))
    times = paired(calls, given.rounds, CLOCKS[given.clock], given.cold)
    off = " / ".join(f"{max(map(apart, call(), exact)):.1e}" for call in calls)
    many = hidden or channels
    places = images.numel() / channels
    work = 4e-9 * (places * channels * hidden + outside.numel() * many + 9 * outside.numel() / units * many)
    speed = f"{work / min(times[0]):.0f} / {work / min(times[1]):.0f} GFLOPS"
    name = f"{channels:3d} -> {many:3d} -> {units:3d} by {stride} at {side:3d}"
    print(f"{name}   ratio {ratio(*times):.2f}   torch / optogram {medians(times, 4)}   off {off}   {speed}", flush=True)


def layers(channels: int, hidden: int, units: int, stride: int) -> nn.Sequential:
    many = hidden or channels
    first = [nn.Conv2d(channels, hidden, 1), nn.ReLU6()] if hidden else []
    found = nn.Sequential(*first, nn.Conv2d(many, many, 3, stride, 1, groups=many), nn.ReLU6(), nn.Conv2d(many, units, 1))
    return found.requires_grad_(False).to(memory_format=torch.channels_last)


def apart(found: Tensor, exact: Tensor) -> float:
    """The difference that one number in ten thousand exceeds, over the greatest: here and there rounding opens or closes a rectifier."""
    return float(np.quantile((found - exact).abs().numpy(), 0.9999) / exact.abs().max())


def both(module: nn.Module, images: Tensor, outside: Tensor) -> tuple[Tensor, Tensor]:
    """What comes out, and the gradient at the images."""
    leaf = images.detach().requires_grad_()
    result = module(leaf)
    return result.detach(), torch.autograd.grad(result, leaf, outside)[0]


if __name__ == "__main__":
    main()
