"""The pages on synthesis: every preset, canvas and objective has its row, with the code's numbers, and the picture a row for each preset."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from optogram.synthesis.asked import OBJECTIVES
from optogram.synthesis.recipe import CANVASES, PRESETS


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table whose head begins with `heading`."""
    table = re.search(rf"(?m)^\| {heading} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text)
    assert table, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def named(cells: list[list[str]]) -> list[str]:
    return [name for row in cells for name in re.findall(r"`(\w+)`", row[0])]


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "presets.md").read_text()


def test_every_preset_and_canvas_has_its_row(page: str) -> None:
    presets = rows(page, "preset")
    assert sorted(named(presets)) == PRESETS.names()
    for row in presets:
        assert row[4].replace(",", "") == str(PRESETS.get(row[0].strip("`")).steps), row[0]
    assert sorted(named(rows(page, "canvas"))) == CANVASES.names()


def test_every_objective_has_its_row(repository: Path) -> None:
    told = set(named(rows((repository / "docs" / "synthesis.md").read_text(), "objective")))
    assert told >= set(OBJECTIVES.names())
    assert told - set(OBJECTIVES.names()) == {"interpolation", "quantiles"}  # which are lists of such


def test_the_picture_has_a_row_for_every_preset_and_none_is_empty(repository: Path) -> None:
    """As `scripts/draw_presets.py` lays it out: cells of 96 pixels, 6 apart."""
    script = (repository / "scripts" / "draw_presets.py").read_text()
    side, left, top, gap = (int(number) for number in re.findall(r"(?m)^SIDE, LEFT, TOP, GAP = (\d+), (\d+), (\d+), (\d+)$", script)[0])
    units = len(re.findall(r"(?m)^UNITS = \((.*)\)$", script)[0].split(","))
    with Image.open(repository / "docs" / "presets.png") as picture:
        assert picture.size == (left + units * (side + gap), top + len(PRESETS.names()) * (side + gap))
        for row in range(len(PRESETS.names())):
            for column in range(units):
                at = (left + column * (side + gap), top + row * (side + gap))
                cell = picture.crop((*at, at[0] + side, at[1] + side)).convert("L")
                darkest, lightest = cell.getextrema()
                assert lightest - darkest > 20, (row, column)  # type: ignore[operator]
