"""What a unit's response survives: position, size, illumination and orientation, layer by layer beside a twin; a bar that crosses fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.drawing.colour import unsigned
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid, stacked
from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.lab._result import Finding, LabResult, made_by
from optogram.lab._show import beside
from optogram.lab._shown import shown
from optogram.lab._sources import EMBEDDED, network_or_demo
from optogram.lab.tuning import default_sites
from optogram.network.network import Network
from optogram.physiology.invariance import LEVELS, UNCHANGED, Invariance, crossing
from optogram.physiology.invariance import invariance as measured
from optogram.progress import Progress, track

PHOTOGRAPHS = 340
FEWEST = 10
AT = {"position": 4.0, "size": 1.25, "illumination": 0.6, "orientation": 20.0}
"""Where findings read the curves: pixels, factor, factor, degrees."""
DONE = {"position": "moved by 4 pixels", "size": "enlarged by a quarter", "illumination": "darkened to .6", "orientation": "turned by 20 degrees"}
ACROSS = {"position": "moved, pixels", "size": "factor of size", "illumination": "factor of light", "orientation": "turned, degrees"}


@dataclass(frozen=True, kw_only=True, eq=False)
class InvarianceResult(LabResult):
    """Curves [site, level] by change: the mean correlation of responses before and after, of the network and of an untrained twin.

    `bar` [offset, place]: rates of one unit's neurons of the middle row while a bar passes, `offsets` in pixels.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("position", "size", "illumination", "orientation"),
        *("twin_position", "twin_size", "twin_illumination", "twin_orientation", "offsets", "bar"),
    )
    sites: tuple[str, ...]
    position: Float[np.ndarray, "site _"]
    size: Float[np.ndarray, "site _"]
    illumination: Float[np.ndarray, "site _"]
    orientation: Float[np.ndarray, "site _"]
    twin_position: Float[np.ndarray, "site _"]
    twin_size: Float[np.ndarray, "site _"]
    twin_illumination: Float[np.ndarray, "site _"]
    twin_orientation: Float[np.ndarray, "site _"]
    unit: str
    offsets: Float[np.ndarray, " offset"]
    bar: Float[np.ndarray, "offset place"]

    def pictures(self) -> dict[str, Image.Image]:
        """Four curves a layer, the network's above and the twin's below; the bar."""
        rows = []
        for prefix, title in (("", "network"), ("twin_", "untrained twin")):
            pair = []
            for change in LEVELS:
                held = getattr(self, prefix + change)
                lines = {site: (LEVELS[change], held[number].tolist()) for number, site in enumerate(self.sites[:6])}
                pair.append(
                    curves(lines, across=ACROSS[change], up="correlation", title=f"{title}: {change}", include=(0.0, 1.0), width=190, height=130)
                )
            rows += [beside(pair[:2]), beside(pair[2:])]
        note = "Down: where the bar is, from left to right. Across: the unit's neurons of the middle row, from left to right. As the bar leaves one "
        passing = grid([unsigned(self.bar)], title=f"{self.unit}: a bar passes", note=note + "field it enters the next.", cell=300, columns=1)
        return {"curves": stacked(rows), "bar": passing}


def invariance(
    images: Annotated[Photos | None, "Photographs that are changed."] = None,
    *,
    network: Network | None = None,
    sites: Annotated[tuple[str, ...] | None, "Layers to compare; by default rectified and pooled ones."] = None,
    unit: Annotated[str | None, "The unit whose fields a bar crosses; by default the first of the first layer."] = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> InvarianceResult:
    """What a unit's response survives, layer by layer, beside a twin with shuffled weights.

    Each photograph is moved, resized, lit and turned; how the central neuron of each unit answers before and after is correlated over photographs
    (crops of one photograph only with each other). 1 means that the change does not matter to what the unit says.
    """
    used = network_or_demo(network)
    wanted = tuple(sites) if sites else default_sites(used)
    address = unit or f"{wanted[0]}:0"
    offsets, bar = crossing(used, address)
    photographs, kin = shown(used, images, 119 if quick else PHOTOGRAPHS, seed)
    if len(kin) < FEWEST:
        raise SettingError(f"invariance is correlated over at least {FEWEST} photographs; got {len(kin)}")
    within = kin if len(set(kin)) < len(kin) / 2 else ["all"] * len(kin)
    twin = used.twin("shuffle", seed, photographs)
    with track("networks", 2, progress) as advance:
        own = measured(used, wanted, photographs, groups=within)
        advance(1)
        other = measured(twin, wanted, photographs, groups=within)
        advance(1)
    return InvarianceResult(
        findings=(*_findings(own, other, len(kin)), *_of_bar(address, offsets, bar)),
        provenance=made_by("invariance", seed=seed, settings={"sites": wanted}, images=EMBEDDED if images is None else images, network=used),
        sites=wanted,
        unit=address,
        offsets=offsets,
        bar=bar,
        **own.curves,
        **{f"twin_{change}": curve for change, curve in other.curves.items()},
    )


def _findings(own: Invariance, other: Invariance, count: int) -> list[Finding]:
    found = []
    for change, level in AT.items():
        column = own.levels[change].index(level)
        first, last = (float(own.curves[change][site, column]) for site in (0, -1))
        twin = float(other.curves[change][-1, column])
        sentence = (
            f"{count} photographs {DONE[change]}: responses of {own.sites[-1]} correlate by {last:.2f} with those before, of {own.sites[0]} by "
            f"{first:.2f}; of an untrained twin's {own.sites[-1]} by {twin:.2f}."
        )
        found.append(Finding(change, last, sentence, control=twin, chance=0.0))
    same = min(float(own.curves[change][:, own.levels[change].index(UNCHANGED[change])].min()) for change in LEVELS)
    return [*found, Finding("unchanged", same, f"Control: unchanged photographs correlate by {same:.3f}.")]


def _of_bar(address: str, offsets: np.ndarray, bar: np.ndarray) -> list[Finding]:
    seen = np.flatnonzero(bar.max(0) > bar.min(0))
    if len(seen) < 3:
        return [Finding("bar", 0.0, f"{len(seen)} neurons of {address} answer to the bar that passes: too few to say in which order.", chance=0.0)]
    change = np.abs(bar - np.median(bar, axis=0))[:, seen]
    centres = (np.asarray(offsets)[:, None] * change).sum(0) / change.sum(0)
    order = float(np.corrcoef(seen, centres)[0, 1])
    step = float(np.polyfit(seen, centres, 1)[0])
    sentence = (
        f"As a bar passes, {len(seen)} neurons of {address} answer one after the other, each {step:.1f} pixels on (correlation of neuron and place "
        f"{order:.3f})."
    )
    return [Finding("bar", order, sentence, chance=0.0)]
