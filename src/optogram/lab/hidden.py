"""One hidden layer, unit by unit: the template that each reads, what it says to every class; dead and duplicate units; how many it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.lab._cards import Card, cards
from optogram.lab._collection import Collection, collection, smoothness
from optogram.lab._result import Finding, LabResult, made_by, percent, share
from optogram.lab._show import Measured, whiskers
from optogram.lab._stack import Stack, drawn, right, trained
from optogram.lab.neighbours import chosen
from optogram.progress import Progress, track

SIZES = (1, 3, 10, 30, 100)
ALIKE = 0.95
"""Two units are duplicates if both their incoming and their outgoing weights have a cosine of at least this."""
SHOWN = 16
DRAWS = 10
RATE = 0.005


@dataclass(frozen=True, kw_only=True, eq=False)
class HiddenResult(LabResult):
    """`incoming[unit, row, column]`, `biases`, `outgoing[class, unit]`; `contribution[unit]`; `on[unit]`: share of known pictures it is on for.

    `copies[unit]`: the number of the unit that it is a duplicate of, or its own. `sizes`, `rates`: new pictures named rightly by number of units.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("incoming", "biases", "outgoing", "contribution", "on", "copies", "sizes", "rates")
    incoming: Float[np.ndarray, "unit row column"]
    biases: Float[np.ndarray, " unit"]
    outgoing: Float[np.ndarray, "class unit"]
    contribution: Float[np.ndarray, " unit"]
    on: Float[np.ndarray, " unit"]
    copies: Int[np.ndarray, " unit"]
    sizes: tuple[int, ...]
    rates: Float[np.ndarray, " size"]
    names: tuple[str, ...]

    @property
    def order(self) -> Int[np.ndarray, " unit"]:
        """The units by what they contribute, the most first: as the cards show them."""
        return np.argsort(-self.contribution, kind="stable")

    def pictures(self) -> dict[str, Image.Image]:
        """The units that contribute most, as cards; accuracy by number of units."""
        order = self.order[:SHOWN].tolist()
        units = [
            Card(
                index,
                self.incoming[index],
                self.outgoing[:, index],
                float(self.biases[index]),
                float(self.contribution[index]),
                float(self.on[index]),
            )
            for index in order
        ]
        note = "Left: the template that the unit reads (orange wants bright). Right: what it says to each class (orange for, blue against)."
        sheet = cards(units, self.names, title=f"The {len(units)} of {len(self.biases)} hidden units that contribute most", note=note)
        found = [self.finding(f"units_{size}") for size in self.sizes]
        rows = [Measured(_units_of(size), entry.value, entry.low, entry.high) for size, entry in zip(self.sizes, found, strict=True)]
        nearest = self.finding("nearest")
        rows.append(Measured("nearest neighbour", nearest.value, nearest.low, nearest.high))
        chance = found[0].chance or 0.0
        return {
            "units": sheet,
            "sizes": whiskers(rows, title="New pictures named rightly", note=f"Bars: 95 % intervals. Chance: {chance:.2f}.", include=(chance, 1.0)),
        }


def hidden(
    images: Annotated[Photos | None, "Your own pictures, in class folders: people, objects."] = None,
    *,
    data: Annotated[str, "faces or digits, where no pictures are given."] = "faces",
    side: Annotated[int, "Side of your own pictures in pixels."] = 64,
    units: Annotated[int, "Hidden units."] = 300,
    decay: Annotated[float, "Factor of the sum of squared weights in the cost (L2)."] = 1e-3,
    steps: Annotated[int, "Training steps."] = 300,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> HiddenResult:
    """Trains one hidden layer of rectified units on one half of the pictures, judges it on the other, and takes the layer apart.

    A unit's contribution is the standard deviation, over the known pictures, of what it adds to the classes' scores (their mean taken out). Weights
    start a tenth as large as usual, so that a template shows what was learned and not where it began.
    """
    if units < 1:
        raise SettingError(f"a hidden layer has at least 1 unit; got {units}")
    found = collection(images, data, side, seed)
    found, steps = (found.reduced(100), min(steps, 120)) if quick else (found, steps)
    sizes = (*(size for size in SIZES if size < units), units)
    x, y = found.tensors(held_out=False)
    new, truth = found.tensors(held_out=True)
    with track("hidden", steps * (len(sizes) + 1), progress) as advance:

        def fit(size: int, classes: Tensor) -> Stack:
            return trained(small(x.shape[1], size, len(found.names), seed), x, classes, steps=steps, rate=RATE, decay=decay, advance=advance)

        stacks = [fit(size, y) for size in sizes]
        control = fit(units, y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))])
    rates = [float(right(stack, new, truth)[0]) for stack in stacks]
    net = stacks[-1]
    contribution, on, copies = roles(net, x)
    findings = (
        *_rates(found, sizes, rates, truth.numpy(), float(right(control, new, truth)[0])),
        *_units(contribution, on, copies),
        _templates(net, contribution, found.side, small(x.shape[1], units, len(found.names), seed)),
        _silenced(net, new, contribution, seed),
    )
    return HiddenResult(
        findings=findings,
        provenance=made_by(
            "hidden",
            seed=seed,
            settings={"data": data, "side": side, "units": units, "decay": decay, "steps": steps},
            images=found.name if images is None else images,
        ),
        incoming=net.weights[0][0].numpy().reshape(-1, found.side, found.side),
        biases=net.biases[0][0].numpy(),
        outgoing=net.weights[1][0].numpy(),
        contribution=contribution,
        on=on,
        copies=copies,
        sizes=sizes,
        rates=np.array(rates),
        names=found.names,
    )


def small(inputs: int, units: int, classes: int, seed: int) -> Stack:
    """A random network whose weights are a tenth of the usual size."""
    start = drawn((inputs, units, classes), 1, seed)
    return Stack(tuple(0.1 * weight for weight in start.weights), tuple(0.1 * bias for bias in start.biases))


Roles = tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"], Int[np.ndarray, " unit"]]


def roles(net: Stack, known: Float[Tensor, "picture pixel"]) -> Roles:
    """What each hidden unit contributes, the share of known pictures that it is on for, and which unit it is a duplicate of."""
    values, outgoing = net.layers(known)[0][0].clamp(min=0), net.weights[1][0]
    told = (outgoing - outgoing.mean(dim=0)).norm(dim=0)
    on = (values > 0).double().mean(dim=0).numpy()
    return (values.std(dim=0) * told).double().numpy(), on, duplicates(net.weights[0][0].numpy(), outgoing.T.numpy(), on > 0)


def without(net: Stack, units: Int[np.ndarray, " silent"]) -> Stack:
    """The network with some hidden units silent."""
    outgoing = net.weights[1].clone()
    outgoing[:, :, units] = 0
    return Stack((net.weights[0], outgoing), net.biases)


def duplicates(incoming: Float[np.ndarray, "unit pixel"], outgoing: Float[np.ndarray, "unit class"], alive: np.ndarray) -> Int[np.ndarray, " unit"]:
    """For each unit the first living one whose incoming and outgoing weights point the same way (cosine at least .95); its own number if none."""
    cosines = []
    for rows in (incoming, outgoing):
        unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        cosines.append(unit @ unit.T)
    alike = (cosines[0] >= ALIKE) & (cosines[1] >= ALIKE) & alive[None, :] & alive[:, None]
    np.fill_diagonal(alike, val=True)
    first: np.ndarray = alike.argmax(axis=1)
    return first


def _rates(found: Collection, sizes: tuple[int, ...], rates: list[float], truth: np.ndarray, shuffled: float) -> list[Finding]:
    chance = float(np.bincount(truth).max() / len(truth))
    known, classes = found.part(held_out=False)
    nearest = int((classes[chosen(found.part(held_out=True)[0], known)[0]] == truth).sum())
    count = len(truth)
    listed = [
        share(
            f"units_{size}",
            round(rate * count),
            count,
            f"{round(rate * count):,} of {count:,} new pictures are named rightly with {_units_of(size)} ({{low}} to {{high}}).",
            control=shuffled,
            chance=chance,
        )
        for size, rate in zip(sizes, rates, strict=True)
    ]
    said = (
        f"{nearest:,} of {count:,} by their nearest neighbour ({{low}} to {{high}}); "
        f"{percent(shuffled)} by units trained on shuffled labels, {percent(chance)} by chance."
    )
    return [*listed, share("nearest", nearest, count, said, control=shuffled, chance=chance)]


def _units(contribution: np.ndarray, on: np.ndarray, copies: np.ndarray) -> list[Finding]:
    units = len(on)
    dead, twins = int((on == 0).sum()), int((copies != np.arange(units)).sum())
    order = np.sort(contribution)[::-1]
    enough = int(np.searchsorted(np.cumsum(order**2), 0.9 * (order**2).sum()) + 1)
    return [
        Finding("dead", float(dead), f"{dead} of {units} hidden units are dead: zero on every known picture."),
        Finding("duplicates", float(twins), f"{twins} of {units} hidden units are duplicates of another: cosines of at least {ALIKE} in and out."),
        Finding("enough", float(enough), f"{enough} of {units} hidden units carry nine tenths of the squared contributions.", control=0.9 * units),
    ]


def _templates(net: Stack, contribution: np.ndarray, side: int, start: Stack) -> Finding:
    best = np.argsort(-contribution)[: max(1, len(contribution) // 10)]
    learned, before = (smoothness(part.weights[0][0].numpy()[best], side).mean() for part in (net, start))
    said = f"Neighbouring pixels of the templates that contribute most correlate {learned:.2f}; {before:.2f} before training."
    return Finding("smoothness", float(learned), said, control=float(before))


def _silenced(net: Stack, new: Float[Tensor, "picture pixel"], contribution: np.ndarray, seed: int) -> Finding:
    """How far scores move without the units that contribute most, and without as many drawn at random (the mean of ten draws)."""
    count = max(1, len(contribution) // 5)
    random = np.random.default_rng(seed)
    whole = net.layers(new)[-1][0]

    def moved(units: np.ndarray) -> float:
        rest = without(net, units).layers(new)[-1][0]
        return float((_centred(whole) - _centred(rest)).norm() / _centred(whole).norm())

    most = moved(np.argsort(-contribution)[:count])
    others = float(np.mean([moved(random.permutation(len(contribution))[:count]) for _ in range(DRAWS)]))
    said = (
        f"Without the {_units_of(count)} that contribute most the scores move by {most:.0%} of their size; without as many drawn at random "
        f"{others:.0%}."
    )
    return Finding("silenced", most, said, control=others)


def _centred(scores: Float[Tensor, "picture label"]) -> Float[Tensor, "picture label"]:
    """Scores of the classes about their mean: what is said to all of them alike decides nothing."""
    return scores - scores.mean(dim=1, keepdim=True)


def _units_of(count: int) -> str:
    return f"{count} hidden unit{'' if count == 1 else 's'}"
