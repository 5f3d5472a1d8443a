"""How often identification by exemplars claims something where there is nothing to claim, on four architectures, beside positive controls.

    python benchmarks/evidence_calibration.py [--trials 20] [--twins 19] [--deals 200] [--only NAME ...]

The networks: the demo's (photonet, on crops of the photographs in wheels), a plain and a residual network trained here on the digits in
scikit-learn's wheel, and, where ../shared/data is, SqueezeNet at 128 pixels. In the trained network's place stand: its shuffled twins, and
networks drawn orthogonal, each judged by re-initialised twins of its own (SqueezeNet: five of each, by the same twins); and the trained network
with its pictures deranged over units. FAILS where the lower 95 % Clopper-Pearson bound exceeds .05. Positive controls, by one set of twins: the
trained network, and the digits' networks trained on shuffled labels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import optogram as og
from optogram.testing.calibration import Bench, deranged, untrained

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


class Residual(nn.Module):
    """A small residual network with batch norms."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 24, 5, 2), nn.BatchNorm2d(24), nn.ReLU())
        self.one = nn.Sequential(nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24))
        self.head = nn.Linear(24, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        first = self.stem(images)
        return self.head(torch.relu(first + self.one(first)).mean((2, 3)))  # type: ignore[no-any-return]


def plain() -> nn.Module:
    """Two convolutions."""
    layers = nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    return nn.Sequential(*layers)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Digits of 32 x 32 pixels, and which they are."""
    from sklearn.datasets import load_digits

    found = load_digits()
    large = torch.nn.functional.interpolate(torch.from_numpy(found.images)[:, None], size=32, mode="bilinear")
    return (large[:, 0] * 15.9).numpy().astype(np.uint8)[..., None], found.target


def trained(module: nn.Module, images: np.ndarray, labels: np.ndarray, name: str, epochs: int) -> og.Network:
    """Adam, batches of 64."""
    inputs, targets = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(labels).long()
    steering, generator = torch.optim.Adam(module.parameters(), 3e-3), torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs), generator=generator).split(64):
            steering.zero_grad()
            nn.functional.cross_entropy(module(inputs[rows]), targets[rows]).backward()
            steering.step()
    with torch.no_grad():
        right = (module.eval()(inputs).argmax(1) == targets).float().mean()
    print(f"{name}: {right:.2f} right on what it was trained on", flush=True)
    return og.Network(module, og.Preprocess(size=32, mean=(0.0,), std=(1.0,)), name=name)


def benches(only: list[str] | None) -> Iterator[tuple[str, Bench, og.Network | None, bool]]:
    """Name, bench, the network trained on shuffled labels where there is one, and whether every trial has twins of its own."""
    from optogram.zoo._photographs import held_out_crops

    if not only or "photonet" in only:
        photonet = og.load("zoo:photonet")
        yield "photonet", Bench.of(photonet, held_out_crops(), photonet.sites()[2].address, 200), None, True
    images, labels = digits()
    wrong = np.random.default_rng(0).permutation(labels)
    kept = og.open_images(images[:200], channels=1)
    for name, make, site in (("plain", plain, "2"), ("residual", Residual, "one")):
        if only and name not in only:
            continue
        networks = []
        for told, epochs in ((labels, 30), (wrong, 60)):
            torch.manual_seed(0)
            networks.append(trained(make(), images, told, f"{name}{' on shuffled labels' if told is wrong else ''}", epochs))
        yield name, Bench.of(networks[0], kept, site, 200), networks[1], True
    weights, photographs = DATA / "weights" / "squeezenet1_0_deepcompression.safetensors", DATA / "photos" / "imagenet-sample"
    if weights.exists() and photographs.exists() and (not only or "squeezenet1_0" in only):
        squeezenet = og.load("torchvision:squeezenet1_0", str(weights), preprocess="size=128,crop=128")
        yield "squeezenet1_0", Bench.of(squeezenet, og.open_images(photographs), "features.7.expand3x3", 80), None, False


def main() -> None:
    """Prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--twins", type=int, default=19)
    parser.add_argument("--deals", type=int, default=200)
    parser.add_argument("--only", action="append")
    asked = parser.parse_args()
    failed = []
    for name, bench, mistaught, fresh in benches(asked.only):
        began, trials = time.process_time(), asked.trials if fresh else 5
        counts = [count for kind in ("shuffle", "orthogonal") for count in untrained(bench, kind, trials, asked.twins, fresh=fresh)]
        counts.append(deranged(bench.view, asked.deals))
        failed += [count for count in counts if count.fails]
        print(f"\n{name}, {bench.view.site.address}, {bench.view.photographs} photographs, {bench.view.site.units} units, {asked.twins} twins")
        print("\n".join(f"  {count}" for count in counts))
        pool = [bench.seen(bench.twin("reinit", 50_000 + number)) for number in range(asked.twins)]
        for told, view in (("trained", bench.view), *([("trained on shuffled labels", bench.seen(mistaught))] if mistaught else [])):
            gate, units = bench.judged(view, pool)
            print(f"  {told}: gate {'open' if gate else 'shut'}, {units} of {view.site.units} units stand")
        print(f"  {time.process_time() - began:.0f} processor seconds", flush=True)
    if failed:
        raise SystemExit(f"{len(failed)} calibrations fail")


if __name__ == "__main__":
    main()
