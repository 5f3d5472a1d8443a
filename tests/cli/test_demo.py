"""`optogram demo`, small: an atlas, three findings, what 17 photographs cannot show, a sheet, and the command to look."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from optogram.atlas.open import open_atlas
from optogram.cli._app import run


@pytest.mark.slow
def test_the_demo_tells_what_it_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("skimage")
    assert run(["demo", "-o", str(tmp_path / "demo"), "--crops", "200", "--twins", "2"]) == 0
    out, err = capsys.readouterr()
    assert [part for part in range(1, 7) if f"[{part}/6]" in err] == [1, 2, 3, 4, 5, 6]
    assert "zoo:photonet   4 convolutions, 288 units, 2 heads" in out
    assert "images    200 crops" in out
    assert "What it found" in out
    assert "the same rules, applied to" in out
    assert "What 17 photographs cannot show" in out
    assert f"optogram serve {tmp_path / 'demo'}" in out
    atlas = open_atlas(tmp_path / "demo")
    assert sum(site.units for site in atlas.networks[0].sites if site.grid) == 288
    assert atlas.missing() == []
    with Image.open(tmp_path / "demo" / "contact-sheet.png") as sheet:
        assert min(sheet.size) > 300
