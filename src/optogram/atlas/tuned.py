"""Tuning on the page: every unit's curve over the orientation of drifting gratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from optogram.atlas.tables import schemas
from optogram.errors import OptogramError

if TYPE_CHECKING:
    from optogram.geometry import Box
    from optogram.network.network import Network
    from optogram.network.site import Site

ORIENTATIONS = 12
FREQUENCIES = 5
PHASES = 8
LEAST_FIELD = 5
"""Pixels that a unit must see of its stripes."""


def tuned(network: Network, site: Site, field: Box) -> dict[str, list[Any]] | None:
    """The columns of the site's table `tuning`; None where units have no places or see too little. Costs some hundred truncated passes."""
    from optogram.physiology.electrode import electrode
    from optogram.physiology.tuning import default_frequencies, tune

    if len(site.grid) != 2 or min(field.height, field.width) < LEAST_FIELD:
        return None
    try:
        cycles = default_frequencies(electrode(network, site.address), FREQUENCIES)
        found = tune(network, site.address, orientations=ORIENTATIONS, frequencies=cycles, phases=PHASES, progress=False)
    except OptogramError:
        return None
    rows: dict[str, list[Any]] = {
        "unit": list(range(site.units)),
        "driven": [bool(one) for one in found.driven],
        "rates": [[float(value) for value in curve] for curve in found.by_orientation],
        "frequency": [float(value) for value in found.preferred_frequency],
        "preferred": [float(value) for value in found.preferred],
        "variance": [float(value) for value in found.variance],
        "bandwidth": [float(value) for value in found.bandwidth],
        "ratio": [float(value) if np.isfinite(value) else float("nan") for value in found.ratio],
    }
    return {name: rows[name] for name in schemas()["tuning"].names}
