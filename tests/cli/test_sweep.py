"""`optogram sweep`: the photographs whose pixels say that they drive a unit most and least."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import PIXELS, Type, one_line

from optogram.exemplars.collector import Collector


def brightest(channel: int) -> list[tuple[str, float, list[int]]]:
    """Names, greatest values and places of one colour, the brightest photograph first."""
    rows = []
    for number, pixels in enumerate(PIXELS):
        place = divmod(int(pixels[:, :, channel].argmax()), 8)
        rows.append((f"{number:02d}.png", float(pixels[:, :, channel].max()) / 255, list(place)))
    return sorted(rows, key=lambda row: -row[1])


@pytest.mark.parametrize(("unit", "channel"), [("0:0", 0), ("0:1", 1)])
def test_the_photographs_are_those_with_the_brightest_pixel(typed: Type, unit: str, channel: int) -> None:
    found = typed("sweep", "net.py:colours", "photos", unit, "-k", "4", "--json")
    assert (found.code, found.err) == (0, "")
    (told,) = found.json
    assert told["unit"] == unit
    expected = brightest(channel)[:4]
    assert [(one["photo"], one["position"]) for one in told["exemplars"]] == [(name, place) for name, _, place in expected]
    assert [one["activation"] for one in told["exemplars"]] == pytest.approx([value for _, value, _ in expected], rel=1e-5)
    assert [one["box"] for one in told["exemplars"]] == [[row, column, row + 1, column + 1] for _, _, (row, column) in expected]


def test_least_quantiles_and_constant_units(typed: Type) -> None:
    least = typed("sweep", "net.py:colours", "photos", "0:0", "--kind", "bottom", "-k", "3", "--json").json[0]["exemplars"]
    darkest = sorted(range(len(PIXELS)), key=lambda number: PIXELS[number, :, :, 0].min())[0]
    assert least[0]["activation"] == pytest.approx(PIXELS[darkest, :, :, 0].min() / 255)
    middle = typed("sweep", "net.py:colours", "photos", "0:0", "--kind", "quantile", "-k", "1", "--json").json[0]["exemplars"]
    assert [one["quantile"] for one in middle] == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert "0 on every photograph" in typed("sweep", "net.py:colours", "photos", "0:2").out


def test_a_picture_has_a_row_a_unit(typed: Type, place: Path) -> None:
    one = typed("sweep", "net.py:colours", "photos", "0:0", "-k", "4", "-o", "one.png")
    assert one.out.splitlines()[-1] == "one.png"
    assert typed("sweep", "net.py:colours", "photos", "0:0-1", "2:1", "-k", "4", "-o", "three.png").code == 0
    with Image.open(place / "one.png") as single, Image.open(place / "three.png") as several:
        assert several.size[1] > single.size[1] + 100


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "x.unknown"], "a file to write ends in .png, .webp, .jpg, .jpeg, .svg; got x.unknown. Type -o x.png"),
        (["--out", "x.npz"], "Type -o x.png"),
        (["--out", "no/x.png"], "mkdir -p no"),
        (["--kind", "botom"], "Nearest: bottom"),
    ],
)
def test_what_is_misspelt_is_told_before_any_work(typed: Type, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str) -> None:
    monkeypatch.setattr(Collector, "begin", lambda *_: pytest.fail("it was swept"))
    found = typed("sweep", "net.py:colours", "photos", "0:0", *arguments)
    assert (found.code, found.out) == (1, "")
    assert told in one_line(found.err)


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("0:3", "0 has 3 units (0 to 2); you asked for 3"),
        ("9:0", 'no site "9" in'),
        ("0:0@1,1", "a sweep finds photographs for units, not for single neurons or heads: type 0:0"),
    ],
)
def test_units_that_are_not_there(typed: Type, monkeypatch: pytest.MonkeyPatch, unit: str, told: str) -> None:
    monkeypatch.setattr(Collector, "begin", lambda *_: pytest.fail("it was swept"))
    found = typed("sweep", "net.py:colours", "photos", unit)
    assert found.code == 1
    assert told in one_line(found.err)


def test_no_photographs_and_none_that_can_be_read(typed: Type, place: Path) -> None:
    (place / "empty").mkdir()
    found = typed("sweep", "net.py:colours", "empty", "0:0")
    assert found.code == 1
    assert "no photographs in empty" in one_line(found.err)
    assert ".jpg .jpeg .png .webp" in found.err
    assert "no folder or file nowhere" in one_line(typed("sweep", "net.py:colours", "nowhere", "0:0").err)


@pytest.mark.filterwarnings("default")
def test_a_bad_file_is_a_warning_that_names_it(typed: Type, place: Path) -> None:
    (place / "photos" / "bad.png").write_bytes(b"no picture")
    found = typed("sweep", "net.py:colours", "photos", "0:0", "-k", "1")
    assert found.code == 0
    assert "warning: 1 of 13 files was left out: bad.png (not an image)" in found.err or "bad.png (not an image)" in found.err


def test_a_photograph_without_numbers_is_named_with_the_way_out(typed: Type, place: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(place / "photos" / "black.png")
    found = typed("sweep", "net.py:divides", "photos", "conv:0")
    assert found.code == 1
    assert "conv:0 gave NaN on black.png. The network is not finite on this photograph; --skip-nonfinite" in one_line(found.err)
    again = typed("sweep", "net.py:divides", "photos", "conv:0", "--skip-nonfinite", "-k", "20", "--json")
    assert again.code == 0
    assert {one["photo"] for one in again.json[0]["exemplars"]} == {f"{number:02d}.png" for number in range(12)}


def test_control_c_is_130(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Collector, "begin", pressed)
    found = typed("sweep", "net.py:colours", "photos", "0:0")
    assert found.code == 130
    assert found.err == "stopped.\n"
    assert {path.name for path in Path().iterdir()} == {"net.py", "photos"}


def test_wrong_usage_is_two(typed: Type) -> None:
    assert typed("sweep", "net.py:colours", "photos").code == 2
    assert typed("sweep", "net.py:colours", "photos", "0:0", "-k", "0").code == 2
