"""Photographs that exemplars were cut from, kept whole so that a page can show the patch in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PIL import Image

from optogram.atlas.folder import Folder
from optogram.atlas.frames import Frames
from optogram.atlas.packs import write_packs
from optogram.atlas.schema import SiteEntry, Whole
from optogram.atlas.sprites import webp
from optogram.atlas.tables import schemas

if TYPE_CHECKING:
    import numpy as np

SIDE = 192
"""Pixels of the longer side; boxes are in the input frame and scaled by the page."""

TOGETHER = 64
"""Photographs a pack: about 5 kB each."""


def whole_photographs(folder: Folder, sites: Iterable[SiteEntry], frames: Frames, most: int, first: Sequence[str] = ()) -> Whole | None:
    """Packs of the photographs behind the exemplars of these sites, the strongest exemplars' after those named `first`, at most `most`."""
    asked = [*first, *(identity for identity in wanted(folder, sites) if identity not in set(first))]
    kept = asked[:most]
    if not kept:
        return None
    files, places = write_packs(folder, "data/photographs", "whole", (_picture(frames[identity]) for identity in kept), TOGETHER)
    sizes = [frames.size(identity) for identity in kept]
    columns = {
        "photo": kept,
        **{name: [getattr(place, name) for place in places] for name in ("pack", "offset", "length")},
        "height": [height for height, _ in sizes],
        "width": [width for _, width in sizes],
    }
    return Whole(index=folder.table("data/photographs", "whole", columns, schemas()["whole"]), packs=files, kept=len(kept), count=len(asked))


def wanted(folder: Folder, sites: Iterable[SiteEntry]) -> list[str]:
    """Identities by how much they are asked for: the first of the strongest before the second, and those before all other lists; ties by name."""
    import pyarrow.parquet as pq

    urgency: dict[str, int] = {}
    for site, file in ((entry, file) for entry in sites for file in entry.parts("exemplars")):
        table = pq.read_table(folder.root / file.path, columns=["photo", "kind", "rank"])
        for photo, kind, rank in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
            urgency[photo] = min(urgency.get(photo, 1 << 30), rank if kind == "top" else site.plate_columns + rank)
    return sorted(urgency, key=lambda identity: (urgency[identity], identity))


def _picture(frame: np.ndarray) -> bytes:
    image = Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame).convert("RGB")
    image.thumbnail((SIDE, SIDE))
    return webp(image)
