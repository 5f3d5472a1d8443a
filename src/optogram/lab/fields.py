"""Receptive fields three ways: by the recursive rule of the lectures, as measured, and where the gradient's energy lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from optogram.drawing.colour import unsigned
from optogram.drawing.paper import Paper
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.errors import NotDefinedError
from optogram.evenly import evenly
from optogram.images.photos import Photos
from optogram.lab._result import Finding, LabResult, made_by
from optogram.lab._shown import shown
from optogram.lab._sources import EMBEDDED, network_or_demo
from optogram.network.network import Network
from optogram.physiology.fields import ENERGY, Window, effective, patches, recursive, windows
from optogram.progress import Progress, track

MOST_SITES = 8
PHOTOGRAPHS = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldsResult(LabResult):
    """`sides` [site, way] in pixels: by the rule, as measured, and of the square with 90 % of the gradient's energy; of a twin in `twin_sides`.

    `energy` [site, height, width]: mean squared gradient of the central neurons; `boxes` [site, 4]: their measured fields (top, left, bottom, right).
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("sides", "twin_sides", "energy", "boxes")
    sites: tuple[str, ...]
    sides: Int[np.ndarray, "site 3"]
    twin_sides: Int[np.ndarray, " site"]
    energy: Float[np.ndarray, "site height width"]
    boxes: Int[np.ndarray, "site 4"]

    def pictures(self) -> dict[str, Image.Image]:
        """Sides by layer; where the energy lies within the measured box."""
        place = list(range(1, len(self.sites) + 1))
        rule, measured, effect = self.sides.T.tolist()
        # The rule is dashed and drawn last: on a chain it lies on what is measured.
        sides = {"measured": measured, "90 % of energy": effect, "90 %, twin": self.twin_sides.tolist(), "recursive rule": rule}
        lines = {name: (place, held) for name, held in sides.items()}
        names = dict(zip(map(float, place), self.sites, strict=True))
        growth = curves(lines, across="layer", up="side of the field, pixels", title="How far a neuron sees", include=(0.0,), places=names)
        maps = [_boxed(energy, box) for energy, box in zip(self.energy, self.boxes.tolist(), strict=True)]
        captions = [f"{site}\n{row[1]} measured, {row[2]} effective" for site, row in zip(self.sites, self.sides.tolist(), strict=True)]
        note = "Dark: where the squared gradient of the layer's central neurons lies, each map in its own scale; the frame is the measured field."
        return {"growth": growth, "energy": grid(maps, captions=captions, title="Effective fields", note=note, cell=140)}


def fields(
    images: Annotated[Photos | None, "Photographs on which gradients are taken."] = None,
    *,
    network: Network | None = None,
    units: Annotated[int, "Units of each layer whose gradients are averaged."] = 16,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> FieldsResult:
    """Receptive fields three ways, layer by layer.

    The rule of the lectures goes from the top down: a place sees a patch of the layer below, each of its places a patch of the next, and so to the
    pixels. Beside it the field as measured on the network itself, and the square in which 90 % of the squared gradient lies, here and in a twin.
    """
    used = network_or_demo(network)
    chain = windows(used)
    if not chain:
        raise NotDefinedError(f"{used.name} has no convolution or pool: the recursive rule has nothing to go down")
    numbers = evenly(range(len(chain)), MOST_SITES)
    photographs = shown(used, images, 8 if quick else PHOTOGRAPHS, seed)[0]
    twin = used.twin("shuffle", seed, photographs)
    rows, other, energies, boxes = [], [], [], []
    with track("sites", len(numbers), progress) as advance:
        for number in numbers:
            path = chain[number].path
            box = used.receptive_field(path)
            lies = effective(used, path, photographs, min(units, 4) if quick else units)
            rows.append((max(recursive(chain[: number + 1])), max(box.height, box.width), lies.side))
            other.append(effective(twin, path, photographs, min(units, 4) if quick else units).side)
            energies.append(lies.energy)
            boxes.append(box.as_tuple())
            advance(1)
    sites, sides = tuple(chain[number].path for number in numbers), np.array(rows)
    return FieldsResult(
        findings=_findings(sites, sides, np.array(other), _downwards(chain, numbers)),
        provenance=made_by(
            "fields",
            seed=seed,
            settings={"units": units, "photographs": len(photographs)},
            images=EMBEDDED if images is None else images,
            network=used,
        ),
        sites=sites,
        sides=sides,
        twin_sides=np.array(other),
        energy=np.stack(energies),
        boxes=np.array(boxes),
    )


def _downwards(chain: list[Window], numbers: Sequence[int]) -> str:
    """What a place of the last layer sees of those layers below it that are shown, from the top down, and of the pixels."""
    sides, top = [max(patch) for patch in patches(chain)], len(chain) - 1
    below = ", ".join(f"{sides[top - 1 - number]} of {chain[number].path}" for number in reversed(numbers) if number < top)
    return f"a place of {chain[top].path} sees {below}{' and ' if below else ''}{sides[-1]} pixels"


def _findings(sites: Sequence[str], sides: np.ndarray, twin: np.ndarray, downwards: str) -> tuple[Finding, ...]:
    same = int((sides[:, 0] == sides[:, 1]).sum())
    wrong = "; it differs where paths of different widths meet or the image ends" if same < len(sites) else ""
    last, share = sides[-1], sides[-1, 2] / sides[-1, 1]
    return (
        Finding(
            "agree", same / len(sites), f"The recursive rule agrees with the measured field at {same} of {len(sites)} layers{wrong}.", chance=0.0
        ),
        Finding("rule", float(last[0]), f"By the rule, {downwards} a side.", control=float(last[1])),
        Finding("measured", float(last[1]), f"Measured, a central neuron of {sites[-1]} sees {last[1]} pixels a side."),
        Finding(
            "effective",
            float(share),
            f"A square of {last[2]} pixels a side, {100 * share**2:.0f} % of the field's area, holds {100 * ENERGY:.0f} % of the gradient's energy; "
            f"in an untrained twin one of {twin[-1]}.",
            control=float(twin[-1] / last[1]),
            chance=float(np.sqrt(ENERGY)),
        ),
    )


def _boxed(energy: Float[np.ndarray, "height width"], box: Sequence[int]) -> Image.Image:
    height, width = energy.shape
    paper = Paper(width, height, scale=max(1, round(280 / max(height, width))))
    # Amplitudes rather than energies: squares would show the few strongest pixels alone.
    paper.image = Image.fromarray(unsigned(np.sqrt(energy))).resize(paper.image.size, Image.Resampling.NEAREST)
    top, left, bottom, right = box
    line = 280 / max(height, width) / paper.scale
    paper.box(max(left, 0), max(top, 0), min(right, width), min(bottom, height), outline=paper.theme.high, width=max(line, 1.5 / paper.scale))
    return paper.image
