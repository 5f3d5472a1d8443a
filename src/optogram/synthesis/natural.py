"""What photographs do to a unit, to be told beside what its picture reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives._response import Response

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep


def natural(objective: Objective, sweep: Sweep | None) -> tuple[float, float] | None:
    """99th percentile and greatest of the photographs' responses, in the sense of the objective; `None` where none compares.

    A unit's mean over places is compared with the panel's means, a neuron with each photograph's greatest neuron (and, at
    most, with that of every photograph swept). Lowered units, directions and sums have no natural counterpart here.
    """
    if sweep is None or len(objective.terms) != 1:
        return None
    weight, term = objective.terms[0]
    if weight <= 0 or not isinstance(term, Response) or term.unit.head or term.site.address not in sweep.sites:
        return None
    site, index = term.site, term.unit.index
    neuron = term.where != "mean" or site.layout == "vector"
    responses = (sweep.panel.greatest(site.address) if neuron else sweep.panel.mean(site.address))[:, index]
    if not responses.size:
        return None
    most = float(sweep.moments(site.address).greatest[index]) if neuron else float(responses.max())
    return float(np.quantile(responses, 0.99)), most
