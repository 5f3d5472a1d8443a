"""What one photograph drives: at each site its most driven neurons, and at some places the units most above their usual."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.atlas.tables import schemas
from optogram.evenly import evenly
from optogram.exemplars.extremes import blocks

if TYPE_CHECKING:
    from optogram.exemplars.panel import Panel
    from optogram.network.field import Field
    from optogram.network.network import Network
    from optogram.network.site import Site

MOST = 12
"""Neurons a site."""

AT_A_PLACE = 3
PLACES = 14
"""Places looked at along each side of a map: enough to find one near any pixel."""


@dataclass(frozen=True)
class Usual:
    """What photographs usually do to a site's units: mean and deviation of their greatest responses and of those at places.

    `share` gives, for the greatest response of each unit to a photograph, the share of others' that are below it. `live` and `live_at_places` mark
    units that do not always give the same.
    """

    mean: Float[np.ndarray, " unit"]
    sd: Float[np.ndarray, " unit"]
    live: Bool[np.ndarray, " unit"]
    share: Callable[[np.ndarray], np.ndarray]
    place_mean: Float[np.ndarray, " unit"]
    place_sd: Float[np.ndarray, " unit"]
    live_at_places: Bool[np.ndarray, " unit"]


def usual_of(panel: Panel, site: str) -> Usual:
    """As the panel's photographs have it."""
    greatest, probes = panel.greatest(site), panel.probes(site)
    places = probes.reshape(-1, probes.shape[-1])
    return Usual(
        mean=greatest.mean(axis=0),
        sd=greatest.std(axis=0),
        live=np.asarray(greatest.max(axis=0) > greatest.min(axis=0)),
        share=lambda found: np.asarray((greatest < found).mean(axis=0)),
        place_mean=places.mean(axis=0),
        place_sd=places.std(axis=0),
        live_at_places=np.asarray(places.max(axis=0) > places.min(axis=0)),
    )


def seen(
    network: Network,
    sites: Sequence[Site],
    fields: Mapping[str, Field],
    usual: Callable[[str], Usual],
    image: Float[Tensor, "1 channel height width"],
) -> dict[str, list[Any]]:
    """The columns of `schemas()["seen"]` for one photograph in the input frame; one forward pass. `usual` is asked for each site."""
    rows: list[dict[str, Any]] = []
    with torch.no_grad(), network.tap(*(site.address for site in sites)) as taps:
        network.run(image, "input")
        maps = {site.address: site.places(taps[site.address])[0].float().cpu().numpy() for site in sites}
        grids = {site.address: _grid(site, taps[site.address]) for site in sites}
    for site in sites:
        responses, grid = maps[site.address], grids[site.address]
        known = usual(site.address)
        found = (*_most(responses, known), *_at_places(grid, responses, known))
        rows += [{"site": site.address, **row, **_where(site, fields.get(site.address), row["place"], grid)} for row in found]
    return {name: [row[name] for row in rows] for name in schemas()["seen"].names}


def _most(responses: Float[np.ndarray, "unit place"], usual: Usual) -> Iterator[dict[str, Any]]:
    """The neurons whose response exceeds the greatest ones of most photographs; equal ones by how far above their mean."""
    greatest, place = responses.max(axis=1), responses.argmax(axis=1)
    share, above = usual.share(greatest), _above(greatest, usual.mean, usual.sd)
    live = np.flatnonzero(usual.live)
    for rank, unit in enumerate(live[np.lexsort((-above[live], -share[live]))][:MOST]):
        yield _row("most", rank, unit, float(greatest[unit]), float(share[unit]), float(above[unit]), int(place[unit]))


def _grid(site: Site, raw: Tensor) -> tuple[int, ...]:
    """The map of this photograph, which is not the usual one where the network takes images as they come."""
    if len(site.grid) != 2:
        return site.grid
    rows, columns = blocks(site, raw).shape[1:3]
    return int(rows), int(columns)


def _at_places(grid: tuple[int, ...], responses: Float[np.ndarray, "unit place"], usual: Usual) -> Iterator[dict[str, Any]]:
    """At each of some places the units that respond most above their usual there."""
    places = _spread(grid, responses.shape[1])
    above = _above(responses[:, places].T, usual.place_mean, usual.place_sd)
    above[:, ~usual.live_at_places] = -np.inf
    for number, place in enumerate(places if responses.shape[1] > 1 else ()):
        for rank, unit in enumerate(np.argsort(-above[number], kind="stable")[:AT_A_PLACE]):
            if np.isfinite(above[number, unit]):
                yield _row("place", rank, unit, float(responses[unit, place]), float("nan"), float(above[number, unit]), int(place))


def _row(kind: str, rank: int, unit: Any, response: float, share: float, above: float, place: int) -> dict[str, Any]:
    return {"kind": kind, "rank": rank, "unit": int(unit), "response": response, "share": share, "above": above, "place": place}


def _above(responses: np.ndarray, mean: Float[np.ndarray, " unit"], sd: Float[np.ndarray, " unit"]) -> np.ndarray:
    return np.asarray((responses - mean) / np.where(sd > 0, sd, 1))


def _spread(grid: tuple[int, ...], places: int) -> list[int]:
    """Flat places, evenly spaced over the grid, at most `PLACES` along each side."""
    if len(grid) != 2:
        return list(range(places))[:: max(1, places // PLACES**2)]
    rows, columns = (evenly(range(side), PLACES) for side in grid)
    return [row * grid[1] + column for row in rows for column in columns]


def _where(site: Site, field: Field | None, place: int, grid: tuple[int, ...]) -> dict[str, int]:
    """Row and column of a place, and the box it sees; -1 where there is none, or none is known on a map of this size."""
    nowhere = dict.fromkeys(("row", "column", "top", "left", "bottom", "right"), -1)
    if field is None or not site.grid:
        return nowhere
    at = site.place_at(place, grid)
    row, column = (*at, -1, -1)[:2]
    if grid != site.grid and not field.regular:
        return {**nowhere, "row": row, "column": column}
    box = field.box(at)
    return {"row": row, "column": column, "top": box.top, "left": box.left, "bottom": box.bottom, "right": box.right}
