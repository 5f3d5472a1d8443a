"""How large the maps of each site were, so that a place can be told by row and column whatever the size of the photograph."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from optogram.network.site import Site


class Grids:
    """The largest map seen of each site; `of` gives the grid that flat places count on."""

    def __init__(self, seen: dict[str, tuple[int, int]] | None = None) -> None:
        self.seen = dict(seen or {})

    def see(self, site: Site, maps: Float[Tensor, "batch row column unit"]) -> None:
        """Takes note of one activation's map."""
        rows, columns = self.seen.get(site.address, (0, 0))
        self.seen[site.address] = max(rows, maps.shape[1]), max(columns, maps.shape[2])

    def of(self, site: Site) -> tuple[int, ...]:
        """(rows, columns), (tokens,) or ()."""
        if site.address not in self.seen or not site.grid:
            return site.grid
        rows, columns = self.seen[site.address]
        return (rows, columns) if len(site.grid) == 2 else (columns,)
