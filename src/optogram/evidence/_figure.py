"""Evidence as a figure: each family's statistic against those of its twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.evidence._result import Evidence

MOST = 24


def figure(evidence: Evidence) -> Image:
    """A strip a site: twins' family statistics as dots, the network's as a line, on one axis for all; the first 24 families."""
    from optogram.drawing.null_strip import null_strip
    from optogram.drawing.sheet import grid

    shown = [family for family in evidence.families if np.isfinite(family.observed) and np.isfinite(family.families).any()][:MOST]
    if not shown:
        return grid([None], title=f"{evidence.provenance.network}: nothing could be tested", note=str(evidence), columns=1, cell=376)
    everything = np.concatenate([np.append(family.families[np.isfinite(family.families)], family.observed) for family in shown])
    domain = (min(0.0, float(everything.min())), max(1.0, float(everything.max())))
    strips = [
        null_strip(family.families[np.isfinite(family.families)], family.observed, title=f"{family.site}  {family.claim}", domain=domain)
        for family in shown
    ]
    counted = "; ".join(dict.fromkeys(family.statistic for family in shown))
    viewer = f"; viewer: {shown[0].viewer}" if shown[0].viewer else ""
    note = f"{counted}; line: the network, dots: quantiles of {len(shown[0].families)} untrained twins{viewer}"
    return grid(strips, title=f"{evidence.provenance.network}: beyond its twins?", note=note, columns=2 if len(shown) > 3 else 1, cell=376)
