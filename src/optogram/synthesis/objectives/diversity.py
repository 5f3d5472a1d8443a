"""Several pictures of one unit that must differ: one unit may respond to several things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import SettingError
from optogram.network.site import Site, Unit
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.unit import unit

NEEDS = "needs a unit, how many pictures and a site to differ at: give diversity(net.unit(address), 4, net.site(address))"


@dataclass(frozen=True, slots=True)
class Unlikeness:
    """Minus the mean cosine of a picture's Gram matrix with those of its family: 0 where all differ, -1 where all are alike."""

    site: Site
    family: str

    @staticmethod
    def measure(terms: Sequence[Unlikeness], site: Site, activation: Tensor) -> Float[Tensor, " row"]:
        """The value of term i in row i."""
        matrices = grams(site, activation)
        cosines = matrices @ matrices.T
        rows: dict[str, list[int]] = defaultdict(list)
        for row, term in enumerate(terms):
            rows[term.family].append(row)
        values = []
        for row, term in enumerate(terms):
            others = [other for other in rows[term.family] if other != row]
            values.append(-cosines[row, others].mean() if others else cosines.new_zeros(()))
        return torch.stack(values)


def grams(site: Site, activation: Tensor) -> Float[Tensor, "row entry"]:
    """Each picture's Gram matrix sum over places of y y', as a vector of length 1: which units go together, wherever they do."""
    places = site.places(activation).float()[:, :, len(site.prefix) :]
    matrices = torch.einsum("rup,rvp->ruv", places, places).flatten(1)
    return torch.nn.functional.normalize(matrices, dim=1)


def diversity(target: Unit, count: int, site: Site, weight: float = 1.0) -> list[Objective]:
    """`count` objectives y[unit] - weight mean cosine(G_i, G_j), G the Gram matrices at `site` (after Olah, Mordvintsev & Schubert 2017).

    They climb in one batch, because each looks at the others. The cosine is between -1 and 1: choose the weight by the size of
    the unit's responses. `site` is best at or below the unit's own. `facets.py` counts how many of them are really different.
    """
    if count < 2:
        raise SettingError(f"pictures that differ are at least 2; got {count}")
    goal = unit(target) if target.place is None else neuron(target)
    family = f"{goal.name} in {count} at {site.address}, {weight:g}"
    unlike = Objective(((weight, Unlikeness(site, family)),), "differing")
    return [replace(goal + unlike, name=f"{goal.name}, picture {number + 1} of {count}", family=family, told=goal.terms) for number in range(count)]
