"""From climbs to the answer: what each finished picture really drives, its verdict, and all of them in the order asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.network.network import Network
from optogram.network.site import Site, Unit
from optogram.network.tap import Taps
from optogram.result import Provenance
from optogram.synthesis.alike import agreed
from optogram.synthesis.ascend import Climb, exact, read_site
from optogram.synthesis.natural import natural
from optogram.synthesis.objectives._objective import Objective, measure
from optogram.synthesis.resample import GRAY, resample
from optogram.synthesis.result import Synthesis
from optogram.synthesis.stage import Stage, accepts
from optogram.synthesis.verdict import judged


@dataclass(frozen=True, slots=True)
class Made:
    """One finished picture."""

    image: Float[np.ndarray, "channel height width"]
    activation: float
    trace: Float[np.ndarray, " step"]
    verdict: str
    caring: Float[np.ndarray, "height width"] | None = None
    frames: tuple[np.ndarray, ...] = ()
    alpha: Float[np.ndarray, "height width"] | None = None


def finished(net: Network, objectives: Sequence[Objective], stage: Stage, climb: Climb, rows: int) -> list[Made]:
    """Reads each picture once more on the network itself, in full precision and without transforms, `rows` at once, and judges it."""
    made: list[Made] = []
    for first in range(0, len(objectives), max(1, rows)):
        part = slice(first, first + max(1, rows))
        activations, silent = reached(net, objectives[part], stage, climb.images[part])
        made += [_made(climb, first + row, activation, quiet) for row, (activation, quiet) in enumerate(zip(activations, silent, strict=True))]
    return made


def _made(climb: Climb, row: int, activation: float, silent: bool) -> Made:
    image, trace, taken = climb.images[row].cpu().numpy(), climb.trace[row].numpy(), int(climb.taken[row])
    verdict = judged(trace[:taken], image, bool(climb.moved[row]), bool(climb.finite[row]), silent, taken < len(trace))
    caring = None if climb.caring is None else climb.caring[row].numpy()
    alpha = None if climb.alpha is None else climb.alpha[row].cpu().numpy()
    return Made(image, activation, trace, verdict, caring, tuple(frame.float().numpy() for frame in climb.frames[row]), alpha)


@torch.no_grad()
def reached(
    net: Network, objectives: Sequence[Objective], stage: Stage, images: Float[Tensor, "row channel height width"]
) -> tuple[list[float], list[bool]]:
    """The response of each objective's unit to its picture, and whether that unit is silent at every place.

    A lowered unit's response is read before its rectifier and with its own sign; a composed objective gives its own value.
    """
    climbed, objectives = objectives, [objective.reported for objective in objectives]
    seen = resample(images, stage.still(), *stage.view)
    sites = {site.address: site for objective in objectives for site in objective.sites}
    lowered = [objective.unit is not None and objective.terms[0][0] < 0 for objective in objectives]
    with net.tap(*{one for site in sites.values() for one in (site.address, read_site(net, site).address)}) as taps:
        net.run(seen, "input")
        after = measure(objectives, lambda term: (term.site, taps[term.site.address]))
        before = measure(objectives, lambda term: _raw(net, taps, term))
        values = torch.where(torch.tensor(lowered, device=after.device), -before, after)
        silent = [_silent(taps, objective, row) for row, objective in enumerate(climbed)]
    return values.cpu().tolist(), silent


def _raw(net: Network, taps: Taps, term: Any) -> tuple[Site, Tensor]:
    site = term.site if exact(term) else read_site(net, term.site)
    return site, taps[site.address]


def _silent(taps: Any, objective: Objective, row: int) -> bool:
    """Whether all that is told of the picture are units that the objective raises and that rectifiers hold at zero, at every place of them."""
    told = objective.reported.terms
    units = [(weight, getattr(term, "raised", None)) for weight, term in told if weight]
    if not units or not all(one in objective.terms for one in told):
        return False
    return all(weight > 0 and unit is not None and _zero(taps, unit, row) for weight, unit in units)


def _zero(taps: Any, unit: Unit, row: int) -> bool:
    if not unit.site.rectified or unit.head:
        return False
    return bool((unit.site.places(taps[unit.site.address])[row, unit.index] == 0).all())


def compared(net: Network, objectives: Sequence[Objective], seeds: Sequence[Sequence[Made]]) -> Float[np.ndarray, "unit 2"]:
    """How alike each unit's pictures of several seeds are, and how alike those of the site's other units (`alike.py`)."""
    found = np.full((len(objectives), 2), np.nan)
    sites = {objective.unit.site.address: objective.unit.site for objective in objectives if objective.unit}
    for address, site in sites.items():
        members = [index for index, objective in enumerate(objectives) if objective.unit and objective.unit.site.address == address]
        pictures = [made[index].image for made in seeds for index in members]
        images = framed(pictures, GRAY)
        if not accepts(net, [site], (images.shape[2], images.shape[3])):
            images = framed(pictures, GRAY, net.input_size)
        found[members] = np.stack(agreed(net, address, images.reshape(len(seeds), len(members), *images.shape[1:])), 1)
    return found


def collected(
    objectives: Sequence[Objective],
    made: Sequence[Made],
    provenance: Provenance,
    sweep: Any = None,
    twins: Sequence[Sequence[float]] = (),
    agreement: Float[np.ndarray, "unit 2"] | None = None,
) -> Synthesis:
    """All pictures in one array, each trace to the length of the longest; smaller pictures lie in the middle of gray."""
    cares, alphas = ([getattr(one, name)[None] for one in made if getattr(one, name) is not None] for name in ("caring", "alpha"))
    return Synthesis(
        framed([one.image for one in made], GRAY),
        np.array([one.activation for one in made], np.float32),
        np.stack([one.trace for one in made]),
        tuple(one.verdict for one in made),
        tuple(objective.unit.address if objective.unit else objective.name for objective in objectives),
        np.array([one.image.shape[1:] for one in made]),
        provenance,
        tuple(natural(objective, sweep) for objective in objectives),
        framed(cares, 0.0)[:, 0] if cares else None,
        tuple(one.frames for one in made) if made[0].frames else (),
        np.array(twins, np.float32) if twins else None,
        framed(alphas, 0.0)[:, 0] if alphas else None,
        agreement,
    )


def framed(
    pictures: Sequence[Float[np.ndarray, "channel _ _"]], fill: float, least: tuple[int, int] = (1, 1)
) -> Float[np.ndarray, "picture channel height width"]:
    """Pictures of several sizes in one array as large as the largest, at least of a height and width; smaller ones in the middle of `fill`."""
    height, width = (max(side, *(picture.shape[axis] for picture in pictures)) for axis, side in zip((1, 2), least, strict=True))
    frame = np.full((len(pictures), pictures[0].shape[0], height, width), fill, np.float32)
    for place, picture in zip(frame, pictures, strict=True):
        rows, columns = picture.shape[1:]
        top, left = (height - rows) // 2, (width - columns) // 2
        place[:, top : top + rows, left : left + columns] = picture
    return frame


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as text that says them exactly."""
    return {name: value if isinstance(value, int | float | str | type(None)) else str(value) for name, value in settings.items()}
