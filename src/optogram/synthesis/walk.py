"""A walk through a network, layer by layer: one picture a site, all from one start, in the order of the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from optogram.errors import SettingError
from optogram.network.network import Network
from optogram.synthesis.canvases._given import Picture
from optogram.synthesis.objectives._objective import Objective
from optogram.synthesis.objectives.inversion import inversion
from optogram.synthesis.objectives.site import site as squares

Make = Callable[[Network, str, Picture], Objective]


def walk(net: Network, image: Picture | None = None, sites: Sequence[str] | None = None, objective: Make = inversion) -> list[Objective]:
    """One objective a site: with a photograph what `objective` makes of it (`inversion` or `caricature`), without one all that the site does.

    `sites`: addresses, by default every default site that has places, from the first to the last. For
    `og.synthesize(net, walk(net, "cat.jpg"), transforms=()).tour("walk.webp")`.
    """
    found = [net.site(address) for address in sites] if sites else [site for site in net.sites() if site.layout != "vector" and site.kind != "input"]
    if not found:
        raise SettingError(f"{net.name} has no site with places to walk along; name some in sites=[...]")
    goals = [squares(site) if image is None else objective(net, site.address, image) for site in sorted(found, key=lambda site: site.order)]
    return [replace(goal, start="walk") for goal in goals]
