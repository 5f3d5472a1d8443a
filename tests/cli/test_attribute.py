"""`optogram attribute`: a figure, the numbers, and refusals with the option to type instead."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import one_line

import optogram as og
from optogram.cli._app import run

NETWORK = """
import torch
from torch import nn
def relu():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
def gelu(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(NETWORK)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)).save(tmp_path / "cat.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_figure_and_its_numbers(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attribute", "net.py:relu", "cat.png", "4:1", "-o", "map.png"]) == 0
    out = capsys.readouterr().out
    assert "guided_backprop of 4:1" in out
    assert "response" in out
    with Image.open(place / "map.png") as drawn:
        assert drawn.size[0] > 300
    line = ["attribute", "net.py:relu", "cat.png", "--target", "4:1", "--method", "integrated-gradients", "--steps", "4", "-o", "map.npz"]
    assert run(line) == 0
    with np.load(place / "map.npz") as kept:
        assert kept["values"].shape == (1, 3, 40, 30)


def test_what_cannot_be_is_one_line_and_the_way_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attribute", "net.py:gelu", "cat.png", "4:1"]) == 1
    error = capsys.readouterr().err
    assert "this network has 1 GELU and no ReLU" in error
    assert "Use --method integrated_gradients, or say --rule generalised" in error
    assert run(["attribute", "net.py:gelu", "cat.png", "4:1", "--rule", "generalised"]) == 0
    assert "(generalised)" in capsys.readouterr().out
    assert run(["attribute", "net.py:relu", "cat.png"]) == 2, "wrong usage"
    assert "say what the map is to explain" in capsys.readouterr().err
    assert run(["attribute", "net.py:relu", "dog.png", "4:1"]) == 1
    assert "no photograph dog.png" in capsys.readouterr().err


def test_json_says_what_the_map_explains(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A network without a rectifier's bend in play: the response is the mean of a convolution, which numpy can do."""
    line = ["attribute", "net.py:relu", "cat.png", "4:1", "--method", "gradient", "-o", "map.npz", "--json"]
    assert run(line) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    network = og.load("net.py:relu")
    pixels = np.asarray(Image.open(place / "cat.png")).astype(np.float32).transpose(2, 0, 1)[None] / 255
    layers = list(network.module)
    kernel, bias, head, more = (part.detach().numpy() for part in (layers[0].weight, layers[0].bias, layers[4].weight, layers[4].bias))
    windows = np.lib.stride_tricks.sliding_window_view(pixels[0], (3, 3), axis=(1, 2))
    hidden = np.maximum(np.einsum("chwij,ucij->uhw", windows, kernel) + bias[:, None, None], 0).mean(axis=(1, 2))
    assert told["responses"] == pytest.approx([float((head @ hidden + more)[1])], rel=1e-4)
    assert (told["target"], told["method"], told["file"]) == ("4:1", "gradient", "map.npz")
    assert told["delta"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["4:1", "--method", "guided_backprob"], "Nearest: guided_backprop"),
        (["4:9"], "4 has 3 units (0 to 2); you asked for 9"),
        (["4:1", "-o", "map.unknown"], "Type -o map.png"),
        (["4:1", "-o", "no/map.png"], "mkdir -p no"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_is_misspelt_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    assert run(["attribute", "net.py:relu", "cat.png", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert told in one_line(err)


@pytest.mark.usefixtures("place")
def test_wrong_usage_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attribute", "net.py:relu"]) == 2
    assert run(["attribute", "net.py:relu", "cat.png", "4:1", "--target", "4:2"]) == 2
    assert "once: optogram attribute MODEL PHOTO TARGET" in capsys.readouterr().err
    assert run(["attribute", "net.py:relu", "cat.png", "4:1", "--steps", "0"]) == 2
