"""3 x 3 convolutions beside torch's own: seconds of both in turn, and how far each is from double precision.

    python benchmarks/convolution.py [--rows 24] [--rounds 25] [--threads 2] [--avx2]

Shapes of ResNet18, VGG, SqueezeNet and AlexNet, forward, in channels_last; a gradient at the input is a convolution of the same kind. `--avx2` takes
registers of eight numbers; run it with ONEDNN_MAX_CPU_ISA=AVX2 to hold torch to them too.
"""

from __future__ import annotations

import argparse

import torch
from torch import nn

from _paired import CLOCKS, medians, options, paired, ratio
from optogram.network.fast._machine_code import AVX2
from optogram.network.fast.machine import registers
from optogram.network.fast.winograd import convolved, panels

SHAPES = ((64, 64, 56), (128, 128, 28), (256, 256, 14), (512, 512, 7), (512, 512, 14), (64, 256, 27), (192, 384, 13), (384, 256, 13))
"""Channels, units, height and width."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--avx2", action="store_true")
    options(parser, 25)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    kind = AVX2 if given.avx2 else registers()
    for channels, units, side in SHAPES:
        compare(channels, units, side, given, kind)


@torch.no_grad()
def compare(channels: int, units: int, side: int, given: argparse.Namespace, kind: object) -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(channels, units, 3, padding=1).to(memory_format=torch.channels_last)
    images = torch.randn(given.rows, channels, side, side).relu().contiguous(memory_format=torch.channels_last)
    weights = panels(plain.weight, kind.wide)
    calls = (lambda: plain(images), lambda: convolved(images, weights, plain.bias, units, 1, kind))
    times = paired(calls, given.rounds, CLOCKS[given.clock], given.cold)
    truth = torch.nn.functional.conv2d(images.double(), plain.weight.double(), plain.bias.double(), padding=1)
    off = " / ".join(f"{float((call() - truth).abs().max() / truth.abs().max()):.1e}" for call in calls)
    speed = f"torch at {2e-9 * truth.numel() * channels * 9 / min(times[0]):.0f} GFLOPS"
    print(f"{channels:4d} -> {units:3d} at {side:3d}   ratio {ratio(*times):.2f}   torch / optogram {medians(times, 4)}   off {off}   {speed}")


if __name__ == "__main__":
    main()
