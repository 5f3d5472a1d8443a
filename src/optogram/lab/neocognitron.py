"""Alternating S and C layers that learn without labels, on handwritten digits: how well they do, and how far a digit may move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.drawing.colour import signed, unsigned
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.lab._collection import collection
from optogram.lab._descent import Adam
from optogram.lab._layers import PATCHES, Cells, Convolutional, Shape, grown
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._stack import Stack, schedule, trained
from optogram.progress import Progress, track

SIDE = 12
"""Pixels that a digit is drawn with, in the middle of a canvas."""
MARGIN = 8
SHIFTS = (0, 1, 2, 3, 4)
"""Pixels that a digit moves up, down, left and right."""
WAYS = ((-1, 0), (1, 0), (0, -1), (0, 1))
TOLD = 4
"""The shift that findings tell of: a third of a digit."""
BARE = (2, 4)
"""Strides of the layers without windows: four by four places are left."""
NAMES = ("neocognitron", "trained", "random", "unpooled", "pixels")
MEANT = {
    "neocognitron": "S and C layers that learned without labels, and a readout",
    "trained": "a convolutional network of the same shape, trained whole",
    "random": "S and C layers with random features, and a readout",
    "unpooled": "learned S layers without windows between, and a readout",
    "pixels": "a readout of the pixels alone",
}
RATE, DECAY, STEPS = 0.05, 1e-3, 150
"""Of the readouts; the network that is trained whole has the same decay."""
FASTEST, BATCH = 0.01, 32
"""Its longest step and its batch."""
THETAS = (0.3, 0.5, 0.7)
"""How choosy S cells may be, where that is chosen: on a part of the digits to learn from, never on the new ones."""
CHOSEN = {"neocognitron": 0.7, "random": 0.5, "unpooled": 0.5}
"""What a full run chooses on the digits; quick runs take it."""
HOW = f"of {', '.join(f'{theta:g}' for theta in THETAS)} that with which most of a quarter of the digits to learn from are named rightly"
AS_CHOSEN = "what a full run chooses on digits to learn from"
INNER = 4
"""One in so many of the digits to learn from is kept apart for that choice."""
FEW = 2000
"""Patches that features compete for in a quick run."""
SHUFFLES = 20
"""Readouts of shuffled labels, whose mean is the control: one alone names digits of a kind alike, and is anywhere from 0 to .3."""


Grower = Callable[[Tensor, float], Cells]


@dataclass(frozen=True, kw_only=True, eq=False)
class NeocognitronResult(LabResult):
    """`rates` [network, shift]: new digits named rightly after a shift by so many pixels, over four directions; networks as in `NAMES`.

    `first` [feature, 2, row, column]: what the first S layer learned of on- and off-centre cells. `example` and `moved` [height, width]: a new digit
    and the same 4 pixels to the right; `cells` and `moved_cells` what one plane of each layer says of them. `likeness` [layer]: how alike each
    layer's answers are before and after, over all new digits (cosine).
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("rates", "shifts", "first", "example", "moved", "likeness", "cells", "moved_cells")
    rates: Float[np.ndarray, "network shift"]
    shifts: Int[np.ndarray, " shift"]
    first: Float[np.ndarray, "feature 2 row column"]
    example: Float[np.ndarray, "height width"]
    moved: Float[np.ndarray, "height width"]
    likeness: Float[np.ndarray, " layer"]
    cells: Float[np.ndarray, "layer side side"]
    moved_cells: Float[np.ndarray, "layer side side"]

    def pictures(self) -> dict[str, Image.Image]:
        """Accuracy by shift; the first features; what layers say of a digit before and after it moved."""
        lines = {name: (self.shifts.tolist(), (100 * row).tolist()) for name, row in zip(NAMES, self.rates, strict=True)}
        tolerance = curves(
            lines, across="moved, pixels (a digit has 12)", up="new digits named rightly, %", title="How far may a digit move?", include=(10.0, 100.0)
        )
        note = "What each plane of the first S layer learned without labels: orange where it wants light on dark, blue where dark on light."
        features = grid([signed(one[0] - one[1]) for one in self.first], columns=8, title="First S layer", note=note, cell=56)
        rows = [unsigned(self.example), *(unsigned(one) for one in self.cells), unsigned(self.moved), *(unsigned(one) for one in self.moved_cells)]
        heads = ["digit", *(f"{name}: alike {value:.2f}" for name, value in zip(("S1", "C1", "S2", "C2"), self.likeness, strict=True))]
        note = "The plane of each layer that answers most, before and after the digit moved; alike: cosine of all answers, over all new digits."
        layers = grid(rows, heads=heads, columns=5, labels=["", f"{TOLD} pixels on"], title="What moves along, and what stays", note=note, cell=100)
        return {"tolerance": tolerance, "features": features, "layers": layers}


def neocognitron(
    images: Annotated[Photos | None, "Your own pictures, in class folders, drawn in gray."] = None,
    *,
    planes: Annotated[tuple[int, ...], "Features of the two S layers."] = (12, 80),
    theta: Annotated[
        float | None, "How choosy S cells are: the cosine with their feature below which they are silent. Chosen on digits to learn from, by default."
    ] = None,
    steps: Annotated[int, "Training steps of the convolutional network, of 32 digits each."] = 300,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> NeocognitronResult:
    """Alternating S and C layers on handwritten digits: what they name rightly, and how far a digit may move.

    Features are learned without labels, only a linear readout of the last layer is told the classes. Beside them a convolutional network of the same
    shape that is trained whole, the same layers with random features, without windows, and the pixels alone. All see digits in the middle only.
    """
    if len(planes) != 2 or min(planes) < 1 or (theta is not None and not 0 < theta < 1):
        raise SettingError(f"there are two S layers of at least 1 feature, and theta lies between 0 and 1; got {planes} and {theta}")
    found = collection(images, "digits", SIDE, seed)
    found = found.reduced(30) if quick else found
    shape, classes = Shape(planes=(planes[0], planes[1])), len(found.names)
    known, new = (on_canvas(found.pictures[found.held_out == part]) for part in (False, True))
    labels, truth = (torch.from_numpy(found.classes[found.held_out == part]) for part in (False, True))
    steps, shifts = (min(steps, 50), (0, TOLD)) if quick else (steps, SHIFTS)
    with track("networks", len(NAMES), progress) as advance:
        growers = _growers(shape, seed, FEW if quick else PATCHES)
        given = dict.fromkeys(growers, theta) if theta is not None else CHOSEN if quick else {}
        thetas = given or {name: chosen_theta(grow, known, labels, classes, seed) for name, grow in growers.items()}
        cells, random, bare = (grow(known, thetas[name]) for name, grow in growers.items())
        tops: dict[str, Callable[[Tensor], Tensor]] = {"neocognitron": cells.top, "random": random.top, "unpooled": bare.top, "pixels": _pixels}
        named: dict[str, Callable[[Tensor], Tensor]] = {}
        for name, top in tops.items():
            named[name] = readout(top, known, labels, classes)
            advance(1)
        named["trained"] = _trained(known, labels, classes, shape, steps, seed)
        advance(1)
        shuffled = by_shuffled(cells.top, known, labels, classes, new, truth, seed)
        hits = {name: np.array([_hits(named[name], new, truth, shift) for shift in shifts]) for name in NAMES}
    chance = float(np.bincount(truth.numpy()).max() / len(truth))
    how = "as asked" if theta is not None else AS_CHOSEN if quick else HOW
    layers, likeness = _before_and_after(cells, new)
    return NeocognitronResult(
        findings=(
            *_findings(hits, len(truth), chance, shuffled, likeness),
            _told(thetas, how),
        ),
        provenance=made_by(
            "neocognitron",
            seed=seed,
            settings={"planes": tuple(planes), "theta": thetas, "steps": steps},
            images=found.name if images is None else images,
        ),
        rates=np.stack([hits[name].mean(1) / len(truth) for name in NAMES]),
        shifts=np.array(shifts),
        first=cells.features[0].double().numpy(),
        example=new[0].double().numpy(),
        moved=moved(new[:1], TOLD, (0, 1))[0].double().numpy(),
        likeness=likeness,
        cells=layers[0],
        moved_cells=layers[1],
    )


def on_canvas(pictures: Float[np.ndarray, "picture _ _"]) -> Float[Tensor, "picture height width"]:
    """Pictures at `SIDE` pixels, bicubic, in the middle of a canvas with `MARGIN` pixels of nothing around."""
    resized = F.interpolate(torch.from_numpy(pictures).float()[:, None], size=(SIDE, SIDE), mode="bicubic", align_corners=False)
    return F.pad(resized.clamp(0, 1)[:, 0], (MARGIN,) * 4)


def moved(pictures: Float[Tensor, "picture height width"], shift: int, way: tuple[int, int]) -> Float[Tensor, "picture height width"]:
    """The pictures moved by so many pixels down and right; nothing is lost within the margin."""
    return torch.roll(pictures, (shift * way[0], shift * way[1]), dims=(1, 2))


def readout(
    top: Callable[[Tensor], Tensor], known: Tensor, labels: Int[Tensor, "*readout picture"], classes: int
) -> Callable[[Tensor], Int[Tensor, "*readout picture"]]:
    """Logistic regression from a layer's answers, standardised, to the classes; gives what names new pictures. Several labellings: one for each."""
    with torch.no_grad():
        cells = top(known)
    mean, scale = cells.mean(0), cells.std(0) + 1e-3 * float(cells.std()) + 1e-9
    inputs, rows = (cells - mean) / scale, torch.atleast_2d(labels)
    empty = Stack((torch.zeros(len(rows), classes, inputs.shape[1]),), (torch.zeros(len(rows), classes),))
    net = trained(empty, inputs, rows, steps=STEPS, rate=RATE, decay=DECAY)

    def named(pictures: Tensor) -> Tensor:
        with torch.no_grad():
            found = net.layers((top(pictures) - mean) / scale)[-1].argmax(dim=2)
        return found if labels.ndim == 2 else found[0]

    return named


def _growers(shape: Shape, seed: int, patches: int) -> dict[str, Grower]:
    """Of each network of S and C cells what makes it from digits to learn from and a theta."""
    bare = replace(shape, windows=(1, 1), strides=BARE)
    kinds = {"neocognitron": (shape, True), "random": (shape, False), "unpooled": (bare, True)}

    def grower(own: Shape, learned: bool) -> Grower:
        return lambda pictures, theta: grown(pictures, own, (theta, theta), learned=learned, seed=seed, patches=patches)

    return {name: grower(own, learned) for name, (own, learned) in kinds.items()}


def chosen_theta(grow: Grower, known: Tensor, labels: Int[Tensor, " picture"], classes: int, seed: int) -> float:
    """The theta of `THETAS` with which most of a quarter of the known digits are named rightly, features and readout learned from the others."""
    random = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(known), generator=random)
    apart, rest = order[: len(order) // INNER], order[len(order) // INNER :]
    rates = {}
    for theta in THETAS:
        named = readout(grow(known[rest], theta).top, known[rest], labels[rest], classes)
        rates[theta] = float((named(known[apart]) == labels[apart]).float().mean())
    return max(rates, key=lambda theta: rates[theta])


def by_shuffled(
    top: Callable[[Tensor], Tensor], known: Tensor, labels: Int[Tensor, " picture"], classes: int, new: Tensor, truth: Tensor, seed: int
) -> float:
    """The share of new digits that readouts of `SHUFFLES` shuffles of the labels name rightly, on average."""
    random = torch.Generator().manual_seed(seed)
    mixed = torch.stack([labels[torch.randperm(len(labels), generator=random)] for _ in range(SHUFFLES)])
    return float((readout(top, known, mixed, classes)(new) == truth).float().mean())


def _pixels(pictures: Tensor) -> Tensor:
    return pictures.flatten(1)


def _trained(
    known: Tensor, labels: Int[Tensor, " picture"], classes: int, shape: Shape, steps: int, seed: int
) -> Callable[[Tensor], Int[Tensor, " picture"]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Convolutional(shape, classes, known.shape[1])
    random = torch.Generator().manual_seed(seed)
    optimiser = Adam(list(network.parameters()), decay=DECAY)
    for step in range(steps):
        chosen = torch.randint(len(known), (BATCH,), generator=random)
        optimiser.step(F.cross_entropy(network(known[chosen]), labels[chosen]), FASTEST * schedule(step / steps))

    def named(pictures: Tensor) -> Tensor:
        with torch.no_grad():
            return network.forward(pictures).argmax(dim=1)

    return named


def _hits(named: Callable[[Tensor], Tensor], new: Tensor, truth: Tensor, shift: int) -> list[int]:
    """How many of the new pictures are named rightly, by direction of the shift; one number where nothing moves, for each direction the same."""
    if shift == 0:
        return [int((named(new) == truth).sum())] * len(WAYS)
    return [int((named(moved(new, shift, way)) == truth).sum()) for way in WAYS]


def _before_and_after(cells: Cells, new: Tensor) -> tuple[list[Float[np.ndarray, "layer side side"]], Float[np.ndarray, " layer"]]:
    """The plane of each layer that answers the first digit most, before and after, at one size; and the mean cosine of all answers."""
    before, after = cells.layers(new), cells.layers(moved(new, TOLD, (0, 1)))
    alike = [float(F.cosine_similarity(one.flatten(1), other.flatten(1)).mean()) for one, other in zip(before, after, strict=True)]
    side = before[0].shape[-1]
    planes = [int(one[0].sum((1, 2)).argmax()) for one in before]
    shown = [
        np.stack(
            [np.asarray(F.interpolate(one[:1, plane : plane + 1], size=(side, side))[0, 0], float) for one, plane in zip(held, planes, strict=True)]
        )
        for held in (before, after)
    ]
    return shown, np.array(alike)


def _findings(hits: dict[str, np.ndarray], count: int, chance: float, shuffled: float, likeness: np.ndarray) -> tuple[Finding, ...]:
    listed = []
    for name in NAMES:
        right = int(hits[name][0, 0])
        said = f"{right:,} of {count:,} new digits are named rightly by {MEANT[name]} ({{low}} to {{high}})."
        listed.append(share(name, right, count, said, control=shuffled, chance=chance))
    pixels = float(hits["pixels"][-1].mean() / count)
    for name in NAMES[:-1]:
        right = round(float(hits[name][-1].mean()))
        said = f"Moved by {TOLD} pixels, {{value}} ({{low}} to {{high}}) by {MEANT[name]}; {100 * pixels:.0f} % by the pixels alone."
        listed.append(share(f"{name}_moved", right, count, said, control=pixels, chance=chance))
    said = (
        f"When a digit moves by {TOLD} pixels, answers of the first S layer are alike by {likeness[0]:.2f} (cosine), of the last C layer by "
        f"{likeness[3]:.2f}: position is forgiven step by step."
    )
    return (*listed, Finding("forgiven", float(likeness[3]), said, control=float(likeness[0]), chance=0.0))


def _told(thetas: dict[str, float], how: str) -> Finding:
    each = ", ".join(f"{thetas[name]:g} in {words}" for name, words in (("neocognitron", "learned layers"), ("random", "random ones")))
    said = f"S cells are silent below a cosine of {each}, {thetas['unpooled']:g} in those without windows: {how}."
    return Finding("theta", thetas["neocognitron"], said, control=thetas["random"])
