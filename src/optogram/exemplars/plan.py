"""Which sites a sweep reads, where each of their lists comes from, and which columns of the big arrays are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optogram.errors import InputError, SettingError
from optogram.memory import rows_that_stay
from optogram.network.network import Network
from optogram.network.site import Site

MOST_ROWS = 32


@dataclass(frozen=True, slots=True)
class Planned:
    """One site of a sweep. `before` is its pre-activation where it is rectified and has one; `columns` are its units' columns."""

    site: Site
    before: Site | None
    first: int

    @property
    def columns(self) -> slice:
        """Where its units are in arrays that hold the units of all sites."""
        return slice(self.first, self.first + self.site.units)


@dataclass(frozen=True, slots=True)
class Plan:
    """The sites of a sweep in the order in which they are computed."""

    entries: tuple[Planned, ...]

    @property
    def units(self) -> int:
        """The units of all sites together."""
        return sum(entry.site.units for entry in self.entries)

    @property
    def deepest(self) -> str:
        """The address at which a pass may end."""
        read = [site for entry in self.entries for site in (entry.site, entry.before) if site is not None]
        return max(read, key=lambda site: site.order).address

    def owner(self, column: int) -> str:
        """The address of the unit in that column."""
        for entry in self.entries:
            if column < entry.first + entry.site.units:
                return f"{entry.site.address}:{column - entry.first}"
        raise IndexError(column)

    def panel_bytes(self, probes: int) -> int:
        """Memory that one photograph of the panel takes."""
        each = sum(entry.site.units * (12 + 4 * min(probes, entry.site.places_count) + (8 if entry.before else 0)) for entry in self.entries)
        return each + 4 * probes * len(self.entries)


def fitting_rows(network: Network) -> int:
    """How many photographs go through the network at once: 32, on a processor no more than the allocator serves well (`memory.py`)."""
    if network.device.type != "cpu":
        return MOST_ROWS
    return rows_that_stay(network.sites(default=False).largest_bytes, MOST_ROWS)


def plan(network: Network, sites: Sequence[str | Site] | str | Site | None) -> Plan:
    """The sites asked for, by default `network.sites()`, once each; at rectified ones the pre-activation beside them.

    Raises `AddressError` for an unknown site, `SettingError` for none asked for, `InputError` where the network has none.
    """
    sites = [sites] if isinstance(sites, str | Site) else sites
    chosen = list(network.sites()) if sites is None else [network.site(site if isinstance(site, str) else site.address) for site in sites]
    chosen = sorted({site.address: site for site in chosen}.values(), key=lambda site: site.order)
    if not chosen and sites is None:
        raise InputError(
            f"{network.name} has no site to read: its layers are hidden, as where torch.jit compiled as a whole, or none returns a tensor. "
            "Give the torch.nn.Module that it was made from"
        )
    if not chosen:
        raise SettingError("a sweep reads at least one site; got sites=[]. sites=None reads the default ones")
    entries, first = [], 0
    for site in chosen:
        before = network.site(site.before) if site.rectified and site.before else None
        entries.append(Planned(site, before, first))
        first += site.units
    return Plan(tuple(entries))
