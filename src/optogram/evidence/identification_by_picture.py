"""Identification by picture: a unit's synthesised picture says which photographs' patches drive it, and says it of no other unit.

A patch scores by its likeness, in the viewer's eyes, to the picture that raises the unit's neuron less its likeness to the one that lowers it
(the set-up of SCIENCE 9). S and the wrong-picture test are those of `identification`. Cost: two pictures a chosen unit, in the network and
in each twin.
"""

from __future__ import annotations

from dataclasses import dataclass

from optogram.evidence._claim import Measured
from optogram.evidence._drawn import lowered, raised
from optogram.evidence._line_up import measured
from optogram.evidence._matched import Half, Matching, matrix
from optogram.evidence._pictured import by_picture, told
from optogram.evidence._view import SiteView


@dataclass(frozen=True, slots=True)
class IdentificationByPicture(Matching):
    """Pictures against wrong pictures; see the module."""

    def half(self, view: SiteView, fold: int) -> Half | None:
        """Scores by pictures, responses to the patches."""
        return by_picture(view, fold)

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The wrong-picture test among the units that have pictures."""
        return told(view, measured(matrix(view, self.half), like))


identification_by_picture = IdentificationByPicture(
    name="identification_by_picture",
    title="Picked out by its picture",
    unit_of_effect="margin over wrong pictures, in median absolute deviations",
    own_null="wrong picture",
    rivals="wrong pairs of unit and picture",
    needs=("pictures",),
    records=(raised, lowered),
)
