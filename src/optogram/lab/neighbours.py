"""The nearest picture: Euclidean distance, cosine and dot product, when they agree and when not, with the nearest beside each picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from optogram.drawing.sheet import grid
from optogram.images.photos import Photos
from optogram.lab._collection import collection
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._show import Measured, whiskers
from optogram.lab.vectors import unit_length
from optogram.progress import Progress, track

MEASURES = ("distance", "cosine", "dot product")
SHOWN = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class NeighboursResult(LabResult):
    """`nearest[measure, picture]`: for each held-out picture the number of the nearest known one; `at_equal_norms` the same after x / |x|.

    `held_out`, `known`: the first pictures of each half as drawn; `classes`, `answers` their classes and those of their nearest.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("nearest", "at_equal_norms", "held_out", "known", "answers", "classes")
    nearest: Int[np.ndarray, "measure picture"]
    at_equal_norms: Int[np.ndarray, "measure picture"]
    held_out: Float[np.ndarray, "shown row column"]
    known: Float[np.ndarray, "measure shown row column"]
    answers: Int[np.ndarray, "measure picture"]
    classes: Int[np.ndarray, " picture"]
    names: tuple[str, ...]
    shown: Int[np.ndarray, " shown"]

    def pictures(self) -> dict[str, Image.Image]:
        """Test pictures with their nearest by each measure; accuracies."""
        rows: list[np.ndarray] = list(self.held_out)
        captions = [self.names[self.classes[index]] for index in self.shown]
        for pictures, answers in zip(self.known, self.answers, strict=True):
            rows += list(pictures)
            captions += [f"{self.names[answers[index]]}{'' if answers[index] == self.classes[index] else ' (wrong)'}" for index in self.shown]
        labels = ["held out", *(f"nearest by {name}" for name in MEASURES)]
        sheet = grid(rows, columns=len(self.shown), captions=captions, labels=labels, title="Each picture and the nearest known one", cell=76)
        found = [self.finding(f"accuracy_{name.replace(' ', '_')}") for name in MEASURES]
        rates = [Measured(name, entry.value, entry.low, entry.high) for name, entry in zip(MEASURES, found, strict=True)]
        chance = found[0].chance or 0.0
        note = f"Chance: {chance:.2f}. Bars: 95 % intervals."
        return {
            "nearest": sheet,
            "accuracy": whiskers(rows=rates, title="Held-out pictures named like their nearest", note=note, include=(chance, 1.0)),
        }


def neighbours(
    images: Annotated[Photos | None, "Your own pictures, in class folders."] = None,
    *,
    data: Annotated[str, "faces or digits, where no pictures are given."] = "digits",
    side: Annotated[int, "Side of your own pictures in pixels."] = 32,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> NeighboursResult:
    """Names each held-out picture like the nearest picture of the other half, by three measures; pixels are in 0..1, as they come.

    With equal norms |x - y|^2 = |x|^2 + |y|^2 - 2 x . y says that all three choose alike; with unequal ones the dot product prefers long vectors.
    """
    found = collection(images, data, side, seed)
    found = found.reduced(60) if quick else found
    known, classes = found.part(held_out=False)
    held, truth = found.part(held_out=True)
    with track("neighbours", 2, progress) as advance:
        nearest = chosen(held, known)
        advance(1)
        equal = chosen(unit_length(held), unit_length(known))
        advance(1)
    answers = classes[nearest]
    hits = (answers == truth).sum(axis=1)
    most = float(np.bincount(truth).max() / len(truth))
    shown = np.linspace(0, len(held) - 1, SHOWN).astype(int)
    agree = int((nearest[0] == nearest[1]).sum())
    dotted = int((nearest[0] == nearest[2]).sum())
    alike = int((equal == equal[0]).all(axis=0).sum())
    popular = [int(np.bincount(row).max()) for row in nearest]
    findings = (
        *(
            share(
                f"accuracy_{name.replace(' ', '_')}",
                int(hit),
                len(held),
                f"{hit:,} of {len(held):,} held-out pictures are named like their nearest by {name} ({{low}} to {{high}}; chance {most:.0%}).",
                chance=most,
            )
            for name, hit in zip(MEASURES, hits.tolist(), strict=True)
        ),
        share(
            "equal_norms", alike, len(held), f"{alike:,} of {len(held):,} have one and the same nearest by all three measures once norms are equal."
        ),
        share(
            "distance_and_cosine",
            agree,
            len(held),
            f"{agree:,} of {len(held):,} have the same nearest by distance and cosine ({{low}} to {{high}}).",
        ),
        share(
            "distance_and_dot",
            dotted,
            len(held),
            f"{dotted:,} of {len(held):,} have the same nearest by distance and dot product ({{low}} to {{high}}).",
            control=alike / len(held),
        ),
        Finding(
            "popular",
            float(popular[2]),
            f"One picture is the nearest of {popular[2]:,} by dot product, since its vector is long; by distance none of more than {popular[0]:,}.",
            control=float(popular[0]),
        ),
    )
    return NeighboursResult(
        findings=findings,
        provenance=made_by("neighbours", seed=seed, settings={"data": data, "side": side}, images=found.name if images is None else images),
        nearest=nearest,
        at_equal_norms=equal,
        held_out=held[shown].reshape(-1, found.side, found.side),
        known=known[nearest[:, shown]].reshape(len(MEASURES), -1, found.side, found.side),
        answers=answers,
        classes=truth,
        names=found.names,
        shown=shown,
    )


def chosen(held: Float[np.ndarray, "picture pixel"], known: Float[np.ndarray, "other pixel"]) -> Int[np.ndarray, "measure picture"]:
    """The nearest known picture of each by Euclidean distance, cosine and dot product; the first of equals."""
    dots = held @ known.T
    lengths = np.linalg.norm(known, axis=1)
    return np.stack([(lengths**2 - 2 * dots).argmin(axis=1), (dots / lengths).argmax(axis=1), dots.argmax(axis=1)])
