"""What one photograph drives: at each site its most driven neurons, and at some places the units most above their usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.atlas.tables import schemas
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


def seen(
    network: Network, sites: Sequence[Site], fields: dict[str, Field], panel: Panel, image: Float[Tensor, "1 channel height width"]
) -> dict[str, list[Any]]:
    """The columns of `schemas()["seen"]` for one photograph in the input frame; one forward pass."""
    rows: list[dict[str, Any]] = []
    with torch.no_grad(), network.tap(*(site.address for site in sites)) as taps:
        network.run(image, "input")
        maps = {site.address: site.places(taps[site.address])[0].float().cpu().numpy() for site in sites}
        grids = {site.address: _grid(site, taps[site.address]) for site in sites}
    for site in sites:
        responses, grid = maps[site.address], grids[site.address]
        found = (*_most(responses, panel.greatest(site.address)), *_at_places(grid, responses, panel.probes(site.address)))
        rows += [{"site": site.address, **row, **_where(site, fields.get(site.address), row["place"], grid)} for row in found]
    return {name: [row[name] for row in rows] for name in schemas()["seen"].names}


def _most(responses: Float[np.ndarray, "unit place"], panel: Float[np.ndarray, "photo unit"]) -> Iterator[dict[str, Any]]:
    """The neurons whose response exceeds the greatest ones of most of the panel; equal ones by how far above the panel's mean."""
    greatest, place = responses.max(axis=1), responses.argmax(axis=1)
    share = (panel < greatest).mean(axis=0)
    above = _above(greatest, panel)
    live = np.flatnonzero(panel.max(axis=0) > panel.min(axis=0))
    for rank, unit in enumerate(live[np.lexsort((-above[live], -share[live]))][:MOST]):
        yield _row("most", rank, unit, float(greatest[unit]), float(share[unit]), float(above[unit]), int(place[unit]))


def _grid(site: Site, raw: Tensor) -> tuple[int, ...]:
    """The map of this photograph, which is not the usual one where the network takes images as they come."""
    if len(site.grid) != 2:
        return site.grid
    rows, columns = blocks(site, raw).shape[1:3]
    return int(rows), int(columns)


def _at_places(
    grid: tuple[int, ...], responses: Float[np.ndarray, "unit place"], probes: Float[np.ndarray, "photo probe unit"]
) -> Iterator[dict[str, Any]]:
    """At each of some places the units that respond most above their usual there."""
    usual = probes.reshape(-1, probes.shape[-1])
    places = _spread(grid, responses.shape[1])
    above = _above(responses[:, places].T, usual)
    above[:, usual.max(axis=0) <= usual.min(axis=0)] = -np.inf
    for number, place in enumerate(places if responses.shape[1] > 1 else ()):
        for rank, unit in enumerate(np.argsort(-above[number], kind="stable")[:AT_A_PLACE]):
            if np.isfinite(above[number, unit]):
                yield _row("place", rank, unit, float(responses[unit, place]), float("nan"), float(above[number, unit]), int(place))


def _row(kind: str, rank: int, unit: Any, response: float, share: float, above: float, place: int) -> dict[str, Any]:
    return {"kind": kind, "rank": rank, "unit": int(unit), "response": response, "share": share, "above": above, "place": place}


def _above(responses: np.ndarray, usual: Float[np.ndarray, "draw unit"]) -> np.ndarray:
    spread = usual.std(axis=0)
    return np.asarray((responses - usual.mean(axis=0)) / np.where(spread > 0, spread, 1))


def _spread(grid: tuple[int, ...], places: int) -> list[int]:
    """Flat places, evenly spaced over the grid, at most `PLACES` along each side."""
    if len(grid) != 2:
        return list(range(places))[:: max(1, places // PLACES**2)]
    rows, columns = (sorted({int(place) for place in np.linspace(0, side - 1, min(side, PLACES)).round()}) for side in grid)
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
