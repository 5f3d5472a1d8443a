"""`optogram evidence`: rows as JSON, families as lines, and refusals before the long work."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Type, one_line

from optogram.exemplars.collector import Collector

LINE = ["evidence", "net.py:two", "photos", "--site", "0", "--twins", "2"]

TWO = """
import torch
from torch import nn
def two():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 5, 5, stride=2), nn.ReLU(), nn.Conv2d(5, 2, 3))
    net[0].weight.data[3], net[0].bias.data[3] = 0, 1
    return net
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Coarse noise, so that there is something to tell apart; unit 3 is constant."""
    (tmp_path / "net.py").write_text(TWO)
    (tmp_path / "photos").mkdir()
    coarse = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), dtype=np.uint8).repeat(6, axis=1).repeat(6, axis=2)
    for number, pixels in enumerate(coarse):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number:02d}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_has_every_row_and_null_where_nothing_was_tested(typed: Type, place: Path) -> None:
    found = typed(*LINE, "--json", "-o", "families.png")
    assert (found.code, found.err) == (0, "")
    rows = found.json
    assert {row["unit"] for row in rows} == {f"0:{unit}" for unit in range(5)}
    for row in rows:
        if row["unit"] == "0:3":
            assert row["verdict"] == "not tested"
            assert row["effect"] is row["p"] is row["q"] is None
        else:
            assert 0 < row["floor"] <= row["p"] <= row["q"] <= 1
            assert row["low"] <= row["effect"] <= row["high"]
    with Image.open(place / "families.png") as drawn:
        assert drawn.format == "PNG"
    verdicts = Counter({row["unit"]: row["verdict"] for row in rows if row["claim"] == "identification"}.values())
    lines = typed(*LINE).out.splitlines()
    told = next(line for line in lines if line.split()[:2] == ["0", "identification"])
    assert all(f"{count} {word}" in told for word, count in verdicts.items())
    word = verdicts.most_common(1)[0][0]
    shown = typed(*LINE, "--verdict", word).out.splitlines()
    assert {line.split()[0] for line in shown} >= {row["unit"] for row in rows if row["verdict"] == word and row["claim"] == "identification"}


def test_claims_about_pictures_are_made_with_the_steps_and_twins_asked_for(typed: Type, place: Path) -> None:
    asked = ["--claim", "reached", "--claim", "identification-by-picture", "--pictures", "8", "--steps", "2", "--twin-kind", "shuffle"]
    found = typed(*LINE, *asked, "--json")
    assert found.code == 0, found.err
    rows = found.json
    assert {row["claim"] for row in rows} == {"reached", "identification_by_picture"}
    tested = {row["unit"] for row in rows if row["claim"] == "reached" and row["null"] == "photographs" and row["p"] is not None}
    assert tested == {"0:0", "0:1", "0:2", "0:4"}, "the constant unit has no picture"
    assert typed(*LINE, *asked[:2], "--unit", "0:1", "--steps", "2").code == 1, "too few to tell apart"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--verdict", "salmn"], 'no verdict "salmn". Nearest: salmon'),
        (["--viewer", "resnet18"], "did you mean torchvision:resnet18"),
        (["--viewer", "net.py:two"], "cannot be its own viewer"),
        (["--site", "9"], 'no site "9"'),
        (["-o", "families.unknown"], "Type -o families.png"),
    ],
)
def test_what_is_misspelt_is_told_before_any_work(typed: Type, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str) -> None:
    monkeypatch.setattr(Collector, "begin", lambda *_: pytest.fail("it was swept"))
    found = typed(*LINE, *arguments)
    assert (found.code, found.out) == (1, "")
    assert told in one_line(found.err)


def test_wrong_usage_is_two(typed: Type) -> None:
    assert typed("evidence", "net.py:two").code == 2
    assert typed(*LINE[:3], "--twins", "0").code == 2


def test_control_c_is_130(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Collector, "begin", pressed)
    assert typed(*LINE).code == 130
