"""Photographs of files are called by their names: in text, in JSON, below pictures; with what a broken one leaves out, and sizes that differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import optogram as og
from optogram.attribution import _compare, _gallery
from optogram.attribution._compare import compare
from optogram.cli._app import run
from optogram.drawing.sheet import grid
from optogram.images.photos import LeftOutWarning
from optogram.testing.attribution import photographs, small

SIDES = {"ant.png": (12, 12), "bee.png": (14, 12), "cow.png": (12, 12)}
BRIGHT = {"ant.png": 60, "bee.png": 200, "cow.png": 120}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    place.mkdir()
    for name, size in SIDES.items():
        grain = np.random.default_rng(len(name)).integers(0, 40, (*size, 3))
        Image.fromarray((grain + BRIGHT[name]).astype(np.uint8)).save(place / name)
    return place


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    for module in (_gallery, _compare):
        monkeypatch.setattr(
            module, "grid", lambda pictures, **more: kept.update(captions=more["captions"], note=more["note"]) or grid(pictures, **more)
        )
    return kept


def test_a_folder_gives_names_in_the_order_of_its_maps(folder: Path, given: dict[str, list[str]]) -> None:
    net = small()
    (folder / "axe.png").write_text("no image")
    with pytest.warns(LeftOutWarning, match="axe.png"):
        found = og.attribute(net, og.open_images(folder), "head:2", "gradient", progress=False)
    assert found.names == ("ant.png", "bee.png", "cow.png")
    alone = [og.attribute(net, folder / name, "head:2", "gradient", progress=False) for name in found.names]
    np.testing.assert_allclose(found.responses, [one.responses[0] for one in alone], rtol=1e-5)
    for number, name in enumerate(found.names):
        assert f"{name}: response {found.responses[number]:.3g}" in str(found)
    found.gallery()
    order = np.argsort(-found.responses)
    assert [caption.splitlines()[0] for caption in given["captions"] if caption] == [found.names[photo] for photo in order]


def test_a_photograph_that_is_asked_for_twice_has_two_maps(folder: Path) -> None:
    twice = og.open_images(folder).subset([1, 1, 0])
    found = og.attribute(small(), twice, "head:2", "gradient", progress=False)
    assert found.names == ("bee.png", "bee.png", "ant.png")
    assert len(found.values) == 3
    np.testing.assert_array_equal(found.values[0], found.values[1])


def test_a_list_of_files_has_names_and_one_photograph_needs_none(folder: Path) -> None:
    net = small()
    listed = og.attribute(net, [folder / "cow.png", photographs(1)[0], str(folder / "ant.png")], "head:2", "gradient", progress=False)
    assert listed.names == ("cow.png", "", "ant.png")
    assert str(listed).splitlines()[2].startswith("response ")
    assert og.attribute(net, folder / "cow.png", "head:2", "gradient", progress=False).name() == ""
    assert og.attribute(net, photographs(2), "head:2", "gradient", progress=False).names == ()


def test_several_methods_tell_all_photographs(folder: Path, given: dict[str, list[str]]) -> None:
    found = compare(small(), og.open_images(folder), "head:2", ["gradient", "input_x_gradient"], progress=False)
    low, high = found.attributions[0].responses.min(), found.attributions[0].responses.max()
    assert f"gradient of head:2 · 3 photographs, responses {low:.3g} to {high:.3g}" in str(found)
    found.figure()
    assert [caption.splitlines()[0] for caption in given["captions"][::3]] == ["ant.png", "bee.png", "cow.png"]


def test_a_gallery_says_what_the_sanity_check_said(folder: Path, given: dict[str, list[str]]) -> None:
    net = small()
    checked = og.sanity(net, og.attribute(net, og.open_images(folder), "head:2", "gradient", progress=False), twins=2, others=2, progress=False)
    checked.attribution.gallery()
    assert f"sanity: {checked.sentence}" in given["note"]


def test_json_names_them(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.py").write_text("from torch import nn\ndef net(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())\n")
    monkeypatch.chdir(tmp_path)
    assert run(["attribute", "net.py:net", "photos", "1:2", "--method", "gradient", "--json", "-o", "a.png"]) == 0
    assert json.loads(capsys.readouterr().out)["photographs"] == list(SIDES)
