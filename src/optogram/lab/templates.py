"""One template per class: logistic regression fitted and judged on new pictures, beside the nearest neighbour and several templates per class."""

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

from optogram.drawing.colour import signed
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.images.photos import Photos
from optogram.lab._collection import Collection, collection, smoothness
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._show import Measured, whiskers
from optogram.lab._stack import Stack, drawn, fitted, right, trained
from optogram.lab.neighbours import chosen
from optogram.progress import Progress, track

DECAYS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
"""Factors of the sum of squared weights in the cost."""
MIDDLE = 2
"""Which of them is compared with other classifiers; fixed beforehand, so that new pictures choose nothing."""
EACH = 4
"""Templates of a class where a class has several."""
RATE = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class TemplatesResult(LabResult):
    """`templates[decay, class, row, column]`; `known`, `new`: accuracies over `decays`; `smooth`: how alike neighbouring pixels of the templates are.

    `likeness[decay]`: the greatest correlation of a template with one single picture it learned from.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("decays", "templates", "known", "new", "smooth", "likeness", "several")
    decays: tuple[float, ...]
    templates: Float[np.ndarray, "decay class row column"]
    several: Float[np.ndarray, "template row column"]
    known: Float[np.ndarray, " decay"]
    new: Float[np.ndarray, " decay"]
    smooth: Float[np.ndarray, " decay"]
    likeness: Float[np.ndarray, " decay"]
    names: tuple[str, ...]

    def pictures(self) -> dict[str, Image.Image]:
        """The templates at each strength of regularisation; accuracies; several templates a class."""
        shown = min(10, len(self.names))
        rows = [signed(template) for part in self.templates for template in part[:shown]]
        labels = [f"decay {decay:g}: {new:.0%} of new" for decay, new in zip(self.decays, self.new, strict=True)]
        note = "Orange pixels speak for the class, blue ones against it; each row from little to much regularisation."
        sheet = grid(rows, columns=shown, heads=self.names[:shown], labels=labels, title="One template per class", note=note, cell=84)
        places = list(range(len(self.decays)))
        lines = {
            "known pictures": (places, self.known.tolist()),
            "new pictures": (places, self.new.tolist()),
            "smoothness": (places, self.smooth.tolist()),
        }
        written = {float(place): f"{entry:g}" for place, entry in zip(places, self.decays, strict=True)}
        decay = curves(lines, across="weight decay", title="Share named rightly, and the templates' smoothness", places=written)
        kinds = ("one template a class", f"{EACH} templates a class", "nearest neighbour")
        found = [self.finding(name) for name in ("templates", "several", "nearest")]
        rates = [Measured(name, entry.value, entry.low, entry.high) for name, entry in zip(kinds, found, strict=True)]
        rates.append(Measured("one, shuffled labels", found[0].control))
        note = "Bars: 95 % intervals."
        compared = whiskers(rates, title="New pictures named rightly", note=note, include=(found[0].chance or 0.0, 1.0))
        pieces = [signed(template) for template in self.several[: shown * EACH]]
        more = grid(pieces, columns=EACH, labels=self.names[:shown], title=f"{EACH} templates for each class", cell=64)
        return {"templates": sheet, "decay": decay, "accuracy": compared, "several": more}


def templates(
    images: Annotated[Photos | None, "Your own pictures, in class folders."] = None,
    *,
    data: Annotated[str, "faces or digits, where no pictures are given."] = "digits",
    side: Annotated[int, "Side of your own pictures in pixels."] = 32,
    steps: Annotated[int, "Training steps."] = 400,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> TemplatesResult:
    """Multinomial logistic regression: a class's score is the dot product of the picture with its template; five strengths of weight decay at once.

    Fitted on one half, judged on the other. Shuffled labels are the control: what is learned from them names new pictures by chance.
    """
    found = collection(images, data, side, seed)
    found, steps = (found.reduced(60), min(steps, 150)) if quick else (found, steps)
    x, y = found.tensors(held_out=False)
    new, truth = found.tensors(held_out=True)
    with track("templates", 3 * steps, progress) as advance:
        start = drawn((x.shape[1], len(found.names)), 1, seed)
        start = Stack(
            tuple(0.1 * weight.expand(len(DECAYS), -1, -1) for weight in start.weights),
            tuple(torch.zeros(len(DECAYS), len(found.names)) for _ in "b"),
        )
        stack = trained(start, x, y, steps=steps, rate=RATE, decay=torch.tensor(DECAYS), advance=advance)
        shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]
        control = trained(start.one(MIDDLE), x, shuffled, steps=steps, rate=RATE, decay=DECAYS[MIDDLE], advance=advance)
        several = _several(x, y, len(found.names), steps, seed, advance)
    known_rates, new_rates = right(stack, x, y).numpy(), right(stack, new, truth).numpy()
    drawn_ones = stack.weights[0].numpy()
    smooth = np.array([smoothness(part, found.side).mean() for part in drawn_ones])
    likeness = np.array([_likeness(part, x.numpy()) for part in drawn_ones])
    counted = _counted(found, new, truth, stack.one(MIDDLE), several, control)
    findings = (*_compared(counted, len(truth), found, DECAYS[MIDDLE]), *_regularised(known_rates, new_rates, smooth, likeness))
    return TemplatesResult(
        findings=findings,
        provenance=made_by(
            "templates", seed=seed, settings={"data": data, "side": side, "steps": steps}, images=found.name if images is None else images
        ),
        decays=DECAYS,
        templates=drawn_ones.reshape(len(DECAYS), -1, found.side, found.side),
        several=several.weights[0][0].numpy().reshape(-1, found.side, found.side),
        known=known_rates,
        new=new_rates,
        smooth=smooth,
        likeness=likeness,
        names=found.names,
    )


def _several(
    x: Float[Tensor, "picture pixel"], y: Int[Tensor, " picture"], classes: int, steps: int, seed: int, advance: Callable[[int], None]
) -> Stack:
    """Several templates for each class; a class's score is the greatest of theirs."""

    def loss(stack: Stack) -> Tensor:
        return F.cross_entropy(best_of(stack, x, classes), y) + DECAYS[MIDDLE] * stack.weights[0].square().sum()

    return fitted(drawn((x.shape[1], classes * EACH), 1, seed), loss, steps=steps, rate=RATE, advance=advance)


def best_of(stack: Stack, x: Float[Tensor, "picture pixel"], classes: int) -> Float[Tensor, "picture class"]:
    """The score of each class: the greatest of its templates'."""
    scores: Tensor = stack.layers(x)[0][0].unflatten(1, (classes, EACH)).amax(dim=2)
    return scores


def _counted(found: Collection, new: Tensor, truth: Tensor, one: Stack, several: Stack, control: Stack) -> dict[str, int]:
    known, classes = found.part(held_out=False)
    nearest = classes[chosen(found.part(held_out=True)[0], known)[0]]
    return {
        "templates": round(float(right(one, new, truth)[0]) * len(truth)),
        "several": int((best_of(several, new, len(found.names)).argmax(dim=1) == truth).sum()),
        "nearest": int((nearest == truth.numpy()).sum()),
        "shuffled": round(float(right(control, new, truth)[0]) * len(truth)),
    }


def _compared(counted: dict[str, int], count: int, found: Collection, decay: float) -> list[Finding]:
    chance = float(np.bincount(found.part(held_out=True)[1]).max() / count)
    words = {
        "templates": f"one template per class (decay {decay:g})",
        "several": f"{EACH} templates per class",
        "nearest": "their nearest neighbour",
    }
    return [
        share(
            name,
            counted[name],
            count,
            f"{counted[name]:,} of {count:,} new pictures are named rightly by {said} ({{low}} to {{high}}); by templates from shuffled labels "
            f"{counted['shuffled']:,}, by the commonest class {round(chance * count):,}.",
            control=counted["shuffled"] / count,
            chance=chance,
        )
        for name, said in words.items()
    ]


def _regularised(known: np.ndarray, new: np.ndarray, smooth: np.ndarray, likeness: np.ndarray) -> list[Finding]:
    return [
        Finding(
            "gap_without_decay",
            float(known[0] - new[0]),
            f"Without decay {known[0]:.1%} of known and {new[0]:.1%} of new ones are right; with {DECAYS[-1]:g} {known[-1]:.1%} and {new[-1]:.1%}.",
            control=float(known[-1] - new[-1]),
        ),
        Finding(
            "smoothness",
            float(smooth[-1]),
            f"Neighbouring pixels of the templates correlate {smooth[-1]:.2f} with decay {DECAYS[-1]:g}, {smooth[0]:.2f} without: noise has 0.",
            control=float(smooth[0]),
            chance=0.0,
        ),
        Finding(
            "likeness",
            float(likeness[0]),
            f"A template correlates {likeness[0]:.2f} with the known picture most like it without decay, {likeness[-1]:.2f} with {DECAYS[-1]:g}.",
            control=float(likeness[-1]),
        ),
    ]


def _likeness(part: Float[np.ndarray, "class pixel"], x: Float[np.ndarray, "picture pixel"]) -> float:
    """Each template's greatest correlation with one picture, on average."""
    centred = [(rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True) for rows in (part, x + 1e-9)]
    return float((centred[0] @ centred[1].T / part.shape[1]).max(axis=1).mean())
