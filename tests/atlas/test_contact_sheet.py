"""The sheet shows what the atlas's own files hold: cells are found on it again, pixel by pixel."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from optogram.atlas import contact_sheet as module
from optogram.atlas.contact_sheet import EMPTY, PHOTOGRAPHS, contact_sheet, scenes_first
from optogram.atlas.open import Atlas
from optogram.atlas.schema import SiteEntry


@pytest.fixture
def drawn(atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is put on the sheet, caught on its way."""
    from optogram.drawing import sheet

    caught: dict[str, Any] = {}
    grid = sheet.grid

    def watched(pictures: list[Image.Image], **options: Any) -> Image.Image:
        caught.update(options, pictures=pictures)
        return grid(pictures, **options)

    monkeypatch.setattr(sheet, "grid", watched)
    caught["path"] = module.contact_sheet(atlas, tmp_path / "sheet.png")
    return caught


def pack(atlas: Atlas, site: SiteEntry, kind: str, row: dict[str, Any]) -> np.ndarray:
    name = kind.removesuffix("s")
    content = (atlas.path / site.packs[kind][row[f"{name}_pack"]].path).read_bytes()
    start = row[f"{name}_offset"]
    return np.asarray(Image.open(io.BytesIO(content[start : start + row[f"{name}_length"]])).convert("RGB"))


def test_each_site_with_places_shows_its_first_and_its_last_tested_unit(atlas: Atlas, drawn: dict[str, Any]) -> None:
    expected = []
    for address in ("0", "2"):
        rows = [row for row in atlas.table(address).to_pylist() if row["verdict"] != "not tested" and not row["dead"]]
        expected += [f"{address}:{row['unit']}  {row['verdict']}" for row in (rows[0], rows[-1])]
    assert drawn["labels"] == expected
    assert all("not tested" not in label for label in expected)
    assert "48 photographs, 2 untrained twins. Salmon" in drawn["note"]


def test_a_row_holds_strongest_photographs_picture_and_weights(atlas: Atlas, drawn: dict[str, Any]) -> None:
    heads = drawn["heads"]
    assert heads == ["strongest", "", "", "", "", "optimised", "weights"]
    assert len(drawn["pictures"]) == 4 * len(heads)
    for number, address in enumerate(("0", "0", "2", "2")):
        site = atlas.site(address)
        unit = int(drawn["labels"][number].split()[0].rpartition(":")[2])
        row = next(row for row in atlas.table(address).to_pylist() if row["unit"] == unit)
        cells = drawn["pictures"][number * len(heads) : (number + 1) * len(heads)]
        plate = pack(atlas, site, "plates", row)
        for rank in range(PHOTOGRAPHS):
            if rank < site.plate_columns:
                side = site.plate_cell
                assert np.array_equal(np.asarray(cells[rank]), plate[:side, rank * side : (rank + 1) * side])
            else:
                assert cells[rank] is EMPTY
        if row["picture_length"]:
            assert np.array_equal(np.asarray(cells[PHOTOGRAPHS]), pack(atlas, site, "pictures", row))
        else:
            assert cells[PHOTOGRAPHS] is EMPTY
        assert (cells[-1] is EMPTY) == (address == "2"), "only the first site's weights form an image"


def test_the_weights_cell_is_the_units_own(atlas: Atlas, network: Any, drawn: dict[str, Any]) -> None:
    import optogram as og
    from optogram.weights.weight_images import pictures_of

    truth = pictures_of(og.weight_images(network, "0"))
    for number in range(2):
        unit = int(drawn["labels"][number].split()[0].rpartition(":")[2])
        cell = np.asarray(drawn["pictures"][number * 7 + 6]).astype(float)
        small = np.asarray(Image.fromarray(cell.astype(np.uint8)).resize((3, 3), Image.Resampling.BOX)).astype(float)
        apart = [np.abs(small - np.asarray(picture).astype(float)).mean() for picture in truth]
        assert int(np.argmin(apart)) == unit


def test_the_file_is_a_picture_written_whole(atlas: Atlas, drawn: dict[str, Any], tmp_path: Path) -> None:
    with Image.open(drawn["path"]) as sheet:
        assert sheet.format == "PNG"
        assert min(sheet.size) > 300
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    again = contact_sheet(atlas, tmp_path / "again.png")
    assert again.read_bytes() == drawn["path"].read_bytes()


def test_each_scene_is_shown_once_before_one_is_shown_again() -> None:
    names = ["cup#3", "cup#1", "eye#0", "cup#2", "rocket.jpg", "eye#9"]
    tops = [{"photo": name, "rank": rank, "cell": 10 + rank} for rank, name in enumerate(names)]
    assert scenes_first(tops[::-1]) == [10, 12, 14, 11, 13, 15]
    assert scenes_first([]) == []
