"""What a long command says while it works: a line a stage, under the number of its part, and at the end how long it took."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.cli._app import run
from optogram.cli._stages import Stages
from optogram.cli._story import lasted
from optogram.progress import numbered


def test_a_stage_leaves_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Stages() as stages:
        for stage, done in [("sweep", 0), ("sweep", 0), ("sweep", 3), ("sweep", 6), ("pages", 0), ("pages", 6), ("pages", 0), ("pages", 6)]:
            numbered(stages, 2, 5)(stage, done, 6)  # type: ignore[operator]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:3] for line in lines] == [["[2/5]", stage, "━" * 20] for stage in ("sweep", "pages", "pages")]


def test_a_bar_and_silence_have_no_numbers() -> None:
    assert numbered(True, 1, 5) is True
    assert numbered(False, 1, 5) is False


@pytest.mark.parametrize(("seconds", "told"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (101, "1 min 41 s"), (7260, "2 h 1 min")])
def test_how_long_it_took_is_told_as_people_say_it(seconds: float, told: str) -> None:
    assert lasted(seconds) == told


def test_an_atlas_says_what_it_looks_at_which_part_it_is_at_and_how_long_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (4, 70, 70, 3), np.uint8)):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    words = ["atlas", "zoo:photonet", str(tmp_path / "photos"), "-o", str(tmp_path / "atlas"), "--site", "conv1"]
    assert run([*words, "--twins", "0", "--pictures", "none"]) == 0
    out, err = capsys.readouterr()
    assert "network   zoo:photonet   1 site, 32 units, 2 heads" in out
    assert "images    4 photographs of" in out
    assert out.splitlines()[-2].startswith("Atlas ")
    assert out.splitlines()[-2].endswith(" s")
    assert [line.split()[:2] for line in err.splitlines()] == [["[1/3]", "sweep"], ["[2/3]", "pages"], ["[3/3]", "attribution"]]
