"""Sites and units: where activations are read, and what one channel of them is."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, overload

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.errors import AddressError
from optogram.network.address import placed, quoted

Layout = Literal["spatial", "channel_last", "tokens", "vector"]
Kind = Literal["convolution", "linear", "norm", "rectifier", "block", "head", "pool", "input", "output", "other"]


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the network where activations can be read.

    `grid` is the shape of its places at the network's usual input: (rows, columns) where spatial, (tokens,) for tokens, () for
    a vector. `multiple` counts windows: a windowed attention sees each photograph as that many batch rows. `overwritten` says
    that the network later writes into this tensor. `before` is the address of the pre-activation where the site is rectified;
    `affine` that of the layer whose weights make its units (its own, or the one that this site normalises).
    """

    address: str
    kind: Kind
    layout: Layout
    units: int
    grid: tuple[int, ...]
    order: int
    rectified: bool = False
    default: bool = False
    overwritten: bool = False
    before: str | None = None
    affine: str | None = None
    patch_grid: tuple[int, int] | None = None
    prefix: tuple[str, ...] = ()
    heads: int = 0
    batch_axis: int = 0
    multiple: int = 1
    labels: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The table's word for `grid`."""
        return self.grid

    @property
    def places_count(self) -> int:
        """How many neurons a unit has at the usual input size."""
        count = 1
        for side in self.grid:
            count *= side
        return count

    def places(self, tensor: Float[Tensor, "..."]) -> Float[Tensor, "batch unit place"]:
        """A raw activation as [batch, unit, place]; places row by row, tokens in order, one place for a vector."""
        if self.batch_axis == 1:
            tensor = tensor.transpose(0, 1)
        if self.layout == "vector":
            return tensor.unsqueeze(-1)
        if self.layout == "spatial":
            return tensor.flatten(2)
        batch = tensor.shape[0] // self.multiple
        return tensor.reshape(batch, -1, tensor.shape[-1]).transpose(1, 2)

    def grid_of(self, tensor: Float[Tensor, "..."]) -> tuple[int, ...]:
        """The shape of the places of a raw activation (other inputs have other grids)."""
        if self.layout == "vector":
            return ()
        if self.layout == "spatial":
            return tuple(tensor.shape[2:])
        if self.layout == "channel_last":
            return tuple(tensor.shape[1:-1])
        return (self.places(tensor).shape[-1],)

    def select(self, tensor: Float[Tensor, "..."], unit: Unit) -> Float[Tensor, "batch *grid"]:
        """One unit of a raw activation as [batch, *grid], or one neuron as [batch]."""
        flat = self.places(tensor)
        if unit.head:
            width = self.units // self.heads
            one: Tensor = torch.linalg.vector_norm(flat[:, unit.index * width : (unit.index + 1) * width], dim=1)
        else:
            one = flat[:, unit.index]
        if self.layout == "vector":
            return one[:, 0]
        if unit.place is None:
            return one.reshape(one.shape[0], *self.grid_of(tensor))
        return one[:, self.flat_place(unit.place, self.grid_of(tensor))]

    def flat_place(self, place: tuple[int, ...] | str, grid: tuple[int, ...] | None = None) -> int:
        """The number of a place, row by row; `AddressError` where the site has no such place."""
        grid = self.grid if grid is None else grid
        if isinstance(place, str):
            if place not in self.prefix:
                known = ", ".join("@" + name for name in self.prefix) or "none"
                raise AddressError(f'{self.address} has no token "@{place}" (named tokens: {known})')
            return self.prefix.index(place)
        if len(place) == 1 and len(grid) == 1 and place[0] < grid[0]:
            return place[0]
        if len(place) == 2 and len(grid) == 2 and place[0] < grid[0] and place[1] < grid[1]:
            return place[0] * grid[1] + place[1]
        if len(place) == 2 and self.patch_grid and place[0] < self.patch_grid[0] and place[1] < self.patch_grid[1]:
            return len(self.prefix) + place[0] * self.patch_grid[1] + place[1]
        raise AddressError(f"{self.address} has {self.describe_grid()}; there is no place {placed(place)}")

    def place_at(self, flat: int, grid: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """The place with that number: (row, column), (token,), or () for a vector."""
        grid = self.grid if grid is None else grid
        if len(grid) < 2:
            return (flat,) if grid else ()
        return divmod(flat, grid[1])

    def centre(self) -> tuple[int, ...]:
        """The place in the middle: where a neuron's field is least cut by the border."""
        if self.patch_grid:
            row, column = self.patch_grid[0] // 2, self.patch_grid[1] // 2
            return (len(self.prefix) + row * self.patch_grid[1] + column,)
        return tuple(side // 2 for side in self.grid)

    def describe_grid(self) -> str:
        """The places in words: `56x56 places`, `197 tokens`, `one place`."""
        if not self.grid:
            return "one place"
        return f"{self.grid[0]} tokens" if len(self.grid) == 1 else "x".join(map(str, self.grid)) + " places"


@dataclass(frozen=True, slots=True)
class Unit:
    """One channel of a site, or one neuron where `place` is given, or one attention head."""

    site: Site
    index: int
    place: tuple[int, ...] | str | None = None
    head: bool = False

    @property
    def label(self) -> str | None:
        """The class's name where the site's units are classes."""
        return self.site.labels[self.index] if self.site.labels else None

    @property
    def address(self) -> str:
        """The canonical address, with an index."""
        return f"{self.site.address}:{'h' if self.head else ''}{self.index}{placed(self.place)}"

    def __str__(self) -> str:
        return f"{self.site.address}:{quoted(self.label)}{placed(self.place)}" if self.label else self.address


class SiteTable(Sequence[Site]):
    """The sites in the order in which the network computes them; prints as a table.

    `fields` gives the receptive fields as text, by address; it is called once, when the table is first shown, as measuring
    takes some forward passes.
    """

    def __init__(self, sites: Sequence[Site], fields: Callable[[], dict[str, str]] | None = None) -> None:
        self._sites = tuple(sites)
        self._fields = fields

    @overload
    def __getitem__(self, index: int) -> Site: ...
    @overload
    def __getitem__(self, index: slice) -> SiteTable: ...
    def __getitem__(self, index: int | slice) -> Site | SiteTable:
        """A site by its number, or a part of the table."""
        return self._sites[index] if isinstance(index, int) else SiteTable(self._sites[index], self._fields)

    def __len__(self) -> int:
        return len(self._sites)

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites)

    def addresses(self) -> list[str]:
        """Every address in order."""
        return [site.address for site in self._sites]

    @property
    def largest_bytes(self) -> int:
        """What the largest activation of one image takes in float32, at the usual input size."""
        return max(4 * site.units * site.places_count for site in self._sites)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Address, kind, units, shape and receptive field of each site, as text."""
        fields = self._fields() if self._fields else {}
        return [
            (site.address, site.kind, str(site.units), "x".join(map(str, site.grid)) or "-", fields.get(site.address, "")) for site in self._sites
        ]

    def __str__(self) -> str:
        rows = [("site", "kind", "units", "shape", "receptive field"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)

    __repr__ = __str__

    def as_html(self, strips: Mapping[str, str] | None = None) -> str:
        """The table, where there are `strips` (`pictured.py`) with a row of small pictures of units beside each site."""
        head = "".join(f"<th>{name}</th>" for name in ("site", "kind", "units", "shape", "receptive field", *(["first units"] if strips else [])))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + _strip(row[0], strips) + "</tr>" for row in self.rows())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _repr_html_(self) -> str:
        return self.as_html()


def _strip(address: str, strips: Mapping[str, str] | None) -> str:
    if not strips:
        return ""
    told = html.escape(f"the first units of {address}", quote=True)
    return f'<td><img alt="{told}" src="{strips[address]}"></td>' if address in strips else "<td></td>"
