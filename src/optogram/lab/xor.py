"""Exclusive or: a hidden layer computes the features x1 > .5 and x2 > .5, the next one what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.drawing.colour import signed
from optogram.drawing.sheet import grid
from optogram.drawing.theme import LIGHT
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._show import COLOURS, Measured, Plane, whiskers
from optogram.lab._stack import Stack, drawn, fitted
from optogram.progress import Progress, track

GAIN = 40.0
"""How steep the hand-set units are: from .05 to .95 within .15 of their line."""
LINEAR_BEST = 2 / 3
"""The greatest share of the square that one line can name rightly: 1 - (1 - t)^2 - t^2 / 2 at x1 + x2 = t, greatest at t = 2/3."""
SOLVED = 0.95
DEGREES, OFFSET = 10.0, 0.05
"""A unit computes x1 > .5 or x2 > .5 if its line is turned by at most so many degrees and passes the square's middle so near."""
FINE = 120
LINES = 180 * 100


@dataclass(frozen=True, kw_only=True, eq=False)
class XorResult(LabResult):
    """`hand` and `learned`: weights and biases of the three layers, first the weights. `surfaces[network, row, column]`: the answers over the square.

    `units[network, unit, row, column]`: both units of the first layer. `accuracy[kind, start]`: of two hidden layers of two, of one of four, of
    one of two.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("points", "classes", "hand", "learned", "surfaces", "units", "accuracy")
    points: Float[np.ndarray, "point 2"]
    classes: Int[np.ndarray, " point"]
    hand: tuple[np.ndarray, ...]
    learned: tuple[np.ndarray, ...]
    surfaces: Float[np.ndarray, "network row column"]
    units: Float[np.ndarray, "network unit row column"]
    accuracy: Float[np.ndarray, "kind start"]

    def pictures(self) -> dict[str, Image.Image]:
        """The half-planes and the surface, set by hand and learned; how often it is learned."""
        pictures = []
        for units, surface in zip(self.units, self.surfaces, strict=True):
            pictures += [*(self._map(unit, False) for unit in units), self._map(surface, True)]
        sheet = grid(
            pictures,
            columns=3,
            heads=["first unit", "second unit", "answer"],
            labels=["set by hand", "learned"],
            title="Two half-planes, and what follows from them",
            note="Orange: the unit is on; blue: off. Dots: the two classes.",
            cell=168,
        )
        rows = [
            Measured(name, float(np.median(row)), float(np.quantile(row, 0.1)), float(np.quantile(row, 0.9)))
            for name, row in zip(("two hidden layers of 2", "one hidden layer of 4", "one hidden layer of 2"), self.accuracy, strict=True)
        ]
        note = f"Medians over {self.accuracy.shape[1]} random starts, bars from the lowest to the highest tenth."
        return {"surfaces": sheet, "accuracy": whiskers(rows, title="Points of the square named rightly", note=note, include=(0.5, 1.0))}

    def _map(self, values: Float[np.ndarray, "row column"], dots: bool) -> Image.Image:
        plane = Plane((0, 0), (1, 1), 168)
        plane.field(signed(2 * values - 1, 1.6))
        plane.line(np.array([[0.5, 0], [0.5, 1]]), LIGHT.ink_2, 0.75, (3, 3))
        plane.line(np.array([[0, 0.5], [1, 0.5]]), LIGHT.ink_2, 0.75, (3, 3))
        for number in range(2 if dots else 0):
            plane.dots(self.points[self.classes == number][:60], COLOURS[number], 1.75)
        return plane.image


def xor(
    *,
    starts: Annotated[int, "Random starts of each training."] = 50,
    steps: Annotated[int, "Training steps."] = 1500,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> XorResult:
    """Sets a network for exclusive or by hand, and trains many: two hidden layers of two smooth units, one of four, one of two.

    Class 1 is where just one of x1 > .5 and x2 > .5 holds. The first layer can make these two features; the answer is not linear in them, so a second
    layer makes "the first and not the second" and its counterpart.
    """
    starts, steps = (min(starts, 40), min(steps, 500)) if quick else (starts, steps)
    points, classes = drawn_square(400, seed)
    new, new_classes = drawn_square(2000, seed + 1_000_003)
    x, y = torch.from_numpy(points).float(), torch.from_numpy(classes)
    trained, rates = [], []
    with track("xor", 3 * steps, progress) as advance:
        for sizes in ((2, 2, 2, 1), (2, 4, 1), (2, 2, 1)):

            def loss(stack: Stack) -> Tensor:
                scores = smooth(stack, x)[-1][..., 0]
                return F.binary_cross_entropy_with_logits(scores, y.float().expand_as(scores), reduction="none").mean(dim=1).sum()

            done = fitted(centred(drawn(sizes, starts, seed)), loss, steps=steps, rate=0.2, advance=advance)
            trained.append(done)
            rates.append(_right(done, new, new_classes))
    accuracy = torch.stack(rates).double().numpy()
    best, hand = trained[0].one(int(accuracy[0].argmax())), by_hand()
    by_hand_right = int(_right(hand, new, new_classes)[0] * len(new) + 0.5)
    line = best_line(new, new_classes)
    solved = [int((row >= SOLVED).sum()) for row in accuracy]
    aligned = int((on_axes(trained[0]) & (rates[0] >= SOLVED)).sum())
    drawn_aligned = int(on_axes(centred(drawn((2, 2, 2, 1), starts, seed))).sum())
    findings = (
        share(
            "by_hand",
            by_hand_right,
            len(new),
            f"{by_hand_right:,} of {len(new):,} points are right with weights set by hand.",
            chance=0.5,
        ),
        share(
            "learned",
            solved[0],
            starts,
            f"{solved[0]} of {starts} networks with two hidden layers of two units learn it (95 % of new points; {{low}} to {{high}}); "
            f"{solved[1]} with one hidden layer of four, {solved[2]} with one of two.",
            control=solved[2] / starts,
        ),
        share(
            "features",
            aligned,
            max(solved[0], 1),
            f"{aligned} of {solved[0]} that learned it compute x1 > .5 and x2 > .5 in their first layer ({{low}} to {{high}}; within "
            f"{DEGREES:g} degrees and {OFFSET:g}); {drawn_aligned} of {starts} did so before training.",
            control=drawn_aligned / starts,
        ),
        Finding(
            "one_line",
            line,
            f"The best of {LINES:,} lines through the square, each tried, names {line:.1%} of new points rightly; the theory says {LINEAR_BEST:.1%}.",
            control=LINEAR_BEST,
        ),
    )
    shown = [smooth(stack, _square()) for stack in (hand, best)]
    return XorResult(
        findings=findings,
        provenance=made_by("xor", seed=seed, settings={"starts": starts, "steps": steps}),
        points=points,
        classes=classes,
        hand=tuple(part[0].numpy() for part in hand.parameters()),
        learned=tuple(part[0].numpy() for part in best.parameters()),
        surfaces=np.stack([torch.sigmoid(values[-1][0, :, 0]).numpy().reshape(FINE, FINE) for values in shown]),
        units=np.stack([torch.sigmoid(values[0][0]).T.numpy().reshape(2, FINE, FINE) for values in shown]),
        accuracy=accuracy,
    )


def drawn_square(count: int, seed: int) -> tuple[Float[np.ndarray, "point 2"], Int[np.ndarray, " point"]]:
    """Points of the unit square, none within .02 of a line x = .5; class 1 where just one coordinate is above .5."""
    random = np.random.default_rng(seed)
    high = random.random((count, 2)) < 0.5
    points = np.where(high, 0.52, 0.0) + 0.48 * random.random((count, 2))
    return points, (high[:, 0] ^ high[:, 1]).astype(np.int64)


def smooth(stack: Stack, inputs: Float[Tensor, "point 2"]) -> list[Float[Tensor, "network point out"]]:
    """Every layer's values before its sigmoid."""
    values, found = inputs.expand(len(stack), *inputs.shape), []
    for weight, bias in zip(stack.weights, stack.biases, strict=True):
        found.append(torch.baddbmm(bias[:, None, :], values, weight.transpose(1, 2)))
        values = torch.sigmoid(found[-1])
    return found


def best_line(points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"]) -> float:
    """The greatest share of points that one of 180 directions times 100 offsets names rightly, whichever side is class 1."""
    best = 0.0
    for angle in np.linspace(0, np.pi, 180, endpoint=False):
        along = (points - 0.5) @ [np.cos(angle), np.sin(angle)]
        right = ((along[:, None] > np.linspace(-0.7, 0.7, 100)) == (classes == 1)[:, None]).mean(axis=0)
        best = max(best, float(right.max()), float(1 - right.min()))
    return best


def by_hand() -> Stack:
    """x1 > .5 and x2 > .5; then the first and not the second, the second and not the first; then either."""
    weights = ([[1.0, 0], [0, 1]], [[1, -1], [-1, 1]], [[1, 1]])
    biases = ([-0.5, -0.5], [-0.5, -0.5], [-0.5])
    return Stack(tuple(GAIN * torch.tensor([part]) for part in weights), tuple(GAIN * torch.tensor([part]) for part in biases))


def centred(stack: Stack) -> Stack:
    """The same weights, six times as steep, with biases that put every unit's line through the middle of its inputs, as a mean of zero would."""
    weights = tuple(6 * weight for weight in stack.weights)
    return Stack(weights, (-0.5 * weights[0].sum(dim=2), *(-0.5 * weight.sum(dim=2) for weight in weights[1:])))


def on_axes(stack: Stack) -> torch.Tensor:
    """For each network, whether one unit of the first layer is x1 > .5 (or its opposite) and the other x2 > .5."""
    weights, biases = stack.weights[0], stack.biases[0]
    angle = torch.rad2deg(torch.atan2(weights[..., 1].abs(), weights[..., 0].abs()))
    offset = (0.5 * weights.sum(dim=2) + biases).abs() / weights.norm(dim=2)
    near = offset <= OFFSET
    first, second = near & (angle <= DEGREES), near & (angle >= 90 - DEGREES)
    both: Tensor = (first[:, 0] & second[:, 1]) | (first[:, 1] & second[:, 0])
    return both


def _right(stack: Stack, points: Float[np.ndarray, "point 2"], classes: Int[np.ndarray, " point"]) -> Tensor:
    answers = smooth(stack, torch.from_numpy(points).float())[-1][..., 0] > 0
    return (answers == torch.from_numpy(classes).bool()).float().mean(dim=1)


def _square() -> Tensor:
    axis = (torch.arange(FINE) + 0.5) / FINE
    return torch.stack(torch.meshgrid(axis.flip(0), axis, indexing="ij")[::-1], dim=-1).reshape(-1, 2)
