"""Sheets of methods and galleries of photographs: scales shared and printed, refusals named."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from optogram.attribution import _compare, _gallery
from optogram.attribution._attribute import attribute
from optogram.attribution._compare import _columns, _shared_out, compare, scale_bar
from optogram.cli._app import run
from optogram.drawing.colour import signed, unsigned
from optogram.drawing.paper import Paper
from optogram.drawing.sheet import grid
from optogram.errors import NotDefinedError, SettingError
from optogram.geometry import Box
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import photographs, small

NETWORK = """
from torch import nn
def relu(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
"""


def test_every_method_asked_gets_its_settings() -> None:
    given = _shared_out(["gradient", "occlusion", "integrated_gradients"], {"steps": 4, "window": 6})
    assert given == {"gradient": {}, "occlusion": {"window": 6}, "integrated_gradients": {"steps": 4}}
    with pytest.raises(SettingError, match='no setting "stepz"'):
        _shared_out(["gradient", "integrated_gradients"], {"stepz": 4})


def test_the_sheet_is_the_verbs_answers(tmp_path) -> None:
    net, x = small(), photographs(2)
    found = compare(net, x, "head:2", ["gradient", "occlusion", "grad-cam"], settings={"window": 8}, progress=False)
    assert [one.method for one in found.attributions] == ["gradient", "occlusion", "grad_cam"]
    np.testing.assert_array_equal(found.attributions[1].values, attribute(net, x, "head:2", "occlusion", window=8, progress=False).values)
    found.save(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as drawn:
        assert drawn.size[0] > 4 * 2 * 140
    found.save(tmp_path / "sheet.npz")
    with np.load(tmp_path / "sheet.npz") as kept:
        assert set(kept) >= {"gradient_values", "occlusion_values", "grad_cam_values"}


def test_refusals_are_named() -> None:
    net = Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), Preprocess(size=24))
    found = compare(net, photographs(1), "output:1", ["guided_backprop", "gradient"], progress=False)
    assert list(found.refused) == ["guided_backprop"]
    assert "guided_backprop: " in str(found)
    with pytest.raises(NotDefinedError, match="no method is defined here"):
        compare(net, photographs(1), "output:1", ["guided_backprop"], progress=False)


def test_control_c_keeps_the_methods_that_are_done(monkeypatch: pytest.MonkeyPatch, tmp_path, capsys) -> None:
    """Pressed while the third of four is under way; where none is done there is nothing to keep."""
    net, x = small(), photographs(1)

    def pressed(network, images, target, name, **asked):
        if name == "occlusion":
            raise KeyboardInterrupt
        return attribute(network, images, target, name, **asked)

    monkeypatch.setattr("optogram.attribution._compare.attribute", pressed)
    found = compare(net, x, "head:2", ["gradient", "grad_cam", "occlusion", "rise"], progress=False)
    assert [one.method for one in found.attributions] == ["gradient", "grad_cam"]
    assert found.stopped == ("occlusion", "rise")
    assert str(found).endswith("stopped before: occlusion, rise")
    np.testing.assert_array_equal(found.attributions[1].values, attribute(net, x, "head:2", "grad_cam", progress=False).values)
    with pytest.raises(KeyboardInterrupt):
        compare(net, x, "head:2", ["occlusion", "gradient"], progress=False)
    (tmp_path / "net.py").write_text(NETWORK)
    Image.new("RGB", (24, 24), (90, 30, 200)).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    asked = ["attribute", "net.py:relu", "photo.png", "output:1", "--method", "gradient,occlusion", "--out", "maps.png"]
    assert run(asked) == 130
    assert (tmp_path / "maps.png").stat().st_size > 1000
    assert capsys.readouterr().err.endswith("maps.png has what was done (--method gradient).\n")


def test_a_gallery_is_in_order_of_response_on_one_scale() -> None:
    net, x = small(), photographs(5)
    found = attribute(net, x, "head:2", "gradient", progress=False)
    assert found.gallery().size[0] > 600
    assert found.gallery(columns=1).size[1] > found.gallery(columns=3).size[1]


class Planted(nn.Module):
    """Unit 1 answers to a bright pixel beside a dark one; every field is two by two, a step of two apart."""

    def __init__(self) -> None:
        super().__init__()
        self.eye, self.relu, self.head = nn.Conv2d(3, 3, 2, stride=2), nn.ReLU(), nn.Linear(3, 2)
        nn.init.zeros_(self.eye.weight)
        nn.init.zeros_(self.eye.bias)
        with torch.no_grad():
            self.eye.weight[1, :, :, 0], self.eye.weight[1, :, :, 1] = 1, -1

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu(self.eye(x)).mean((2, 3)))


@pytest.mark.parametrize("target", ["relu:1", "relu:1@3,5"])
def test_the_patch_that_a_neuron_saw_stands_beside_its_map(target: str) -> None:
    net = Network(Planted(), Preprocess(size=16, mean=0.0, std=1.0))
    x = torch.full((2, 3, 16, 16), 0.5)
    x[0, :, 6:8, 10], x[0, :, 6:8, 11] = 1.0, 0.0
    x[1, :, 6:8, 10] = 0.75
    found = attribute(net, x, target, "guided_backprop", progress=False)
    assert found.boxes() == (Box(6, 10, 8, 12),) * 2
    patch, there = found.patch(0)
    np.testing.assert_array_equal(patch[:, :, 0], [[255, 0], [255, 0]])
    np.testing.assert_array_equal(there, found.map(0)[6:8, 10:12])
    assert there[:, 0].min() > 0
    assert np.count_nonzero(found.map(0)) == np.count_nonzero(there)
    whole = attribute(net, x, "head:1", "guided_backprop", progress=False)
    assert (whole.boxes(), whole.patch(0)) == ((), None)
    assert attribute(net, x, "relu:1", "guided_backprop", reduce="mean", progress=False).boxes() == ()
    assert found.gallery().width > whole.gallery().width


def test_a_patch_is_cut_from_the_photographs_own_pixels_and_may_leave_it() -> None:
    net = Network(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()), Preprocess(size=24))
    found = attribute(net, [photographs(1, 3, 48, 60)[0], photographs(1)[0]], "0:3@0,0", "gradient", progress=False)
    assert found.boxes()[1] == Box(-1, -1, 2, 2)
    for photo, box in enumerate(found.boxes()):
        patch, there = found.patch(photo)
        assert patch.shape[:2] == there.shape == (box.height, box.width)
        inside = box.within(*found.map(photo).shape)
        assert np.nansum(np.abs(there)) == pytest.approx(np.abs(found.map(photo)).sum())
        assert np.isnan(there).sum() == there.size - inside.height * inside.width


def test_the_scale_shows_both_ends() -> None:
    bar = np.asarray(scale_bar(600, 2.0, True))
    for value in (-1.0, 1.0):
        assert (bar.reshape(-1, 3) == signed(np.array([value]), 1.0)[0]).all(1).any()
    assert (_columns(3, 1), _columns(9, 1), _columns(4, 3), _columns(7, 3), _columns(12, 3)) == (4, 6, 5, 8, 6)


def holds(picture: Image.Image, colour: np.ndarray) -> bool:
    return bool((np.asarray(picture.convert("RGB")).reshape(-1, 3) == colour).all(1).any())


@pytest.mark.parametrize("method", ["gradient", "grad_cam"])
def test_a_figure_shows_its_colour_scale(method: str) -> None:
    found = attribute(small(), photographs(1), "head:2", method, progress=False)
    drawn = found.figure()
    bar = drawn.crop((0, drawn.height - 2 * 46, drawn.width, drawn.height))
    ends = [signed(np.array([value]), 1.0)[0] for value in (-1.0, 1.0)] if found.signed else [unsigned(np.array([1.0]), 1.0)[0]]
    assert all(holds(bar, end) for end in ends)
    assert not holds(bar, unsigned(np.array([1.0]), 1.0)[0]) or not found.signed
    blank = replace(found, zero=np.array([True])).figure()
    assert blank.height < drawn.height, "nought everywhere has no scale"


@pytest.mark.parametrize(("count", "grids"), [(7, 1), (8, 2)])
def test_only_maps_that_are_nought_have_empty_cells(count: int, grids: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the last method of each photograph there are none, however many rows it takes."""
    names = ["gradient", "input_x_gradient", "occlusion", "smoothgrad", "squaregrad", "lrp", "guided_backprop", "deconvnet"][:count]
    found, given = compare(small(), photographs(2), "head:2", names, progress=False), []
    monkeypatch.setattr(_compare, "grid", lambda pictures, **more: given.append(pictures) or grid(pictures, **more))
    found.figure()
    assert len(given) == grids
    assert sum(map(len, given)) == 2 * (1 + count)
    assert all(picture is not None for pictures in given for picture in pictures)


def test_a_map_without_signs_says_what_it_leaves_out() -> None:
    """Units that all speak against the class: Grad-CAM is nought though every pixel counts; the words do not say that nothing changes it."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    with torch.no_grad():
        module[0].weight.abs_()
        module[4].weight.copy_(-module[4].weight.abs())
    net = Network(module, Preprocess(size=24))
    cam, slope = (attribute(net, photographs(1), "4:1", method, progress=False) for method in ("grad_cam", "gradient"))
    assert cam.zero.all()
    assert not slope.zero.any()
    assert "grad_cam finds nothing in this photograph that speaks for the response" in cam.caption(0)
    assert "grad_cam finds nothing in the photograph that speaks for 4:1" in cam.notes
    behind = attribute(net, photographs(1), "1:2", "grad_cam", site="0", progress=False)
    assert not any("is rectified" in note for note in behind.notes), "the unit is not at zero"


def test_the_command(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (26, 24, 3), dtype=np.uint8)).save(tmp_path / "photos" / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    assert (
        run(["attribute", "net.py:relu", "photos/0.png", "4:1", "--method", "gradient,kernel-shap", "--samples", "8", "--cells", "2", "-o", "a.png"])
        == 0
    )
    assert "kernel_shap of 4:1" in capsys.readouterr().out
    told = ["attribute", "net.py:relu", "photos/0.png", "4:1", "-o", "a.png"]
    assert run([*told, "--method", "gradient,attention-rollout", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["method"] for one in said["methods"]] == ["gradient"]
    assert "attention" in said["refused"]["attention_rollout"]
    assert run([*told, "--method", ","]) == 1
    assert 'no method is named in ","' in capsys.readouterr().err
    assert run(["attribute", "net.py:relu", "photos", "4:1", "--method", "gradient", "-o", "b.png"]) == 0
    with Image.open("b.png") as drawn:
        assert drawn.size[0] > 600
    capsys.readouterr()
    assert run(["attribute", "net.py:relu", "photos/0.png", "4:1", "--method", "gradient", "--sanity", "-o", "c.png"]) == 0
    assert "sanity: " in capsys.readouterr().out
    line = ["rank", "net.py:relu", "photos", "--method", "gradient,input-x-gradient", "--metric", "sparseness", "--count", "3", "-o", "d.png"]
    assert run(line) == 0
    assert "sparseness on 3 photographs" in capsys.readouterr().out
    assert run([*line[:-2], "--json"]) == 0
    assert '"method": "gradient"' in capsys.readouterr().out


def test_a_gallery_begins_with_the_strongest_and_leaves_out_maps_that_are_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    found, given = attribute(small(), photographs(3), "head:2", "gradient", progress=False), {}
    values = np.asarray(found.values).copy()
    values[1] = 0
    found = replace(found, values=values, zero=np.array([False, True, False]), responses=np.array([0.1, 0.3, 0.2], np.float32))
    monkeypatch.setattr(_gallery, "grid", lambda pictures, **more: given.update(more, pictures=pictures) or grid(pictures, **more))
    found.gallery()
    assert [caption.split(" · ")[0] for caption in given["captions"] if caption] == ["response 0.3", "response 0.2", "response 0.1"]
    assert [picture is None for picture in given["pictures"]] == [False, True, True] + [False] * 6


def test_a_figure_draws_no_map_that_is_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    found, drawn = attribute(small(), photographs(2), "head:2", "gradient", progress=False), []
    picture = Paper.picture
    monkeypatch.setattr(Paper, "picture", lambda self, *where: drawn.append(where) or picture(self, *where))
    found.figure()
    assert len(drawn) == 2 * 3 + 1, "photograph, map and overlay, and the scale"
    drawn.clear()
    replace(found, zero=np.array([False, True])).figure()
    assert len(drawn) == 3 + 1 + 1
