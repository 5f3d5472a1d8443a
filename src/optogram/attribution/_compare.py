"""Several methods asked the same question, on one sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from optogram.attribution._attribute import METHODS, attribute
from optogram.attribution._result import Attribution, joined
from optogram.attribution._seen import picture_of
from optogram.drawing.colour import limit_of, signed, unsigned
from optogram.drawing.paper import Paper
from optogram.drawing.sheet import grid, stacked
from optogram.drawing.theme import AXIS, SPACES
from optogram.errors import InterceptionError, NotDefinedError, SettingError, unknown
from optogram.progress import Progress, track
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from optogram.network.network import Network

MOST = 4
"""Photographs on a sheet of methods; the rest are counted."""
ROW = 7
"""Methods beside a photograph that is one of several."""
BAR = 240.0


@dataclass(frozen=True)
class Comparison(Result):
    """The same photographs and target by several methods, in the order asked; `refused` says which are not defined here, and why.

    `stopped`: those that were not done when Ctrl-C was pressed.
    """

    attributions: tuple[Attribution, ...]
    refused: Mapping[str, str]
    provenance: Provenance
    stopped: tuple[str, ...] = ()

    def arrays(self) -> dict[str, np.ndarray]:
        """Each method's values and responses by its name."""
        return {f"{one.method}_{name}": array for one in self.attributions for name, array in one.arrays().items() if name != "zero"}

    def figure(self) -> Image.Image:
        """One column a method, one row a photograph, colours on one scale: shares of each map's own limit, which is printed."""
        return _sheet(self)

    def __str__(self) -> str:
        lines = [one.title() + " · " + _in_short(one) for one in self.attributions]
        lines += [f"{name}: {why}" for name, why in self.refused.items()]
        return "\n".join([*lines, *([f"stopped before: {', '.join(self.stopped)}"] if self.stopped else [])])


def compare(
    network: Network,
    images: Any,
    target: Any,
    methods: Sequence[str] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = True,
    **asked: Any,
) -> Comparison:
    """`og.attribute` by several methods (all by default); those that are not defined for the network are named with their reason.

    `settings` go to every method that knows them; one that no method knows is an error. `asked` are the arguments of `og.attribute` that all share.
    Ctrl-C ends it with the methods that are done, if there are any; the others are named in `stopped`.
    """
    names = [name.replace("-", "_") for name in (methods or METHODS.names())]
    given = _shared_out(names, settings or {})
    found, refused = [], {}
    stopped: tuple[str, ...] = ()
    with track("methods", len(names), progress) as advance:
        for number, name in enumerate(names):
            try:
                found.append(attribute(network, images, target, name, progress=False, **asked, **given[name]))
            except (NotDefinedError, InterceptionError) as error:
                refused[name] = str(error)
            except KeyboardInterrupt:
                if not found:
                    raise
                stopped = tuple(names[number:])
                break
            advance(1)
    if not found:
        raise NotDefinedError("no method is defined here. " + " ".join(f"{name}: {why}" for name, why in refused.items()))
    first = found[0].provenance
    settled = {"methods": [one.method for one in found], "target": found[0].target, **(settings or {})}
    return Comparison(tuple(found), refused, Provenance("compare", first.network, first.weights, first.images, "", settled, first.seed), stopped)


def _shared_out(names: Sequence[str], settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    known = {name: set(signature(METHODS.get(name)).parameters) - {"question"} for name in names}
    for key in settings:
        if not any(key in keys for keys in known.values()):
            raise SettingError(unknown("setting", key, sorted(set().union(*known.values())), where=" of these methods"))
    return {name: {key: value for key, value in settings.items() if key in known[name]} for name in names}


def _sheet(comparison: Comparison) -> Image.Image:
    first = comparison.attributions[0]
    photos = range(min(len(first), MOST))
    columns = _columns(len(comparison.attributions), len(photos))
    rows: list[list[tuple[np.ndarray | None, str]]] = []
    for photo in photos:
        caption = joined("\n", first.name(photo) or first.target, f"response {first.responses[photo]:.3g} {first.places[photo]}".rstrip())
        rows.append([(picture_of(first, photo), caption), *(_cell(one, photo) for one in comparison.attributions)])
    left = [f"{len(first) - MOST} more photographs"] if len(first) > MOST else []
    refused = [f"not defined here: {', '.join(comparison.refused)}"] if comparison.refused else []
    stopped = [f"stopped before: {', '.join(comparison.stopped)}"] if comparison.stopped else []
    note = " · ".join(["colours are shares of each map's own limit, printed below it", *refused, *stopped, *left])
    # What fits in a row each is one grid; else each photograph has a grid of its own, whose last row may end early: an empty cell says "nought".
    blocks = [[cell for row in rows for cell in row]] if len(rows[0]) <= columns else rows
    sheets = []
    for number, block in enumerate(blocks):
        title = f"{first.target} by {len(comparison.attributions)} methods" if number == 0 else ""
        pictures, captions = zip(*block, strict=True)
        last = note if number == len(blocks) - 1 else ""
        sheets.append(grid(pictures, captions=captions, title=title, note=last, columns=columns, cell=140))
    signs = [one.signed for one in comparison.attributions]
    return stacked([*sheets, scale_bar(sheets[0].width, None, any(signs), not all(signs))])


def _in_short(one: Attribution) -> str:
    if len(one) == 1:
        return one.caption(0)
    nought = f", the map nought everywhere on {int(one.zero.sum())}" if one.zero.any() else ""
    return f"{len(one)} photographs, responses {one.responses.min():.3g} to {one.responses.max():.3g}{nought}"


def _columns(methods: int, photos: int) -> int:
    """All methods in one row where there are several photographs and they fit; else as many columns as make the sheet wide."""
    return min(methods + 1, 6) if photos == 1 or methods > ROW else methods + 1


def _cell(attribution: Attribution, photo: int) -> tuple[np.ndarray | None, str]:
    label = " (generalised)" if attribution.generalised else ""
    at = f" at {attribution.site}" if attribution.site else ""
    if attribution.zero[photo]:
        return None, f"{attribution.method}{label}{at}\nnought everywhere"
    values = attribution.map(photo)
    limit = limit_of(values)
    drawn = (signed if attribution.signed else unsigned)(values, limit)
    return drawn, f"{attribution.method}{label}{at}\nlimit {'±' if attribution.signed else ''}{limit:.3g}"


def scale_bar(width: int, limit: float | None, both: bool, one: bool | None = None) -> Image.Image:
    """The colour scales that are used: of `both` signs, of `one` (by default where the other is not), from `limit` down, or shares of a limit."""
    paper = Paper(width / 2, AXIS * 2 + 14 + 2 * SPACES[1])
    steps = np.linspace(-1, 1, 2 * int(BAR))[None].repeat(20, axis=0)
    scales = [(signed(steps, 1.0), ("-limit", "0", "+limit"))] if both else []
    scales += [(unsigned((steps + 1) / 2, 1.0), ("0", "", "limit"))] if (not both if one is None else one) else []
    left = float(SPACES[3])
    for picture, words in scales:
        paper.picture(left, SPACES[0], BAR, 10, picture)
        numbers = words if limit is None else tuple(word.replace("limit", f"{limit:.3g}") for word in words)
        for word, place, anchor in zip(numbers, (left, left + BAR / 2, left + BAR), ("la", "ma", "ra"), strict=True):
            paper.text(place, SPACES[0] + 14, word, AXIS, paper.theme.ink_2, anchor)
        left += BAR + SPACES[4]
    return paper.drawn()
