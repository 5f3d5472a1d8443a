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
from optogram.result import Provenance
from optogram.synthesis.ascend import Climb, read_site
from optogram.synthesis.natural import natural
from optogram.synthesis.objectives._objective import Objective, measure
from optogram.synthesis.resample import GRAY, resample
from optogram.synthesis.result import Synthesis
from optogram.synthesis.stage import Stage
from optogram.synthesis.verdict import judged


@dataclass(frozen=True, slots=True)
class Made:
    """One finished picture."""

    image: Float[np.ndarray, "channel height width"]
    activation: float
    trace: Float[np.ndarray, " step"]
    verdict: str


def finished(net: Network, objectives: Sequence[Objective], stage: Stage, climb: Climb) -> list[Made]:
    """Reads each picture once more on the network itself, in full precision and without transforms, and judges it."""
    activations, silent = reached(net, objectives, stage, climb.images)
    images, traces = climb.images.cpu().numpy(), climb.trace.cpu().numpy()
    rows = zip(images, activations, traces, climb.moved.tolist(), climb.finite.tolist(), silent, strict=True)
    return [Made(image, activation, trace, judged(trace, image, moved, finite, quiet)) for image, activation, trace, moved, finite, quiet in rows]


@torch.no_grad()
def reached(
    net: Network, objectives: Sequence[Objective], stage: Stage, images: Float[Tensor, "row channel height width"]
) -> tuple[list[float], list[bool]]:
    """The response of each objective's unit to its picture, and whether that unit is silent at every place.

    A lowered unit's response is read before its rectifier and with its own sign; a composed objective gives its own value.
    """
    seen = resample(images, stage.still(), *stage.view)
    sites = {site.address: site for objective in objectives for site in objective.sites}
    lowered = [objective.unit is not None and objective.terms[0][0] < 0 for objective in objectives]
    with net.tap(*{one for site in sites.values() for one in (site.address, read_site(net, site).address)}) as taps:
        net.run(seen, "input")
        after = measure(objectives, lambda site: (site, taps[site.address]))
        before = measure(objectives, lambda site: (read_site(net, site), taps[read_site(net, site).address]))
        values = torch.where(torch.tensor(lowered, device=after.device), -before, after)
        silent = [not down and _silent(taps, objective, row) for row, (objective, down) in enumerate(zip(objectives, lowered, strict=True))]
    return values.cpu().tolist(), silent


def _silent(taps: Any, objective: Objective, row: int) -> bool:
    unit = objective.unit
    if unit is None or not unit.site.rectified or unit.head:
        return False
    return bool((unit.site.places(taps[unit.site.address])[row, unit.index] == 0).all())


def collected(objectives: Sequence[Objective], made: Sequence[Made], provenance: Provenance, sweep: Any = None) -> Synthesis:
    """All pictures in one array; smaller ones in the middle of gray."""
    height, width = (max(one.image.shape[axis] for one in made) for axis in (1, 2))
    images = np.full((len(made), made[0].image.shape[0], height, width), GRAY, np.float32)
    for place, one in zip(images, made, strict=True):
        rows, columns = one.image.shape[1:]
        top, left = (height - rows) // 2, (width - columns) // 2
        place[:, top : top + rows, left : left + columns] = one.image
    return Synthesis(
        images,
        np.array([one.activation for one in made], np.float32),
        np.stack([one.trace for one in made]),
        tuple(one.verdict for one in made),
        tuple(objective.unit.address if objective.unit else objective.name for objective in objectives),
        np.array([one.image.shape[1:] for one in made]),
        provenance,
        tuple(natural(objective, sweep) for objective in objectives),
    )


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as text that says them exactly."""
    return {name: value if isinstance(value, int | float | str | type(None)) else str(value) for name, value in settings.items()}
