"""Attribution on exemplars: what it is about a unit's strongest patches that drives it, as numbers the page colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from optogram.atlas.frames import shown
from optogram.atlas.gallery import as_image, at_rest, quantised
from optogram.atlas.packs import write_packs
from optogram.errors import OptogramError
from optogram.evenly import evenly

if TYPE_CHECKING:
    from optogram.atlas.folder import Folder
    from optogram.atlas.frames import Frames
    from optogram.atlas.plates import Shown
    from optogram.atlas.schema import File
    from optogram.geometry import Box
    from optogram.network.network import Network
    from optogram.network.site import Site

EXEMPLARS = 3
"""Strongest exemplars that get a map."""
UNITS = 64
"""Units a site, evenly spaced over the order by evidence."""
LARGEST = 32
"""Pixels of a map's longer side."""
PACKED = 256
"""Maps a pack, about 1 kB each."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One exemplar's map: signed bytes [row, column], 127 for `limit`."""

    content: bytes
    rows: int
    columns: int
    limit: float


def mapped(
    network: Network, site: Site, units: Sequence[Sequence[Shown]], frames: Frames, methods: Sequence[str], most: int = UNITS
) -> tuple[str | None, dict[tuple[int, int], Mapped]]:
    """The first of the methods that is defined here, and maps by unit and rank of the strongest exemplars; nothing where none is.

    `units`: each one's exemplars, in the order by evidence. Cost: a few passes a unit.
    """
    from optogram.attribution._attribute import attribute

    still = at_rest(network)
    chosen = evenly([cells for cells in units if cells], most)
    for method in methods:
        found: dict[tuple[int, int], Mapped] = {}
        try:
            for cells in chosen:
                top = [one for one in cells if one.kind == "top"][:EXEMPLARS]
                images = [as_image(frames[one.exemplar.image])[0] for one in top]
                values = attribute(still, images, f"{site.address}:{top[0].unit}", method, progress=False).values
                for one, whole in zip(top, values, strict=True):
                    found[one.unit, one.rank] = _cut(np.asarray(whole).sum(axis=0), one.exemplar.input_box)
        except OptogramError:
            continue  # not defined for this network; its refusal is the method's own
        return (method, found) if found else (None, {})
    return None, {}


def _cut(values: Float[np.ndarray, "height width"], box: Box) -> Mapped:
    """The part of the map that the neuron sees, as its patch is shown: nothing beyond the image's border."""
    seen = shown(box, *values.shape)
    inside = seen.within(*values.shape)
    part = np.zeros((seen.height, seen.width))
    part[inside.top - seen.top : inside.bottom - seen.top, inside.left - seen.left : inside.right - seen.left] = values[
        inside.top : inside.bottom, inside.left : inside.right
    ]
    small, limit = quantised(part, LARGEST)
    return Mapped(small.tobytes(), small.shape[0], small.shape[1], limit)


def in_order(found: Mapping[tuple[int, int], Mapped], units: Sequence[Sequence[Shown]]) -> list[tuple[int, int]]:
    """The keys in the order of the plates, so that a unit's maps lie together."""
    return [key for cells in units for one in cells if one.kind == "top" and (key := (one.unit, one.rank)) in found]


def write_maps(
    folder: Folder, directory: str, found: Mapping[tuple[int, int], Mapped], units: Sequence[Sequence[Shown]]
) -> tuple[list[File], dict[tuple[int, int], dict[str, Any]]]:
    """Writes the packs; gives each map's columns in the exemplar table."""
    order = in_order(found, units)
    files, places = write_packs(folder, directory, "maps", (found[key].content for key in order), PACKED)
    return files, {
        key: {
            "map_pack": place.pack,
            "map_offset": place.offset,
            "map_rows": found[key].rows,
            "map_columns": found[key].columns,
            "map_limit": found[key].limit,
        }
        for key, place in zip(order, places, strict=True)
    }
