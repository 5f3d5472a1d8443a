"""The path to a unit: what the sites before it do on its best photographs' patches and on its picture, in each network's own activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from optogram.evenly import evenly
from optogram.evidence._drawn import Drawn, raised
from optogram.evidence._scene import Recorder, Scene
from optogram.evidence._view import SiteView
from optogram.geometry import Box
from optogram.network.network import Network
from optogram.network.site import Site

SITES = 6
"""At most so many sites on the way are looked at, from the first to the last."""
STRONGEST = 6
"""Patches of each half that stand for what drives a unit naturally."""
BATCH = 32
STEADY = 0.1
"""A unit that varies less than this share of what units of its site vary (median) is standardised as if it varied so much: what hardly varies in
photographs must not weigh as much as what does.
"""


@dataclass(frozen=True, slots=True)
class Path:
    """How alike the ways are. `sites`: those on the way to the unit; none where nothing is before it.

    A unit's way in a half of the photographs: how each unit of the site goes with its response, over the patches that drive any unit with a picture
    most (their covariance, both standardised; of the site's units the mean over places). The few patches that drive it most would not do: what they
    hold besides by chance does not average out. A picture's way is what it does there beyond what all pictures do; beyond what any of the patches
    does counts as much as the utmost of them, or one unit that is steady in photographs would be all.

    `picture` [site, unit, picture]: cosine of picture j's way with unit i's in both halves; of a picture that does less than a unit's strongest
    patches do, less by that much. `natural` alike: unit j's way in one half with unit i's in the other. Units are those with pictures.
    """

    sites: tuple[str, ...]
    picture: Float[np.ndarray, "site shown shown"]
    natural: Float[np.ndarray, "site shown shown"]


@dataclass(frozen=True, slots=True)
class Way(Recorder):
    """Activations on the way, of pictures and of patches cut out to the pictures' size."""

    def record(self, network: Network, view: SiteView, scene: Scene) -> Path:
        """Costs two truncated passes of the strongest patches' count, about 12 a unit with a picture."""
        drawn: Drawn = view.recorded["raised"]
        strongest = [_strongest(view, drawn.units, fold) for fold in (0, 1)]
        cut, size, sites = (0, 0), (0, 0), []
        if len(drawn.units) > 1 and all(map(len, strongest)):
            cut, size = _sizes(network, view.site, drawn, scene)
            sites = before(network, network.site(view.site.address), size)
        if not sites:
            none = np.zeros((0, len(drawn.units), len(drawn.units)), np.float32)
            return Path((), none, none)
        rows, index = np.unique(np.concatenate(strongest), return_inverse=True)
        index = index.reshape(2, -1, len(drawn.units))
        boxes = [box for places in scene.boxes for box in places]
        photograph = view.patches.photograph
        natural = [window(scene.images[photograph[row]], boxes[row], cut).numpy() / np.float32(255) for row in rows]
        patches, images = (torch.from_numpy(np.stack([_framed(one, cut, size) for one in shown])) for shown in (natural, drawn.pictures))
        seen, shown = activations(network, sites, patches), activations(network, sites, images)
        responses = view.responses[rows][:, drawn.units].astype(np.float64)
        alike = [_alike(seen[site.address], shown[site.address], index, responses) for site in sites]
        return Path(tuple(site.address for site in sites), *(np.stack(part) for part in zip(*alike, strict=True)))


way = Way("way", after=(raised,))


def before(network: Network, site: Site, size: Sequence[int]) -> list[Site]:
    """The default sites whose activations change the site's on images of this size: at most `SITES`, evenly from the first to the last."""
    images = torch.rand(1, network.channels, *size, generator=torch.Generator().manual_seed(0)).to(network.device)
    with torch.no_grad():
        whole = network.read(site, images)
        found = [one for one in network.sites() if one.order < site.order and _changes(network, one, site, images, whole)]
    return evenly(found, SITES)


@torch.no_grad()
def activations(network: Network, sites: Sequence[Site], images: Float[Tensor, "image channel height width"]) -> dict[str, np.ndarray]:
    """Each site's units, their mean over places, [image, unit]."""
    found: dict[str, list[Tensor]] = {site.address: [] for site in sites}
    with network.tap(*found) as taps:
        for first in range(0, len(images), BATCH):
            network.run(images[first : first + BATCH].to(network.device).contiguous(memory_format=torch.channels_last), "input")
            for site in sites:
                found[site.address].append(site.places(taps[site.address]).float().mean(2).cpu())
    return {address: torch.cat(parts).numpy() for address, parts in found.items()}


def window(image: UInt8[Tensor, "channel height width"], box: Box, size: Sequence[int]) -> UInt8[Tensor, "channel rows columns"]:
    """A part of that size with the box in its middle, moved inside the photograph where it would leave it."""
    corner = []
    for first, last, side, whole in zip((box.top, box.left), (box.bottom, box.right), size, image.shape[1:], strict=True):
        corner.append(max(0, min((first + last - side) // 2, whole - side)))
    return image[:, corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]]


def _sizes(network: Network, site: Site, drawn: Drawn, scene: Scene) -> tuple[tuple[int, int], tuple[int, int]]:
    """That to which patches and pictures are cut: the largest picture's, or the receptive field's where that is smaller. And that at which both are
    shown: the same, or the usual input of a network that takes no other, with gray around either.
    """
    from optogram.synthesis.stage import accepts

    wholes, field = scene.images.shape[2:], (scene.field.height, scene.field.width)
    height, width = (
        min(whole, seen, max(picture.shape[axis] for picture in drawn.pictures)) for axis, whole, seen in zip((1, 2), wholes, field, strict=True)
    )
    return (height, width), ((height, width) if accepts(network, [site], (height, width)) else network.input_size)


def _changes(network: Network, one: Site, site: Site, images: Tensor, whole: Tensor) -> bool:
    generator = torch.Generator().manual_seed(1)

    def shaken(activation: Tensor) -> Tensor:
        noise = torch.randn(activation.shape, generator=generator).to(activation)
        return activation + noise * activation.std()

    with network.tap(site.address, edits={one.address: shaken}) as taps:
        network.run(images, "input")
    return not torch.equal(taps[site.address], whole)


def _strongest(view: SiteView, units: Int[np.ndarray, " shown"], fold: int) -> Int[np.ndarray, "strongest shown"]:
    rows = np.flatnonzero(view.patches.fold == fold)
    return rows[np.argsort(view.responses[rows][:, units], axis=0, kind="stable")[-STRONGEST:]]


def _framed(picture: Float[np.ndarray, "channel _ _"], cut: Sequence[int], size: Sequence[int]) -> Float[np.ndarray, "channel height width"]:
    """At most so much of its middle, in the middle of gray; what is not finite is gray."""
    found = np.full((picture.shape[0], *size), 0.5, np.float32)
    rows, columns = (min(own, most) for own, most in zip(picture.shape[1:], cut, strict=True))
    (top, left), (above, before) = (((whole[0] - rows) // 2, (whole[1] - columns) // 2) for whole in (size, picture.shape[1:]))
    found[:, top : top + rows, left : left + columns] = np.nan_to_num(picture[:, above : above + rows, before : before + columns], nan=0.5)
    return found


def _alike(
    seen: Float[np.ndarray, "patch hidden"],
    shown: Float[np.ndarray, "shown hidden"],
    index: Int[np.ndarray, "fold strongest shown"],
    responses: Float[np.ndarray, "patch shown"],
) -> tuple[Float[np.ndarray, "shown shown"], Float[np.ndarray, "shown shown"]]:
    """Cosines of pictures' ways with units', and of units' ways in one half with those in the other (averaged both ways)."""
    spread = seen.std(axis=0)
    kept = spread > 1e-6 * max(float(spread.max()), 1e-30)
    mean, spread = seen[:, kept].mean(axis=0), np.maximum(spread[kept], STEADY * np.median(spread[kept]))
    standard = (seen[:, kept] - mean) / spread
    halves = [_going_with(standard[rows], responses[rows]) for rows in map(np.unique, index)]
    within = (shown[:, kept].clip(seen[:, kept].min(axis=0), seen[:, kept].max(axis=0)) - mean) / spread
    first, second, both = map(_unit_length, (*halves, halves[0] + halves[1]))
    strongest = standard[index].mean(axis=(0, 1))
    usual = float(np.median(np.linalg.norm(strongest - strongest.mean(axis=0), axis=1)))
    pictures = _unit_length(within - within.mean(axis=0), usual)
    return both @ pictures.T, (first @ second.T + second @ first.T) / 2


def _going_with(standard: Float[np.ndarray, "row hidden"], responses: Float[np.ndarray, "row shown"]) -> Float[np.ndarray, "shown hidden"]:
    """Covariance of standardised responses with activations; nothing for a unit that is constant."""
    spread = responses.std(axis=0)
    weights = (responses - responses.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.asarray(weights.T @ standard / len(standard))


def _unit_length(rows: Float[np.ndarray, "row hidden"], least: float = 0.0) -> Float[np.ndarray, "row hidden"]:
    """Divided by their lengths, or by `least` where they are shorter."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), least)
    return np.asarray((rows / np.where(lengths > 0, lengths, 1)).astype(np.float32))
