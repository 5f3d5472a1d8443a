"""On the natural path: before the unit, its picture does what the photographs that drive it do (Geirhos et al. 2023).

P[i, j], averaged over the sites before the unit: cosine of what picture j does there, beyond what all pictures do, with how the units there go
with unit i's response to photographs (its way). Path coherence, site by site: (P[i, i] - d) / (s - d), where s is how alike the unit's ways in
the two halves are, and d how alike they are to those of other units; 1 is natural, 0 is no more natural than another unit's photographs.
Activations are standardised and compared by their cosine, not by their ranks: among hundreds of units at rest, the ranks of the few that carry
the picture hardly count.

The wrong-picture test on P asks whether the own picture goes the unit's way rather than another's. Where photographs agree on the way (the same
test on their halves, q .05) and the picture is no nearer to it than wrong pictures (p over .05), or hardly nearer than other units' photographs
(mean coherence under one half), the unit is flagged: what the picture shows may not be what drives it in photographs. So fooling circuits give
themselves away: ReLU(F - kC) + ReLU(D + kC - k) shows one of F and D and follows the other.
Cost: about 12 patches a unit through the network, beside the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from optogram.evidence._claim import Claim, Families, Measured
from optogram.evidence._drawn import raised
from optogram.evidence._line_up import measured, won
from optogram.evidence._path import Path, way
from optogram.evidence._pictured import drawn, told
from optogram.evidence._view import SiteView
from optogram.statistics.identification import wrong_picture
from optogram.statistics.verdict import Words

LEVEL = 0.05
HARDLY = 0.5
"""Nearer to another unit's photographs than to its own."""


@dataclass(frozen=True, slots=True)
class NaturalPath(Claim):
    """Pictures' ways against those of photographs; see the module."""

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The wrong-picture test on the way; notes give the coherence at each site, and the flag."""
        path: Path = view.recorded["way"]
        whole = np.full((view.responses.shape[1],) * 2, np.nan)
        if path.sites:
            whole[np.ix_(drawn(view).units, drawn(view).units)] = path.picture.mean(axis=0)
        found = measured(whole, like)
        said = [""] * len(found.effect)
        off = flagged(path)
        for row, index in enumerate(drawn(view).units):
            said[index] = _said(path, row, bool(off[row])) if path.sites else "there is no site before it"
        return told(view, found, said)

    def interval(self, view: SiteView, found: Measured, level: float = 0.95) -> tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]:
        """None: the strongest patches are extremes, for which resampling photographs gives no interval (and so nothing is called a salmon)."""
        return (absent := np.full(len(found.effect), np.nan)), absent.copy()

    def families(self, network: Measured, twins: Sequence[Measured]) -> Families:
        """The rate at which own pictures are nearest to the unit's way, in line-ups of one length."""
        return won(network, twins)

    def confounds(self, view: SiteView, found: Measured) -> dict[str, float]:
        """Each site's median coherence over units, and how many are flagged."""
        path: Path = view.recorded["way"]
        known = zip(path.sites, coherence(path), strict=True)
        sites = {f"coherence at {site}": float(np.median(one[~np.isnan(one)])) for site, one in known if not np.isnan(one).all()}
        return {**sites, "units flagged": float(flagged(path).sum())}


natural_path = NaturalPath(
    name="natural_path",
    title="Its picture goes the way of photographs",
    unit_of_effect="margin over wrong pictures on the way to the unit, in median absolute deviations",
    own_null="wrong picture",
    rivals="wrong pairs of unit and picture, by what the sites before it do,",
    sees=False,
    needs=("pictures",),
    words=Words(
        "on the way to the unit its picture is nearer to its photographs than other units' pictures are",
        "other units' pictures are as near to its photographs on the way to it too often to tell",
        "wrong pictures",
    ),
    records=(raised, way),
)


def coherence(path: Path) -> Float[np.ndarray, "site shown"]:
    """(P_ii - d) / (s - d) at each site; NaN where photographs of one unit are no more alike than those of two."""
    count = path.natural.shape[1]
    own, same = (np.diagonal(part, axis1=1, axis2=2) for part in (path.picture, path.natural))
    other = (path.natural.sum(axis=2) - same) / max(count - 1, 1)
    return np.asarray((own - other) / np.where(same > other, same - other, np.nan))


def flagged(path: Path) -> Bool[np.ndarray, " shown"]:
    """Units whose photographs agree on the way (q .05), and whose pictures are no nearer to it than wrong ones (p over .05) or hardly near it."""
    if not path.sites:
        return np.zeros(path.natural.shape[1], bool)
    photographs, pictures = wrong_picture(path.natural.mean(axis=0)), wrong_picture(path.picture.mean(axis=0))
    same, own = np.diagonal(path.natural.mean(axis=0)), np.diagonal(path.picture.mean(axis=0))
    other = (path.natural.mean(axis=0).sum(axis=1) - same) / max(len(same) - 1, 1)
    near = (pictures.p <= LEVEL) & (own - other >= HARDLY * (same - other))
    return np.asarray((photographs.q <= LEVEL) & ~near)


def _said(path: Path, row: int, off: bool) -> str:
    values = coherence(path)[:, row]
    sites = ", ".join(f"{site} {value:.2f}" for site, value in zip(path.sites, values, strict=True) if value == value)
    known = f"Path coherence {sites}" if sites else "Photographs of other units go the same way"
    return f"FLAGGED, off the natural path: what it shows may not be what drives it in photographs. {known}" if off else known
