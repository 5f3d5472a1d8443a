"""What photographs do to a unit, to be told beside what its picture reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep


class Natural(NamedTuple):
    """Of the photographs' responses: median, 90th and 99th percentile, greatest; for a lowered unit 10th and 1st percentile and least."""

    median: float
    far: float
    farther: float
    most: float
    lowered: bool = False

    def __str__(self) -> str:
        rank, end = ("1st", "least") if self.lowered else ("99th", "most")
        return f"median {self.median:.3g}, {rank} percentile {self.farther:.3g}, {end} {self.most:.3g}"


def natural(objective: Objective, sweep: Sweep | None) -> Natural | None:
    """The photographs' responses in the sense of the objective; `None` where none compares.

    A unit's mean over places is compared with the panel's means, a neuron with each photograph's greatest neuron (and, at
    most, with that of every photograph swept). Lowered neurons, lowered rectified units, directions and sums have no counterpart here.
    """
    if sweep is None or len(objective.terms) != 1:
        return None
    weight, term = objective.terms[0]
    if weight == 0 or not isinstance(term, Response) or term.unit.head or term.site.address not in sweep.sites:
        return None
    site, index, lowered = term.site, term.unit.index, weight < 0
    neuron = term.where != "mean" or site.layout == "vector"
    if lowered and (site.rectified or (neuron and site.layout != "vector")):
        return None
    responses = (sweep.panel.greatest(site.address) if neuron else sweep.panel.mean(site.address))[:, index]
    if not responses.size:
        return None
    median, far, farther = (float(np.quantile(responses, 1 - share if lowered else share)) for share in (0.5, 0.9, 0.99))
    if lowered:
        return Natural(median, far, farther, float(responses.min()), True)
    most = float(sweep.moments(site.address).greatest[index]) if neuron else float(responses.max())
    return Natural(median, far, farther, most)
