"""An image is a vector: normalised, scaled, projected; and why inputs should have mean zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from optogram.drawing.colour import signed
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.images.photos import Photos
from optogram.lab._collection import Collection, collection
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._stack import Stack, drawn, fitted, trained
from optogram.progress import Progress, track

MEANS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Means of the inputs, in their standard deviations."""
SCALES = (0.25, 0.5, 2.0, 4.0)
HIDDEN = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class VectorsResult(LabResult):
    """`shown`: two pictures, their normalised forms, the projection of the first on the second and what is left.

    `dead`, `always_on`: shares of units over `means`, at the start; `dead_trained` after training; each `[mean, seed]`.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("shown", "means", "dead", "always_on", "dead_trained")
    shown: Float[np.ndarray, "picture row column"]
    numbers: tuple[str, ...]
    means: Float[np.ndarray, " mean"]
    dead: Float[np.ndarray, "mean seed"]
    always_on: Float[np.ndarray, "mean seed"]
    dead_trained: Float[np.ndarray, "mean seed"]

    def pictures(self) -> dict[str, Image.Image]:
        """A picture as numbers and as a vector; the units that die."""
        captions = ["", "", *self.numbers]
        heads = ["x", "y", "(x - mean) / sd", "(y - mean) / sd", "x projected on y", "what is left of x"]
        pictures = [self.shown[0], self.shown[1], *(signed(part) for part in self.shown[2:])]
        sheet = grid(pictures, heads=heads, captions=captions, title="Images are vectors", note="Orange: above zero; blue: below.", cell=132)
        places = self.means.tolist()
        dying = curves(
            {
                "always on": (places, self.always_on.mean(axis=1).tolist()),
                "dead": (places, self.dead.mean(axis=1).tolist()),
                "dead, trained": (places, self.dead_trained.mean(axis=1).tolist()),
            },
            across="mean of the inputs, in their standard deviations",
            up="share of the rectified units",
            title=f"Inputs should have mean zero ({self.dead.shape[1]} random starts)",
            include=(0.0, 0.5),
        )
        return {"vectors": sheet, "mean": dying, "numbers": self._as_numbers()}

    def _as_numbers(self) -> Image.Image:
        from optogram.drawing.paper import Paper
        from optogram.drawing.theme import AXIS, CAPTION, LIGHT

        part = self.shown[0][:8, :8]
        paper = Paper(8 * 34 + 24, 8 * 26 + 48)
        paper.text(12, 10, "The first picture's upper left corner", CAPTION, LIGHT.ink, "la")
        for row, column in np.ndindex(*part.shape):
            x, y = 12 + 34 * column, 36 + 26 * row
            value = float(part[row, column])
            gray = round(255 * value)
            paper.box(x, y, x + 33.5, y + 25.5, fill=f"#{gray:02x}{gray:02x}{gray:02x}")
            paper.text(x + 17, y + 13, f"{value:.2f}".lstrip("0") or "0", AXIS, "#000000" if value > 0.5 else "#ffffff", "mm")
        return paper.image


def vectors(
    images: Annotated[Photos | None, "Your own pictures, in class folders."] = None,
    *,
    data: Annotated[str, "faces or digits, where no pictures are given."] = "faces",
    side: Annotated[int, "Side of your own pictures in pixels."] = 32,
    starts: Annotated[int, "Random networks for each mean of the inputs."] = 50,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> VectorsResult:
    """Flattens, normalises, scales and projects pictures, and counts the units that die when the inputs' mean moves away from zero.

    A unit is dead if it is zero on every picture. Weights are drawn N(0, 2 / inputs), biases uniform within 1 / sqrt(inputs).
    """
    starts, steps = (min(starts, 20), 30) if quick else (starts, 150)
    found = collection(images, data, side, seed)
    x = found.vectors
    one, other = x[0], x[min(1, len(x) - 1)]
    projected = projection(standardised(one), standardised(other))
    rest = standardised(one) - projected
    with track("vectors", 2 * len(MEANS), progress) as advance:
        dead, always, after = _dying(found, starts, steps, seed, advance)
    shown = np.stack([one, other, standardised(one), standardised(other), projected, rest]).reshape(6, found.side, found.side)
    angle = math.degrees(math.acos(np.clip(float(standardised(one) @ standardised(other)) / len(one), -1, 1)))
    findings = (
        *_identities(x, found.side, rest, standardised(other)),
        *_scaled(found, seed),
        share(
            "dead_far",
            round(float(dead[-1].sum()) * HIDDEN),
            dead.shape[1] * HIDDEN,
            f"{{value}} of {starts * HIDDEN:,} units are dead where the inputs' mean is {MEANS[-1]:g} standard deviations ({{low}} to {{high}}), "
            f"{dead[0].mean():.1%} where it is 0; {always[-1].mean():.0%} and {always[0].mean():.1%} are never off.",
            control=float(dead[0].mean()),
        ),
        Finding("dead_limit", float(dead[-1].mean() + always[-1].mean()), _said_limit(dead, always), control=1.0),
        Finding("dead_trained", float(after[-1].mean()), _said_trained(after, steps), control=float(after[0].mean())),
    )
    return VectorsResult(
        findings=findings,
        provenance=made_by(
            "vectors", seed=seed, settings={"data": data, "side": side, "starts": starts}, images=found.name if images is None else images
        ),
        shown=shown,
        numbers=("", "", f"{angle:.0f} degrees from x to y", f"orthogonal to y: {abs(float(rest @ standardised(other))):.0e}"),
        means=np.array(MEANS),
        dead=dead,
        always_on=always,
        dead_trained=after,
    )


def unit_length(x: Float[np.ndarray, "*vector pixel"]) -> Float[np.ndarray, "*vector pixel"]:
    """x / |x|."""
    scaled: np.ndarray = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return scaled


def standardised(x: Float[np.ndarray, "*vector pixel"]) -> Float[np.ndarray, "*vector pixel"]:
    """(x - mean) / sd, over the pixels of each picture."""
    scaled: np.ndarray = (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)
    return scaled


def projection(x: Float[np.ndarray, " pixel"], y: Float[np.ndarray, " pixel"]) -> Float[np.ndarray, " pixel"]:
    """The part of x along y: (x . y / y . y) y."""
    along: np.ndarray = (x @ y) / (y @ y) * y
    return along


def _identities(x: np.ndarray, side: int, rest: np.ndarray, other: np.ndarray) -> list[Finding]:
    centred = x - x.mean(axis=1, keepdims=True)
    gap = float(np.abs(centred.std(axis=1) - np.linalg.norm(centred, axis=1) / math.sqrt(x.shape[1])).max())
    same = float(np.abs(standardised(x) - math.sqrt(x.shape[1]) * unit_length(centred)).max())
    back = int((x.reshape(-1, side, side).reshape(len(x), -1) == x).all())
    cosine = abs(float(unit_length(rest) @ unit_length(other)))
    pixels = f"{side} x {side} pixels are one vector of {x.shape[1]} numbers"
    return [
        Finding("flattened", float(back), f"{len(x):,} pictures: {pixels}, and come back from it unchanged; pixel (r, c) is number {side} r + c."),
        Finding("sd", gap, f"At mean zero sd = |x| / sqrt(dim): differs by at most {gap:.0e} over {len(x):,} pictures."),
        Finding("normalised", same, f"So (x - mean) / sd is sqrt(dim) times (x - mean) / |x - mean|: differs by at most {same:.0e}."),
        Finding("orthogonal", cosine, f"What is left of x after its projection on y is orthogonal to y: cosine {cosine:.0e}."),
    ]


def _scaled(found: Collection, seed: int) -> list[Finding]:
    """Whether scaled copies of each held-out picture get another class: by trained networks, normalised, plain, and plain without biases."""
    known, classes = found.part(held_out=False)
    held, truth = found.part(held_out=True)
    y = torch.from_numpy(classes)
    stack = drawn((known.shape[1], 32, len(found.names)), 1, seed)
    networks = (
        ("scaled_normalised", "after normalisation", trained(stack, _tensor(standardised(known)), y, steps=60, rate=0.01), standardised),
        ("scaled_plain", "without normalisation", trained(stack, _tensor(known), y, steps=60, rate=0.01), np.asarray),
        ("scaled_no_bias", "without normalisation in a trained network with no bias", _unbiased(stack, _tensor(known), y), np.asarray),
    )
    findings = []
    for name, words, network, prepare in networks:
        before = network.layers(_tensor(prepare(held)))[-1]
        changed = sum(int((network.layers(_tensor(prepare(scale * held)))[-1].argmax(2) != before.argmax(2)).sum()) for scale in SCALES)
        count, right = len(held) * len(SCALES), int((before.argmax(2)[0].numpy() == truth).sum())
        said = (
            f"{changed:,} of {count:,} copies, {SCALES[0]:g} to {SCALES[-1]:g} times as strong, get another class {words} ({{low}} to {{high}}); "
            f"it names {right:,} of {len(held):,} new pictures rightly."
        )
        findings.append(share(name, changed, count, said, control=0.0))
    bare, plain = networks[2][2], networks[1][2]
    gap, biased = (max(_off_scale(network, held, scale) for scale in SCALES) for network in (bare, plain))
    said = f"With no bias s times the picture gives s times the output: differs by at most {gap:.0e} of its size; with biases by {biased:.0e}."
    return [*findings, Finding("no_bias", gap, said, control=biased)]


def _unbiased(stack: Stack, inputs: Float[Tensor, "picture pixel"], classes: Tensor) -> Stack:
    """The same network trained with every bias held at 0."""
    zeros = tuple(torch.zeros_like(bias) for bias in stack.biases)

    def loss(current: Stack) -> Tensor:
        scores: Tensor = Stack(current.weights, zeros).layers(inputs)[-1][0]
        return torch.nn.functional.cross_entropy(scores, classes)

    return Stack(fitted(Stack(stack.weights, zeros), loss, steps=60, rate=0.01).weights, zeros)


def _off_scale(network: Stack, pictures: Float[np.ndarray, "picture pixel"], scale: float) -> float:
    """How far the output for s times a picture is from s times its output, as a share of the greatest output."""
    once, scaled = (network.layers(_tensor(factor * pictures))[-1] for factor in (1.0, scale))
    return float((scaled - scale * once).abs().max() / (scale * once).abs().max())


def _dying(found: Collection, starts: int, steps: int, seed: int, advance: Callable[[int], None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of dead units and of units that are never off at the start, and of dead ones after training, for each mean and start."""
    inputs, classes = found.tensors(held_out=False)
    inputs, classes = inputs[:100], classes[:100]
    inputs = (inputs - inputs.mean()) / inputs.std()
    dead, always, after = [], [], []
    stack = drawn((inputs.shape[1], HIDDEN, len(found.names)), starts, seed)
    for mean in MEANS:
        on = stack.layers(inputs + mean)[0] > 0
        dead.append((~on.any(dim=1)).double().mean(dim=1).numpy())
        always.append(on.all(dim=1).double().mean(dim=1).numpy())
        done = trained(stack, inputs + mean, classes, steps=steps, rate=0.003)
        after.append((~(done.layers(inputs + mean)[0] > 0).any(dim=1)).double().mean(dim=1).numpy())
        advance(2)
    return np.stack(dead), np.stack(always), np.stack(after)


def _said_limit(dead: np.ndarray, always: np.ndarray) -> str:
    both = dead[-1].mean() + always[-1].mean()
    return f"At {MEANS[-1]:g} standard deviations {both:.1%} of the units bend nothing any more; in the limit all: half dead, half always on."


def _said_trained(after: np.ndarray, steps: int) -> str:
    return f"After {steps} training steps {after[-1].mean():.1%} of the units are dead at the farthest mean, {after[0].mean():.1%} at mean 0."


def _tensor(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x)).float()
