"""Identification by both: a unit's picture and its best photographs together say which held-out patches drive it, and say it of no other unit.

The score of `identification` and that of `identification_by_picture`, each standardised over the tested patches, are added; S and the
wrong-picture test are theirs. More than either alone means that the picture tells something that the photographs do not.
"""

from __future__ import annotations

from dataclasses import dataclass

from optogram.evidence._claim import Measured
from optogram.evidence._drawn import lowered, raised
from optogram.evidence._line_up import LINE_UP, measured
from optogram.evidence._matched import Half, Matching, matrix
from optogram.evidence._pictured import by_both, by_exemplars, by_picture, told
from optogram.evidence._view import SiteView
from optogram.statistics.identification import wrong_picture
from optogram.statistics.verdict import Words


@dataclass(frozen=True, slots=True)
class IdentificationByBoth(Matching):
    """Picture and exemplars together against wrong ones; see the module."""

    def half(self, view: SiteView, fold: int) -> Half | None:
        """The sum of both scores, responses to the other half's patches."""
        return by_both(view, fold)

    def measure(self, view: SiteView, like: Measured | None = None) -> Measured:
        """The wrong-picture test among the units that have pictures."""
        return told(view, measured(matrix(view, self.half), like))

    def confounds(self, view: SiteView, found: Measured) -> dict[str, float]:
        """The rates of either alone, among the same units, beside what identification always reports."""
        alone = {"by picture": by_picture, "by photographs": by_exemplars}
        rates = {f"rate {name} alone": wrong_picture(matrix(view, half)).rate(LINE_UP) for name, half in alone.items()}
        return {**Matching.confounds(self, view, found), **rates}


identification_by_both = IdentificationByBoth(
    name="identification_by_both",
    title="Picked out by its picture and its photographs together",
    unit_of_effect="margin over wrong pairs of picture and photographs, in median absolute deviations",
    own_null="wrong picture",
    rivals="wrong pairs of unit and picture with photographs",
    needs=("pictures",),
    words=Words(
        "its own picture and best photographs together pick it out better than other units' do",
        "other units' pictures and photographs do as well as its own too often to tell",
        "other units' pictures and photographs",
    ),
    records=(raised, lowered),
)
