"""`optogram weights`: the filters that were planted, as numbers and as a sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Type, one_line


def test_numbers_are_the_filters(typed: Type, place: Path) -> None:
    assert typed("weights", "net.py:colours", "0", "-o", "w.npz").code == 0
    with np.load(place / "w.npz") as kept:
        assert np.array_equal(kept["values"][:, :, 0, 0], [[1, 0, 0], [0, 1, 0], [0, 0, 0]])
        assert kept["order"].tolist()[-1] == 2, "the empty one comes last"


@pytest.mark.parametrize("options", [[], ["--shared-scale"]])
def test_a_sheet_is_written_where_it_says(typed: Type, place: Path, options: list[str]) -> None:
    found = typed("weights", "net.py:colours", "0", "-o", "sheet.webp", *options)
    assert (found.code, found.err) == (0, "")
    assert found.out == "3 weight images of 0, 1x1, 3 channels, 1 empty   sheet.webp\n"
    with Image.open(place / "sheet.webp") as sheet:
        assert sheet.format == "WEBP"
        red = np.abs(np.asarray(sheet.convert("RGB")).astype(int) - (255, 128, 128)).max(axis=2) < 24
    assert red.mean() > 0.05, "the end of the scale in one channel, gray in the others"


def test_json_names_units_and_file(typed: Type) -> None:
    found = typed("weights", "net.py:colours", "0", "-o", "w.png", "--json").json
    assert found["units"] == ["0:0", "0:1", "0:2"]
    assert found["empty"] == [2]
    assert found["shape"] == [3, 1, 1]
    assert found["file"] == "w.png"


def test_deeper_weights_are_no_image_and_it_says_what_to_ask(typed: Type, place: Path) -> None:
    found = typed("weights", "net.py:gelu", "4")
    assert found.code == 1
    assert 'it sees 4 units of the layer before it, not pixels. Ask what drives a unit with og.synthesize(net, "4:0")' in one_line(found.err)
    assert not (place / "weights.png").exists()
    assert 'no site "7"' in one_line(typed("weights", "net.py:colours", "7").err)


@pytest.mark.parametrize(("name", "told"), [("w.unknown", "Type -o w.png"), ("w", "Type -o w.png"), ("no/w.png", "mkdir -p no")])
def test_a_file_that_cannot_be_written_is_told_before_any_work(typed: Type, name: str, told: str) -> None:
    found = typed("weights", "nothing.py:net", "0", "-o", name)
    assert found.code == 1
    assert told in one_line(found.err)
