"""Pixels, edges, motifs, parts: one path through a network, unit by unit, from a class down, each with its picture and its exemplars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.attribution._attribute import attribute
from optogram.drawing.sheet import grid
from optogram.errors import NotDefinedError
from optogram.evenly import evenly
from optogram.exemplars.sweep import sweep
from optogram.images.photos import Photos
from optogram.lab._result import Finding, LabResult, made_by
from optogram.lab._show import even
from optogram.lab._sources import EMBEDDED, network_or_demo
from optogram.lab.noise import greatest
from optogram.network.network import Network
from optogram.network.site import Site, Unit
from optogram.progress import Progress, track
from optogram.synthesis.synthesize import synthesize

MOST_SITES = 5
EXEMPLARS = 6
COMPARED = 12
"""Other units of a site that are silenced for comparison."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HierarchyResult(LabResult):
    """`units`: the path from the class down, by address; `names`: classes by their names.

    `synthesized`: [height, width, channel], of a class in the whole frame, of a unit in its central neuron's field.

    `share[step]`: the unit's part of all that its site adds (of the sum of positive attributions).

    `drop[step]`, `drop_others[step, unit]`: how much the unit above loses when this one, or another of its site, is set to its mean, in standard
    deviations of the unit above; NaN where a site has fewer units.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("share", "drop", "drop_others")
    units: tuple[str, ...]
    names: tuple[str, ...]
    synthesized: tuple[Float[np.ndarray, "_ _ _"], ...]
    exemplars: tuple[tuple[np.ndarray, ...], ...]
    share: Float[np.ndarray, " step"]
    drop: Float[np.ndarray, " step"]
    drop_others: Float[np.ndarray, "step other"]

    def pictures(self) -> dict[str, Image.Image]:
        """The path: each unit's synthesised picture and the patches that drive it most."""
        rows: list[np.ndarray | None] = []
        for picture, patches in zip(self.synthesized, self.exemplars, strict=True):
            rows += [picture, *patches, *[None] * (EXEMPLARS - len(patches))]
        heads = ["made to drive it", "drive it most", *[""] * (EXEMPLARS - 1)]
        labels = [self.names[0], *(f"{unit} ({part:.0%})" for unit, part in zip(self.names[1:], self.share.tolist(), strict=True))]
        note = "Each unit is the one that adds most to the unit above it; in brackets its part of all that its site adds."
        return {
            "path": grid(
                even(rows, 96), columns=1 + EXEMPLARS, heads=heads, labels=labels, title="From the class down to the pixels", note=note, cell=96
            )
        }


def hierarchy(
    images: Annotated[Photos | None, "Your own photographs."] = None,
    *,
    network: Network | None = None,
    unit: Annotated[str | None, "Where the path begins: a class or a unit."] = None,
    steps: Annotated[int, "Steps of synthesis."] = 96,
    count: Annotated[int, "Photographs from which exemplars are taken."] = 850,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> HierarchyResult:
    """Walks from a class down: at each site the unit that adds most to the unit above, on photographs that drive that one.

    What a unit adds is its input times gradient, summed over places. A site at which one unit alone adds to the unit above is passed over: that is
    the same unit before its places were averaged, or before a rectifier.
    Control: each unit of the path is set to its mean, and so are other units of its site, and what that costs the unit above is compared.
    """
    count, steps = (min(count, 255), min(steps, 24)) if quick else (count, steps)
    net = network_or_demo(network)
    photos = _photos(images, count, seed)
    pixels = torch.cat([batch.images.float() / 255 for batch in photos.batches(net.preprocess, net.channels)])
    top = net.unit(unit).address if unit else _default_class(net, pixels)
    stretches = _stretches(net, top)
    with track("hierarchy", len(stretches) + 2, progress) as advance:
        path, parts, drops, others = _walked(net, top, stretches, pixels, seed, advance)
        made = [synthesize(net, _central(net, name), steps=steps, seed=seed, progress=False).images[0] for name in path]
        advance(1)
        found = sweep(net, photos, sites=sorted({net.unit(name).site.address for name in path}), folds=1, progress=False)
        advance(1)
    patches = [tuple(entry.patch for entry in found.exemplars(name, "top", EXEMPLARS)) for name in path]
    return HierarchyResult(
        findings=tuple(_findings(path, parts, drops, others)),
        provenance=made_by(
            "hierarchy", seed=seed, settings={"unit": top, "steps": steps, "count": count}, images=EMBEDDED if images is None else images, network=net
        ),
        units=tuple(path),
        names=tuple(str(net.unit(name)) for name in path),
        synthesized=tuple(np.asarray(picture).transpose(1, 2, 0) for picture in made),
        exemplars=tuple(patches),
        share=np.array(parts),
        drop=np.array(drops),
        drop_others=padded(others),
    )


def _central(network: Network, name: str) -> str:
    """A unit's central neuron, whose picture is as large as the patches that drive it; what has no places, or a place already, as it is."""
    unit = network.unit(name)
    return unit.address if unit.place is not None or len(unit.site.grid) < 2 else Unit(unit.site, unit.index, unit.site.centre(), unit.head).address


def _photos(images: Photos | None, count: int, seed: int) -> Photos:
    if images is not None:
        return images.subset(range(min(count, len(images))))
    from optogram.zoo._photographs import held_out_crops

    return held_out_crops(count, seed)


def _default_class(network: Network, pixels: Tensor) -> str:
    """The class that the network answers most often."""
    names = [greatest(network, image[None]) for image in pixels[:: max(1, len(pixels) // 64)]]
    return max(names, key=names.count)  # of equals the first, as a set has no order


def _stretches(network: Network, top: str) -> list[list[Site]]:
    """Up to five sites with places below the class, from the last to the first, each with those between it and the next one."""
    end = network.unit(top).site.order
    found = [site for site in network.sites() if site.layout in ("spatial", "channel_last") and site.order < end][::-1]
    chosen = sorted(len(found) - 1 - index for index in evenly(range(len(found)), MOST_SITES))
    return [found[start:stop] for start, stop in zip(chosen, [*chosen[1:], len(found)], strict=False)]


def _walked(
    network: Network, top: str, stretches: list[list[Site]], pixels: Tensor, seed: int, advance: Callable[[int], None]
) -> tuple[list[str], list[float], list[float], list[list[float]]]:
    path, parts, drops, others = [top], [], [], []
    random = np.random.default_rng(seed)
    for stretch in stretches:
        shown = pixels[_driving(network, path[-1], pixels)]
        step = _first_of_several(network, path[-1], stretch, shown)
        advance(1)
        if step is None:
            continue
        site, adds = step
        chosen = int(adds.argmax())
        rest = random.permutation(np.delete(np.arange(site.units), chosen))[:COMPARED]
        lost = silenced(network, path[-1], site, [chosen, *rest.tolist()], shown, pixels)
        parts.append(float(adds[chosen] / max(adds[adds > 0].sum(), 1e-12)))
        drops.append(lost[0])
        others.append(lost[1:])
        path.append(f"{site.address}:{chosen}")
    if not drops:
        raise NotDefinedError(
            f"the path goes down from {top} by the units that add to it, and no site with places below has several that do: name another with --unit"
        )
    return path, parts, drops, others


def _first_of_several(network: Network, name: str, stretch: list[Site], shown: Tensor) -> tuple[Site, Float[np.ndarray, " unit"]] | None:
    """The first site at which several units add to a unit, and what each adds; a site where one does is that unit itself before pooling, say."""
    for site in stretch:
        found = attribute(network, shown, name, "input_x_gradient", source=site, progress=False).values
        each = site.places(torch.as_tensor(np.asarray(found)))
        if int((each.abs().amax(dim=(0, 2)) > 0).sum()) > 1:
            return site, np.asarray(each.sum(dim=2).mean(dim=0))
    return None


def _driving(network: Network, name: str, pixels: Tensor, most: int = 8) -> Int[Tensor, " chosen"]:
    """The photographs that drive a unit most."""
    return torch.cat([_response(network, name, part) for part in pixels.split(128)]).topk(min(most, len(pixels))).indices


def _response(network: Network, name: str, images: Tensor, edits: dict[str, Callable[[Tensor], Tensor]] | None = None) -> Float[Tensor, " batch"]:
    """A unit's response: its greatest neuron."""
    with torch.no_grad(), network.tap(name, edits=edits) as taps:
        network.run(images, "input")
        return taps[name].flatten(1).amax(dim=1) if taps[name].ndim > 1 else taps[name].clone()


def silenced(network: Network, name: str, site: Site, units: list[int], shown: Tensor, pixels: Tensor) -> list[float]:
    """What each of a site's units is worth to a unit above: its fall when the unit is set to its mean, in its own standard deviations."""
    before = _response(network, name, shown)
    spread = float(torch.cat([_response(network, name, part) for part in pixels[:256].split(128)]).std()) or 1.0
    mean = site.places(network.read(site, pixels[:64])).mean(dim=(0, 2))
    falls = []
    for unit in units:

        def at_mean(raw: Tensor, unit: int = unit) -> Tensor:
            changed = raw.clone()
            changed[(..., unit) if site.layout == "channel_last" else (slice(None), unit)] = mean[unit]
            return changed

        falls.append(float((before - _response(network, name, shown, {site.address: at_mean})).mean()) / spread)
    return falls


def padded(rows: list[list[float]]) -> Float[np.ndarray, "row longest"]:
    """Rows of different lengths as one array, NaN behind the shorter ones."""
    found = np.full((len(rows), max(len(row) for row in rows)), np.nan)
    for number, row in enumerate(rows):
        found[number, : len(row)] = row
    return found


def _findings(path: list[str], parts: list[float], drops: list[float], others: list[list[float]]) -> list[Finding]:
    found = []
    for above, name, part, drop, rest in zip(path, path[1:], parts, drops, others, strict=False):
        beaten = sum(drop > other for other in rest)
        said = (
            f"Unit {name} makes {part:.0%} of what its site adds to {above}; set to its mean it costs that {drop:.2f} standard deviations, more than "
            f"{beaten} of {len(rest)} other units (median {np.median(rest):.2f})."
        )
        found.append(Finding(name, drop, said, control=float(np.median(rest))))
    most = max(len(rest) for rest in others)
    wins = sum(drop > max(rest) for drop, rest in zip(drops, others, strict=True))
    return [
        *found,
        Finding(
            "path",
            wins / len(drops),
            f"{wins} of {len(drops)} units of the path matter more to the unit above than each of {most} others of their site.",
            chance=1 / (COMPARED + 1),
        ),
    ]
