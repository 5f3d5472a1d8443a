"""What ten steps can do: how well a linear classifier reads the class at each site of a network, from the pixels to the head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.drawing.plots import curves
from optogram.errors import SourceError
from optogram.evenly import evenly
from optogram.images.folds import fold
from optogram.images.photos import Photos
from optogram.lab._chain import steps as chained
from optogram.lab._result import Finding, LabResult, made_by, percent, share
from optogram.lab._show import Measured, whiskers
from optogram.lab._sources import EMBEDDED, network_or_demo
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.progress import Progress, track

POOLED = 2
"""A site with places is read as the mean of what lies above zero, over the cells of a grid of so many rows and columns."""
RIDGE = 1e-2
"""The classifier's penalty, as a share of the mean variance of its features."""
MOST_SITES = 10
Halves = tuple[Float[Tensor, "known channel row column"], Int[Tensor, " known"], Float[Tensor, "new channel row column"], Int[Tensor, " new"]]


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthResult(LabResult):
    """`rates`, `rates_twin`: new photographs named rightly by a linear classifier at each of `sites`, of the network and of an untrained twin.

    `steps[site]`: how many layers with weights lie one behind the other from the pixels to the site; `neurons[site]`: units times places, all
    computed at once.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("rates", "rates_twin", "steps", "neurons")
    sites: tuple[str, ...]
    rates: Float[np.ndarray, " site"]
    rates_twin: Float[np.ndarray, " site"]
    steps: Int[np.ndarray, " site"]
    neurons: Int[np.ndarray, " site"]

    def pictures(self) -> dict[str, Image.Image]:
        """Accuracy step by step, beside an untrained twin's."""
        places = self.steps.tolist()
        lines = {"network": (places, self.rates.tolist()), "untrained twin": (places, self.rates_twin.tolist())}
        line = curves(lines, across="layers with weights so far", up="new photographs named rightly", title="What each step adds", include=(0.0, 1.0))
        found = [self.finding(f"rate_{site}") for site in self.sites]
        rows = [
            Measured(f"{site}: {neurons:,} neurons", entry.value, entry.low, entry.high, entry.control)
            for site, neurons, entry in zip(self.sites, self.neurons.tolist(), found, strict=True)
        ]
        chance = found[0].chance or 0.0
        note = f"Bars: 95 % intervals. Chance: {chance:.2f}."
        compared = whiskers(rows, title="A linear classifier at each site", control="an untrained twin", note=note, include=(chance, 1.0), width=340)
        return {"steps": line, "sites": compared}


def depth(
    images: Annotated[Photos | None, "Your own photographs, in class folders."] = None,
    *,
    network: Network | None = None,
    count: Annotated[int, "Photographs, half to learn from."] = 1360,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> DepthResult:
    """Fits a linear classifier (least squares with a small penalty) on the activations of each site, and judges it on other photographs.

    By default the demo network, crops of the halves of photographs that it was trained on to learn from, crops of the other halves to judge. A brain
    has time for about ten such steps between seeing and knowing; each is one step of a program that runs on all neurons at once.
    """
    count = min(count, 408) if quick else count
    net = network_or_demo(network)
    halves, names = _halves(images, net, count, seed)
    sites = _sites(net)
    twin = net.twin("shuffle", seed, halves[0][:64])
    with track("depth", 2 * len(sites), progress) as advance:
        hits, twin_hits = (_probed(which, sites, halves, len(names), advance) for which in (net, twin))
    truth = halves[3].numpy()
    chance = float(np.bincount(truth).max() / len(truth))
    steps = np.array(chained(net, sites))
    neurons = np.array([site.units * site.places_count for site in sites])
    findings = [
        share(
            f"rate_{site.address}",
            hit,
            len(truth),
            f"{hit:,} of {len(truth):,} new photographs are named rightly at {site.address}, after {step} {'step' if step == 1 else 'steps'} "
            f"({{low}} to {{high}}); {percent(other / len(truth))} in an untrained twin.",
            control=other / len(truth),
            chance=chance,
        )
        for site, step, hit, other in zip(sites, steps.tolist(), hits, twin_hits, strict=True)
    ]
    gained = (hits[-1] - hits[0]) / len(truth)
    lost = (twin_hits[-1] - twin_hits[0]) / len(truth)
    said = f"From {sites[0].address} to {sites[-1].address} the classifier gains {100 * gained:+.0f} points; {100 * lost:+.0f} in an untrained twin."
    widest = int(neurons.max())
    parallel = f"{int(steps.max())} steps, each of up to {widest:,} neurons at once: a short program on a wide machine."
    findings += [Finding("gained", gained, said, control=lost), Finding("steps", float(steps.max()), parallel)]
    return DepthResult(
        findings=tuple(findings),
        provenance=made_by("depth", seed=seed, settings={"count": count}, images=EMBEDDED if images is None else images, network=net),
        sites=tuple(site.address for site in sites),
        rates=np.array(hits) / len(truth),
        rates_twin=np.array(twin_hits) / len(truth),
        steps=steps,
        neurons=neurons,
    )


def _halves(images: Photos | None, network: Network, count: int, seed: int) -> tuple[Halves, tuple[str, ...]]:
    """Photographs and classes to learn from and to judge with, in the input frame."""
    if images is None:
        from optogram.images.modes import plain
        from optogram.zoo._photographs import NAMES, draw_crops

        parts: list[Tensor] = []
        for part in ("train", "held_out"):
            crops, sources = draw_crops(part, count // 2, seed)
            shown = np.stack([np.atleast_3d(np.asarray(plain(Image.fromarray(crop), network.channels))) for crop in crops])
            parts += [torch.from_numpy(shown).permute(0, 3, 1, 2).float() / 255, torch.tensor([NAMES.index(source) for source in sources])]
        return (network.prepare(parts[0]), parts[1], network.prepare(parts[2]), parts[3]), NAMES
    labels = [images.label(index) for index in range(len(images))]
    names = tuple(sorted({label for label in labels if label is not None}))
    if len(names) < 2:
        raise SourceError(f"classes are folders: this lab needs a folder of at least two class folders; {images!r} has {len(names)}")
    chosen = [index for index, label in enumerate(labels) if label is not None][:count]
    pixels, classes, held = [], [], []
    for batch in images.batches(network.preprocess, network.channels, indices=chosen):
        pixels.append(batch.images.float() / 255)
        classes += [names.index(str(labels[index])) for index in batch.indices]
        held += [fold(images.group(index)) == 1 for index in batch.indices]
    whole, truth, out = torch.cat(pixels), torch.tensor(classes), torch.tensor(held)
    return (whole[~out], truth[~out], whole[out], truth[out]), names


def _sites(network: Network) -> list[Site]:
    """The input, up to eight default sites with places, and the first head behind them."""
    found = [site for site in network.sites() if site.layout != "vector"]
    heads = [site for site in network.sites() if site.layout == "vector" and (not found or site.order > found[-1].order)]
    return [network.site("input"), *evenly(found, MOST_SITES - 2), *heads[:1]]


def _probed(network: Network, sites: list[Site], halves: Halves, classes: int, advance: Callable[[int], None]) -> list[int]:
    """How many new photographs a linear classifier at each site names rightly."""
    known, named, new, truth = halves
    hits = []
    for site in sites:
        features = [torch.cat([_features(network, site, batch) for batch in part.split(128)]) for part in (known, new)]
        hits.append(int((fitted_classes(features[0], named, features[1], classes) == truth).sum()))
        advance(1)
    return hits


def _features(network: Network, site: Site, images: Float[Tensor, "batch channel row column"]) -> Float[Tensor, "batch feature"]:
    """What a linear classifier is given: means over cells; of what lies above zero, as the next layer reads it (all of the input)."""
    raw = images if site.address == "input" else network.read(site, images)
    if site.layout == "vector":
        return site.places(raw)[..., 0]
    raw = raw if site.address == "input" else raw.clamp(min=0)
    if raw.ndim == 4 and site.layout in ("spatial", "channel_last"):
        raw = raw.permute(0, 3, 1, 2) if site.layout == "channel_last" else raw
        return F.adaptive_avg_pool2d(raw, POOLED).flatten(1)
    return site.places(raw).mean(dim=2)


def fitted_classes(
    known: Float[Tensor, "known feature"], named: Int[Tensor, " known"], new: Float[Tensor, "new feature"], classes: int
) -> Int[Tensor, " new"]:
    """The answers of the linear map that brings known features nearest to their classes' corners: ridge regression on one-hot classes."""
    mean, spread = known.mean(dim=0), known.std(dim=0) + 1e-6
    x, y = ((known - mean) / spread).double(), F.one_hot(named, classes).double()
    gram = x.T @ x + RIDGE * len(x) * torch.eye(x.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(gram, x.T @ (y - y.mean(dim=0)))
    scores: Tensor = ((new - mean) / spread).double() @ weights + y.mean(dim=0)
    return scores.argmax(dim=1)
