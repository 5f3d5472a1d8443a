"""Small pictures beside a network's sites, from the moment that an atlas of it is opened."""

from __future__ import annotations

import base64
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.atlas.conftest import small

from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.strips import SIDE, UNITS, strips
from optogram.network import pictured


def test_a_network_shows_its_units_once_an_atlas_of_it_is_open(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictured, "_KNOWN", {})
    net = small()
    assert "<img" not in net._repr_html_()
    open_atlas(atlas.path)
    page = net._repr_html_()
    assert re.findall(r'alt="the first units of ([^"]+)"', page) == [site.address for site in atlas.networks[0].sites]
    assert "<th>first units</th>" in page
    other = small()
    other.module[0].weight.data[0] += 1  # type: ignore[index, operator, union-attr]
    assert "<img" not in other._repr_html_(), "of other weights"
    assert "<img" not in net.sites()[:1]._repr_html_()


def test_the_pictures_are_the_first_cells_of_the_atlas(atlas: Atlas, tmp_path: Path) -> None:
    found = strips(atlas.path, atlas.networks[0])
    for site in atlas.networks[0].sites:
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[site.address].partition(",")[2]))))
        sheet = next(s for view in ("synthesised", "weights", "strongest") for s in site.sprites if s.view == view and s.size == SIDE)
        with Image.open(atlas.path / sheet.sheets[0].path) as whole:
            count = min(UNITS, site.units)
            assert np.array_equal(shown, np.asarray(whole.convert("RGB"))[:SIDE, : SIDE * count])
    copy = Path(shutil.copytree(atlas.path, tmp_path / "copy"))
    for path in copy.rglob("*.webp"):
        path.unlink()
    assert strips(copy, atlas.networks[0]) == {}, "files that are gone"


def test_an_atlas_shows_its_contact_sheet(atlas: Atlas) -> None:
    page = atlas._repr_html_()
    assert page.startswith(f"<p>{atlas.path}/  small#1, 3 sites")
    assert page.count("<img") == 1
    assert min(atlas.figure().size) > 200
