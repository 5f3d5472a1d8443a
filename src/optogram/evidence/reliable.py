"""Reliable: pictures of a unit from two starts say the same of photographs, and not what the pictures of other units say.

R[i, j] is Spearman, over patches, of the likeness to unit j's picture with the likeness to unit i's picture from another start and by other
transforms, in the viewer's eyes; then the wrong-picture test. Pixels are not compared: a shifted pattern is the same answer. A picture that
comes out anew each time is no answer; one that does not may still be wrong, and untrained units' pictures may be as reliable: this says nothing
about learning, so twins are not asked. Cost: one picture more of each chosen unit of the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optogram.evidence._claim import Measured, none_tested
from optogram.evidence._drawn import again, raised
from optogram.evidence._line_up import measured
from optogram.evidence._matched import Half, Matching, matrix
from optogram.evidence._pictured import drawn, told
from optogram.evidence._view import SiteView
from optogram.evidence.identification import enough
from optogram.statistics.verdict import Words


@dataclass(frozen=True, slots=True)
class Reliable(Matching):
    """One start's pictures against those of another; see the module."""

    def half(self, view: SiteView, fold: int) -> Half | None:
        """Both starts' likeness to the patches that are not in `fold`."""
        if again.name not in view.recorded or not enough(view.patches):
            return None
        seen, count = np.flatnonzero(view.patches.fold != fold), view.responses.shape[1]
        one, other = (made.over(count, made.likeness)[seen] for made in (drawn(view), drawn(view, "again")))
        return Half(one, other, seen)

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The wrong-picture test among the units that have pictures; the note gives the correlation of the two starts. Nothing of a twin."""
        if again.name not in view.recorded:
            return none_tested(view.responses.shape[1])
        found = matrix(view, self.half)
        said = [f"Pictures from two starts rank the patches alike to {own:.2f} (Spearman)" for own in np.diagonal(found)]
        return told(view, measured(found, like), said)


reliable = Reliable(
    name="reliable",
    title="The same from another start",
    unit_of_effect="margin over other units' pictures, in median absolute deviations",
    own_null="wrong picture",
    rivals="pairs of pictures of two units",
    beyond_twins=False,
    needs=("pictures",),
    words=Words(
        "two starts agree more than pictures of two units do",
        "pictures of other units agree with it as well too often to tell",
        "pictures of other units",
    ),
    records=(raised, again),
)
