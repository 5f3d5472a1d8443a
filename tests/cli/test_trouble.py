"""Photographs that are none, networks that raise: left out and named, or one line; and JSON wherever a command has something to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import Type, one_line

MOODY = """
import torch
from torch import nn

class Moody(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
    def forward(self, x):
        if bool((x == 1).all(3).all(2).all(1).any()):
            raise IndexError("white")
        return self.conv(x)

def moody(): return Moody()
"""


@pytest.fixture
def spoilt(place: Path) -> Path:
    """The folder with a text file named .jpg among its photographs, and a network that takes no white ones."""
    (place / "photos" / "text.jpg").write_text("no picture")
    (place / "moody.py").write_text(MOODY)
    Image.new("RGB", (8, 8), (255, 255, 255)).save(place / "photos" / "white.png")
    return place


@pytest.mark.usefixtures("spoilt")
@pytest.mark.filterwarnings("default::optogram.images.left_out.LeftOutWarning")
@pytest.mark.parametrize(
    "arguments",
    [
        ("sweep", "net.py:colours", "photos", "0:0"),
        ("attribute", "net.py:colours", "photos", "5:0", "--method", "gradient"),
        ("attribute", "net.py:colours", "photos", "5:0", "--method", "gradient,input_x_gradient"),
        ("rank", "net.py:colours", "photos", "--target", "5:0", "--method", "gradient", "--metric", "sparseness", "--count", "20"),
    ],
    ids=["sweep", "attribute", "sheet", "rank"],
)
def test_what_is_no_photograph_is_left_out_counted_and_named(typed: Type, arguments: tuple[str, ...]) -> None:
    found = typed(*arguments)
    assert found.code == 0, found.err
    assert "warning: 1 of 14 files was left out: text.jpg (not an image)." in found.err


@pytest.mark.usefixtures("spoilt")
def test_what_a_network_raises_is_one_line_with_its_line(typed: Type) -> None:
    raised = "moody did not run on images of 3x8x8: its forward raised IndexError: white (moody.py, line 11)"
    assert raised in one_line(typed("attribute", "moody.py:moody", "photos/white.png", "conv:0", "--method", "gradient").err)
    found = typed("sweep", "moody.py:moody", "photos", "conv:0")
    assert (found.code, found.out) == (1, "")
    assert f"{raised}. This was on white.png (8x8 pixels): give photographs one size" in one_line(found.err)


def test_json_of_what_is_built_joined_and_exported(typed: Type) -> None:
    built = typed("atlas", "net.py:colours", "photos", "-o", "made", "--twins", "0", "--pictures", "none", "--panel", "6", "--json")
    assert [site["address"] for site in built.json["networks"][0]["sites"]] == ["0", "2", "5"]
    refused = typed("export", "made", "--units", "0:0", "-o", "one")
    assert refused.code == 1
    assert "Type -o one.html" in refused.err
    Path("pages").mkdir()
    assert Path(typed("export", "made", "--units", "0:0", "-o", "pages", "--json").json["file"]).parent == Path("pages")
    exported = typed("export", "made", "--units", "0:0", "-o", "one.html", "--json").json
    assert exported["file"] == "one.html"
    assert exported["bytes"] == Path("one.html").stat().st_size
    for part in (1, 2):
        typed("sweep", "net.py:colours", "photos", "--shard", f"{part}/2", "--keep", f"{part}.safetensors")
    joined = typed("merge", "1.safetensors", "2.safetensors", "-o", "all.safetensors", "--json").json
    assert joined == {"photographs": 12, "sites": ["0", "2", "5"], "units": 7, "left_out": 0, "file": "all.safetensors"}


def test_rankings_are_json_of_the_standard_and_files_are_checked_first(typed: Type) -> None:
    line = ("rank", "net.py:colours", "photos", "--target", "5:0", "--method", "gradient", "--metric", "sparseness", "--count", "4")
    assert [row["method"] for row in typed(*line, "--json").json if not row["free"]] == ["gradient"]
    refused = typed(*line, "-o", "no/ranks.png")
    assert refused.code == 1
    assert "mkdir -p no" in one_line(refused.err)


def test_what_photographs_reach_is_told_beside_a_picture(typed: Type) -> None:
    line = ("synthesize", "net.py:colours", "0:0@1,1", "--steps", "2")
    assert "(photographs: median " in typed(*line, "--photos", "photos").out
    assert "photographs:" not in typed(*line).out
    assert "An untrained network's picture may get as far (--twins 19 tells): the picture alone proves nothing." in typed(*line).out


def test_claims_go_by_either_word(typed: Type) -> None:
    line = ("evidence", "net.py:colours", "photos", "--site", "0", "--twins", "1", "--json")
    found = {word: typed(*line, word, "alive") for word in ("--claim", "--claims")}
    assert found["--claim"].out == found["--claims"].out
    assert {row["claim"] for row in found["--claims"].json} == {"alive"}
