"""`optogram attribute`: a figure, the numbers, and refusals with the option to type instead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.cli._app import run

NETWORK = """
from torch import nn
def relu(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
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
    assert run(["attribute", "net.py:relu", "cat.png"]) == 1
    assert "say what the map is to explain" in capsys.readouterr().err
    assert run(["attribute", "net.py:relu", "dog.png", "4:1"]) == 1
    assert "no photograph dog.png" in capsys.readouterr().err
