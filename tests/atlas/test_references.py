"""Photographs of either half, for the quiz: against the sweep's own lists, pixel by pixel, and cheap."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import optogram as og
from optogram.atlas import site_files
from optogram.atlas.excerpt import excerpt
from optogram.atlas.folder import Folder
from optogram.atlas.frames import Frames
from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.plates import CELL, patches
from optogram.evenly import evenly
from optogram.exemplars.result import Sweep

SITE = "2"


@pytest.fixture(scope="module")
def swept(network: og.Network, photos: og.Photos) -> Sweep:
    return og.sweep(network, photos, sites=[SITE], k=3, panel=30, progress=False)


def cell_of(atlas: Atlas, row: dict[str, object], plates: dict[int, dict[str, int]], columns: int) -> np.ndarray:
    """The pixels that a row of references names, read as the page reads them."""
    site, unit, cell = atlas.site(SITE), plates[int(str(row["unit"]))], int(str(row["cell"]))
    kind, place = ("references", row) if row["length"] else ("plates", {name: unit[f"plate_{name}"] for name in ("pack", "offset", "length")})
    with (atlas.path / site.packs[kind][int(str(place["pack"]))].path).open("rb") as file:
        file.seek(int(str(place["offset"])))
        sheet = np.asarray(Image.open(io.BytesIO(file.read(int(str(place["length"]))))).convert("RGB"), float)
    down, across = divmod(cell, 9 if kind == "references" else columns)
    return sheet[down * CELL : (down + 1) * CELL, across * CELL : (across + 1) * CELL]


def test_each_half_has_its_own_strongest_and_weakest(atlas: Atlas, swept: Sweep, network: og.Network, photos: og.Photos) -> None:
    rows = atlas.table(SITE, "references").to_pylist()
    plates = {row["unit"]: row for row in atlas.table(SITE).to_pylist()}
    living = [unit for unit, row in plates.items() if not row["dead"]]
    assert sorted({row["unit"] for row in rows}) == sorted(living)  # fewer than are asked for: all of them
    frames, looked = Frames(network, photos), 0
    for unit in living:
        for kind in ("top", "bottom"):
            for fold in (0, 1):
                found = [row for row in rows if (row["unit"], row["kind"], row["fold"]) == (unit, kind, fold)]
                expected = swept.exemplars(f"{SITE}:{unit}", kind, 3, fold)  # type: ignore[arg-type]
                assert [row["photo"] for row in found] == [one.image for one in expected]
                assert [row["activation"] for row in found] == pytest.approx([one.activation for one in expected], rel=1e-4)
                for row, one in list(zip(found, expected, strict=True))[:: 3 if unit % 5 else 1]:
                    drawn = cell_of(atlas, row, plates, atlas.site(SITE).plate_columns)
                    assert np.abs(drawn - patches(frames, [one], CELL)[0]).mean() < 12  # JPEG of noise
                    looked += 1
    assert looked > 80


def test_what_a_plate_holds_is_not_kept_twice(atlas: Atlas) -> None:
    rows = atlas.table(SITE, "references").to_pylist()
    shared = [row for row in rows if row["pack"] == -1]
    assert len(shared) >= 6 * len({row["unit"] for row in rows})  # the plate's strongest and weakest are among the halves'
    sheets = {(row["unit"], row["cell"]) for row in rows if row["pack"] >= 0}
    assert 0 < len(sheets) <= len(rows) - len(shared)


def test_an_excerpt_brings_its_references(atlas: Atlas, tmp_path: Path) -> None:
    excerpt(atlas, tmp_path, [f"{SITE}:3", f"{SITE}:7"])
    part = open_atlas(tmp_path)
    assert part.missing() == []
    before, after = ([row for row in one.table(SITE, "references").to_pylist() if row["unit"] in (3, 7)] for one in (atlas, part))
    assert len(after) == len(before) == 24
    plates = [{row["unit"]: row for row in one.table(SITE).to_pylist()} for one in (atlas, part)]
    for old, new in zip(before, after, strict=True):
        there, here = (cell_of(one, row, rows, one.site(SITE).plate_columns) for one, row, rows in ((atlas, old, plates[0]), (part, new, plates[1])))
        assert np.array_equal(there, here)


def test_exemplars_of_many_units_lie_in_tables_that_a_page_reads_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swept: Sweep, atlas: Atlas, network: og.Network, photos: og.Photos
) -> None:
    monkeypatch.setattr(site_files, "EXEMPLARS_EACH", 8)
    site = network.site(SITE)
    known = site_files.Known(site, 0, None, swept, site_files.NONE, None, None, 3)
    entry = site_files.write_site(Folder(tmp_path), "small", known, Frames(network, photos))
    exemplars = entry.parts("exemplars")
    assert (len(exemplars), entry.exemplars_each) == (3, 8)
    units = pq.read_table(tmp_path / entry.units_file.path).to_pylist()
    for row in units:
        if not row["dead"]:
            part = pq.read_table(tmp_path / exemplars[row["cell"] // 8].path, columns=["unit", "photo", "kind", "rank"]).to_pylist()
            found = [one["photo"] for one in part if (one["unit"], one["kind"]) == (row["unit"], "top")]
            assert found == [one.image for one in swept.exemplars(f"{SITE}:{row['unit']}", "top", 3)]


def test_some_of_many_are_evenly_spaced_and_no_more_than_asked() -> None:
    assert evenly([3, 1, 2], 5) == [3, 1, 2]
    assert evenly(range(101), 5) == [0, 25, 50, 75, 100]
    assert evenly([], 4) == []
    assert len(evenly(range(1280), 48)) == 48
