"""SVG: well formed, nothing from elsewhere, the same marks at the same places as the pixels; rendered by a browser where there is one."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from PIL import Image

from optogram.drawing import svg
from optogram.drawing.paper import Paper
from optogram.drawing.sheet import grid, stacked
from optogram.drawing.text import length

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(image: Image.Image) -> ElementTree.Element:
    return ElementTree.fromstring(svg.document(image))


def sheet() -> Image.Image:
    pictures = [np.full((8, 8, 3), 200, np.uint8), np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)]
    return grid(pictures, captions=["a < b & c", "two"], title='A "title"', note="a note", columns=2, cell=60)


def test_the_text_and_the_pictures_are_all_there() -> None:
    image = sheet()
    root = parsed(image)
    assert {entry.text for entry in root.iter(SPACE + "text")} == {"a < b & c", "two", 'A "title"', "a note"}
    pictures = list(root.iter(SPACE + "image"))
    assert len(pictures) == 2
    assert "pixelated" in pictures[0].attrib["style"]
    assert "style" not in pictures[1].attrib
    with Image.open(io.BytesIO(base64.b64decode(pictures[0].attrib["href"].partition(",")[2]))) as first:
        assert first.size == (8, 8), "a small picture is kept as it is"
    assert (float(root.attrib["width"]) * 2, float(root.attrib["height"]) * 2) == image.size
    assert not re.search(r'href="(?!data:)|url\(|<script|https?://(?!www\.w3\.org/2000/svg)', svg.document(image))


def test_marks_lie_where_the_pixels_are() -> None:
    paper = Paper(60, 40)
    paper.box(10, 5, 20, 15, fill="#ff0000")
    paper.dot(40, 20, 6, outline="#00ff00", width=2)
    paper.line([(5, 35), (55, 35)], 2, "#0000ff", (4, 2))
    root = parsed(paper.drawn())
    ground, box = list(root.iter(SPACE + "rect"))
    assert (ground.attrib["width"], ground.attrib["height"]) == ("60", "40")
    assert [float(box.attrib[name]) for name in ("x", "y", "width", "height")] == [10, 5, 10, 10]
    red = np.argwhere((np.asarray(paper.image) == (255, 0, 0)).all(axis=2))
    assert (red.min(0) / 2).tolist() == [5, 10]
    assert ((red.max(0) + 1) / 2).tolist() == [15, 20]
    circle = next(iter(root.iter(SPACE + "circle")))
    assert (float(circle.attrib["r"]), float(circle.attrib["stroke-width"])) == (5, 2)
    assert next(iter(root.iter(SPACE + "polyline"))).attrib["stroke-dasharray"] == "4 2"


def test_a_text_stands_on_its_baseline_and_is_as_wide_as_it_was_measured() -> None:
    for anchor, start in (("la", "start"), ("mm", "middle"), ("rs", "end")):
        entry = ElementTree.fromstring(svg.text(20, 30, "Exemplars", 13, "#000000", anchor))
        assert entry.attrib["text-anchor"] == start
        assert float(entry.attrib["textLength"]) == np.round(length("Exemplars", 13), 2)
        paper = Paper(120, 60)
        paper.text(20, 30, "Exemplars", 13, "#000000", anchor)
        dark = np.argwhere(np.asarray(paper.image.convert("L")) < 128)
        without_descent = Paper(120, 60)
        without_descent.text(20, 30, "Exemlars", 13, "#000000", anchor)
        bottom = np.argwhere(np.asarray(without_descent.image.convert("L")) < 128)[:, 0].max() + 1
        assert abs(float(entry.attrib["y"]) - bottom / 2) <= 1, "the letters end on the baseline"
        assert len(dark) > 0


def test_stacked_sheets_keep_their_marks_and_others_are_embedded_whole() -> None:
    both = stacked([sheet(), sheet()])
    root = parsed(both)
    groups = list(root.iter(SPACE + "g"))
    assert [group.attrib["transform"] for group in groups] == ["translate(0 0)", f"translate(0 {sheet().height / 2:g})"]
    assert len(list(root.iter(SPACE + "image"))) == 4
    plain = parsed(Image.new("RGB", (30, 20), "#123456"))
    assert len(list(plain)) == 1
    assert next(iter(plain)).tag == SPACE + "image"


def test_written_beside_the_other_formats(tmp_path: Path) -> None:
    image = sheet()
    svg.write(image, tmp_path / "a.svg", "SVG")
    svg.write(image, tmp_path / "a.png", "PNG")
    assert (tmp_path / "a.svg").read_text().startswith("<svg ")
    with Image.open(tmp_path / "a.png") as kept:
        assert np.array_equal(np.asarray(kept), np.asarray(image))
