"""Scores of patches by synthesised pictures: what the claims about pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Measured
from optogram.evidence._drawn import Drawn
from optogram.evidence._matched import Half
from optogram.evidence._view import SiteView
from optogram.evidence.identification import enough, scores
from optogram.synthesis.verdict import FAILED


def score(view: SiteView) -> Float[np.ndarray, "patch unit"]:
    """Each patch's likeness to the unit's raised picture less that to its lowered one; NaN for units without pictures."""
    up, down = (drawn(view, name) for name in ("raised", "lowered"))
    return up.over(view.responses.shape[1], up.likeness - down.likeness)


def drawn(view: SiteView, name: str = "raised") -> Drawn:
    """The pictures that a recorder made."""
    found: Drawn = view.recorded[name]
    return found


def by_picture(view: SiteView, fold: int) -> Half | None:
    """The pictures' scores of the patches that are not in `fold`, with the responses to them.

    Pictures are made without photographs, so halves are not needed; they are kept so that exemplars can be compared on the same patches.
    """
    if not enough(view.patches):
        return None
    seen = np.flatnonzero(view.patches.fold != fold)
    return Half(score(view)[seen], view.responses[seen], seen)


def by_exemplars(view: SiteView, fold: int) -> Half | None:
    """The same by exemplars, of the units that have pictures only."""
    if not enough(view.patches):
        return None
    own, seen = scores(view, fold)
    pictured = np.where(np.isnan(score(view)[seen]), np.nan, own)
    return Half(pictured, view.responses[seen], seen)


def by_both(view: SiteView, fold: int) -> Half | None:
    """The sum of the two, each unit's scores standardised over the patches: neither weighs more for its range."""
    picture, exemplars = by_picture(view, fold), by_exemplars(view, fold)
    if picture is None or exemplars is None:
        return None
    return replace(picture, scores=_standard(picture.scores) + _standard(exemplars.scores))


def told(view: SiteView, found: Measured, said: Sequence[str] | None = None) -> Measured:
    """With a note for each unit that has no picture or a failed one, before what is `said` of the others."""
    pictures, count = drawn(view), view.responses.shape[1]
    notes = [f"no picture was made of it; {len(pictures.units)} of {count} units have one"] * count
    for index, verdict in zip(pictures.units, pictures.verdict, strict=True):
        own = said[index] if said is not None else ""
        failed = f"Its picture failed ({verdict})" if verdict in FAILED else ""
        notes[index] = ". ".join(part for part in (failed, own) if part)
        if not found.tested[index]:
            notes[index] = f"its picture failed ({verdict})" if failed else own if np.isnan(found.effect).all() else ""
    return replace(found, notes=tuple(notes))


def _standard(values: Float[np.ndarray, "seen unit"]) -> Float[np.ndarray, "seen unit"]:
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, np.nan))
