"""How often claims are made where there is nothing to claim, claim by claim, on four architectures, beside positive controls.

    python benchmarks/evidence_calibration.py [--trials 20] [--twins 39] [--deals 200] [--seconds N] [--claim NAME ...] [--only NAME ...]
        [--json FILE]

The networks: the demo's (photonet, on crops of the photographs in wheels), a plain one, one with wider filters (whose first site, `first`, is asked
for Gabor functions) and a residual one trained here on the digits in scikit-learn's wheel, and, where ../shared/data is, SqueezeNet at 128 pixels.
In the trained network's place stand: re-initialised and shuffled ones, and networks drawn orthogonal, each judged by twins of its own as `og.judge`
makes them, of both kinds where there are 38 (SqueezeNet: all by the same twins); and the trained network with its pictures dealt to other units, or
its responses to other photographs.
FAILS where the lower 95 % Clopper-Pearson bound exceeds .05.
Positive controls, by one set of twins: the trained network, and the digits' networks trained on shuffled labels.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import optogram as og
from optogram.testing.calibration import KINDS, LEVEL, OF_RESPONSES, Bench, Count, Seen, deranged, untrained

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CLAIMS = (
    "identification",
    "alike",
    "facets",
    "privileged",
    "selective",
    "hypothesis",
    "gabor_like",
    "identification_by_picture",
    "identification_by_both",
    "natural_path",
    "reached",
    "reliable",
)
PICTURES = {"units": 12, "steps": 12}
FEW = 40
"""Deals of claims that must be measured anew for each."""
ANIMALS = 398
"""Classes of ImageNet before this one are animals."""


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


def plain(side: int = 5) -> nn.Module:
    """Two convolutions."""
    layers = nn.Conv2d(1, 16, side, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    return nn.Sequential(*layers)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Digits of 32 x 32 pixels, and which they are."""
    from sklearn.datasets import load_digits

    found = load_digits()
    large = torch.nn.functional.interpolate(torch.from_numpy(found.images)[:, None], size=32, mode="bilinear")
    return (large[:, 0] * 15.9).numpy().astype(np.uint8)[..., None], found.target


def wide() -> nn.Module:
    """The same with filters that are large enough for a Gabor function."""
    return plain(7)


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


def benches(only: Sequence[str] | None, claims: Sequence[str]) -> Iterator[tuple[str, Bench, og.Network | None, bool]]:
    """Name, bench, the network trained on shuffled labels where there is one, and whether every trial has twins of its own."""
    from optogram.zoo._photographs import held_out_crops

    if not only or "photonet" in only:
        photonet, crops = og.load("zoo:photonet"), held_out_crops(340)
        marks = {crops.identity(index): crops.identity(index) < "d" for index in range(len(crops))}
        yield "photonet", Bench.of(photonet, crops, photonet.sites()[2].address, 200, claims, marks, PICTURES), None, True
    images, labels = digits()
    wrong = np.random.default_rng(0).permutation(labels)
    kept = og.open_images(images[:200], channels=1).labelled([str(label) for label in labels[:200]])
    round_ones = {kept.identity(index): bool(labels[index] in (0, 6, 8, 9)) for index in range(len(kept))}
    for name, make, site in (("plain", plain, "2"), ("wide", wide, "2"), ("first", wide, "0"), ("residual", Residual, "one")):
        if only and name not in only:
            continue
        networks = []
        for told, epochs in ((labels, 30), (wrong, 60)):
            torch.manual_seed(0)
            networks.append(trained(make(), images, told, f"{name}{' on shuffled labels' if told is wrong else ''}", epochs))
        yield name, Bench.of(networks[0], kept, site, 200, claims, round_ones, PICTURES), networks[1], True
    weights, folder = DATA / "weights" / "squeezenet1_0_deepcompression.safetensors", DATA / "photos"
    if weights.exists() and (folder / "imagenet-sample").exists() and (not only or "squeezenet1_0" in only):
        squeezenet = og.load("torchvision:squeezenet1_0", str(weights), preprocess="size=128,crop=128")
        photos = og.open_images(folder / "imagenet-sample").labelled(kingdom(folder / "imagenet_classes.csv"))
        marks = {photos.identity(index): photos.label(index) == "animal" for index in range(len(photos))}
        yield "squeezenet1_0", Bench.of(squeezenet, photos, "features.7.expand3x3", 120, claims, marks, PICTURES), None, False


def kingdom(classes: Path) -> Any:
    """Whether a photograph's class, which its name begins with, is an animal or a thing."""
    with classes.open(encoding="utf-8") as file:
        number = {row["wnid"]: int(row["index"]) for row in csv.DictReader(file)}
    return lambda identity: "animal" if number[identity.partition("_")[0]] < ANIMALS else "thing"


def table(
    bench: Bench, mistaught: og.Network | None, trials: int, twins: int, deals: int, *, fresh: bool, seconds: float
) -> Iterator[dict[str, Any]]:
    """A row a claim: counts where there is nothing to claim, and what is said of the trained networks."""
    nothing = untrained(bench, trials, twins, fresh=fresh, seconds=seconds)
    pool = bench.twins(twins, 50_000)
    controls = {"trained": Seen(bench.view), **({"mistaught": bench.seen(mistaught)} if mistaught else {})}
    for claim in bench.claims:
        dealt = deranged(bench.view, claim, min(deals, FEW) if claim.name in OF_RESPONSES else deals)
        row: dict[str, Any] = {"claim": claim.name, "dealt": dealt}
        for kind in KINDS if claim.name in nothing else ():
            row |= dict(zip((f"{kind} gates", f"{kind} units"), nothing[claim.name][kind], strict=True))
        for name, seen in controls.items():
            if claim.beyond_twins:
                told = bench.judged(seen, pool, claim)
                row[name] = f"{'open' if told.gate else 'shut'}, {told.stands} of {told.tested} stand" if told.tested else "not tested"
            else:
                own = seen.measured(claim)
                row[name] = f"{int((own.q <= LEVEL).sum())} of {own.units} stand" if own.units else "not tested"
        yield row


def shown(value: object) -> str:
    """A count as `hits of trials`."""
    if isinstance(value, Count):
        return f"{value.hits} of {value.trials}{f' FAILS ({value.low:.3f})' if value.fails else ''}" if value.trials else "not tested"
    return "" if value is None else str(value)


def main() -> None:
    """Prints a table a network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--twins", type=int, default=39)
    parser.add_argument("--deals", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="a network: the trial in which they run out is the last")
    parser.add_argument("--claim", action="append", choices=CLAIMS)
    parser.add_argument("--only", action="append")
    parser.add_argument("--json")
    asked = parser.parse_args()
    failed, kept = 0, {}
    columns = ("claim", *(f"{kind} {what}" for kind in KINDS for what in ("gates", "units")), "dealt", "trained", "mistaught")
    for name, bench, mistaught, fresh in benches(asked.only, asked.claim or CLAIMS):
        began = time.process_time()
        print(f"\n{name}, {bench.view.site.address}, {bench.view.photographs} photographs, {bench.view.site.units} units, {asked.twins} twins")
        print(" | ".join(columns), flush=True)
        rows = []
        for row in table(bench, mistaught, asked.trials, asked.twins, asked.deals, fresh=fresh, seconds=asked.seconds):
            failed += sum(one.fails for one in row.values() if isinstance(one, Count))
            rows.append({column: shown(row.get(column)) for column in columns})
            print(" | ".join(rows[-1].values()), flush=True)
        print(f"{time.process_time() - began:.0f} processor seconds", flush=True)
        kept[name] = rows
        if asked.json:
            Path(asked.json).write_text(json.dumps(kept, indent=1), encoding="utf-8")
    if failed:
        raise SystemExit(f"{failed} calibrations fail")


if __name__ == "__main__":
    main()
