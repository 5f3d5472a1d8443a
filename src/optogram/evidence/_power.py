"""The power table: before anything is run, what could be found with so many photographs, units and twins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optogram.evidence._twin_kinds import kinds_of
from optogram.statistics.power import Power, plan

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network

PANEL = 1000
"""Photographs that a sweep keeps on its panel, where there are as many."""
HEADING = (
    f"{'site':<28} {'units':>5} {'photographs':>11} {'twins':>5}  what has a chance of 80 % to be found at q .05, alone (and if all units are alike)"
)


def power_table(network: Network, photos: Photos, sites: Sequence[str] | None = None, twins: int = 39, level: float = 0.05) -> dict[str, Power]:
    """By site, the power of `judge` with these photographs (each is held out once), all the site's units, and so many twins; nothing is run.

    Sites of one unit are left out: they have no wrong picture.
    """
    chosen = [network.site(address) for address in sites] if sites is not None else list(network.sites())
    count = min(len(photos), PANEL)
    kinds = len({*kinds_of(None, twins, level)})
    return {site.address: plan(count, site.units, twins, level=level, kinds=kinds) for site in chosen if site.units > 1}


def power_lines(table: dict[str, Power]) -> list[str]:
    """One line a site: rates of line-ups won, and distances from twins in their standard deviations; what no twin count allows is said."""
    return [HEADING, *(f"{site:<28} {one.units:>5} {one.photographs:>11} {one.twins:>5}  {_said(one)}" for site, one in table.items())]


def _said(one: Power) -> str:
    size = min(32, one.units)
    rates = f"{one.rate:.2f} ({one.rate_together:.2f}) of line-ups of {size} won"
    gate = f"a family {one.gate:.1f} deviations above its twins'" if one.gate < float("inf") else f"no family: {one.twins} twins are too few"
    alone = f"{one.unit:.1f}" if one.unit < float("inf") else "none"
    together = f"{one.unit_together:.1f}" if one.unit_together < float("inf") else "none"
    return f"{rates}; {gate}; a unit {alone} ({together}) above twins' units"
