"""The occlusion task (Zimmermann et al. 2021) with a machine viewer: of two copies of a patch that drives a unit, which square hides less of it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from optogram.errors import InputError
from optogram.evidence._view import SiteView, resized
from optogram.evidence._viewers import Viewer
from optogram.evidence.identification import CHOSEN
from optogram.geometry import Box
from optogram.lab._choices import Seen
from optogram.network.network import Network

SHARE = 0.4
"""The square's side, as a share of the patch's; as published."""
ACROSS = 3
"""Places of the square along each side."""


def squares(box: Box, height: int, width: int) -> list[Box]:
    """Nine squares evenly over the part of the box that lies in the image."""
    inside = box.within(height, width)
    side = max(1, round(SHARE * min(inside.height, inside.width)))
    tops, lefts = (
        np.linspace(start, start + length - side, ACROSS).round().astype(int)
        for start, length in ((inside.top, inside.height), (inside.left, inside.width))
    )
    return [Box(int(top), int(left), int(top) + side, int(left) + side) for top in tops for left in lefts]


def hidden(frame: UInt8[Tensor, "channel height width"], square: Box) -> UInt8[Tensor, "channel height width"]:
    """The photograph with its mean colour in the square."""
    covered = frame.clone()
    mean = frame.float().mean(dim=(1, 2)).round().to(torch.uint8)
    covered[:, square.top : square.bottom, square.left : square.right] = mean[:, None, None]
    return covered


def two_occlusions(
    network: Network,
    view: SiteView,
    viewer: Viewer,
    frames: UInt8[Tensor, "photo channel height width"],
    boxes: Sequence[Sequence[Box]],
    places: Int[np.ndarray, "photo probe"],
    units: Int[np.ndarray, " asked"],
    trials: int,
    references: Int[np.ndarray, " asked"] | None = None,
) -> Seen:
    """Of each unit's `trials` strongest patches (half of each half of the photographs), the two occlusions that leave it most and least.

    Right is the viewer where it finds the one that leaves more more like the unit's 9 strongest patches of the other half and less like its 9
    weakest. `references`: whose to show instead. `view` must hold the viewer's gaze. Nine forward passes a trial.
    """
    if view.patches.gaze is None:
        raise InputError("the occlusion task compares new patches with those of the site: site_views(..., keep=True)")
    probes = places.shape[1]
    asked: list[tuple[int, int]] = []
    looked: list[np.ndarray] = []
    orders: list[np.ndarray] = []
    for number, unit in enumerate(units):
        whose = unit if references is None else references[number]
        for fold in (0, 1):
            own, other = (np.flatnonzero((view.patches.fold == fold) == same) for same in (True, False))
            ordered = own[np.argsort(view.responses[own, whose], kind="stable")]
            queries = other[np.argsort(view.responses[other, unit], kind="stable")][-(trials // 2) :]
            for trial, query in enumerate(queries):
                photo, probe = divmod(int(query), probes)
                shown = _extremes(network, view, frames[photo], boxes[photo][probe], int(places[photo, probe]), int(unit))
                looked += [resized(one.permute(1, 2, 0).contiguous().numpy(), boxes[photo][probe], viewer.side) for one in shown]
                asked.append((number, fold * (trials // 2) + trial))
                orders.append(ordered)
    evidence = np.zeros((len(units), 2 * (trials // 2)))
    if asked:
        like = view.patches.gaze.likeness(viewer.features(np.stack(looked)))
        for (number, trial), ordered, most, least in zip(asked, orders, like[:, ::2].T, like[:, 1::2].T, strict=True):
            evidence[number, trial] = _score(view, most - least, ordered)
    return Seen(evidence)


def _extremes(network: Network, view: SiteView, frame: Tensor, box: Box, place: int, unit: int) -> tuple[Tensor, Tensor]:
    """The occlusions that leave the neuron the most and the least."""
    covered = torch.stack([hidden(frame, square) for square in squares(box, frame.shape[1], frame.shape[2])])
    with torch.no_grad():
        raw = network.read(view.site, covered.to(network.device).float() / 255)
    left = network.site(view.site.address).places(raw)[:, unit, place]
    return covered[int(left.argmax())], covered[int(left.argmin())]


def _score(view: SiteView, like: Float[np.ndarray, " patch"], ordered: Int[np.ndarray, " own"]) -> float:
    """Likeness to the strongest references less that to the weakest; of the difference of two patches, as it is linear."""
    parts = []
    for rows in (ordered[-CHOSEN:], ordered[:CHOSEN]):
        among = float(view.patches.similarity[np.ix_(rows, rows)].mean())
        parts.append(float(like[rows].mean()) / np.sqrt(max(among, 1e-9)))
    return float(parts[0] - parts[1])


def seen_by(view: SiteView, responses: Float[np.ndarray, "photo probe unit"]) -> SiteView:
    """The same patches with another network's responses."""
    return replace(view, responses=np.asarray(responses.reshape(-1, responses.shape[-1]), np.float32), recorded={})
