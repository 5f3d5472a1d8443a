"""`optogram concepts` and `optogram tcav`: planted colours are told by name, files written, what cannot be is a line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.cli._app import run

NETWORK = """
import torch
from torch import nn
class Colours(nn.Module):
    def __init__(self):
        super().__init__()
        self.mid, self.head = nn.Conv2d(3, 3, 1, bias=False), nn.Linear(3, 2)
        with torch.no_grad():
            self.mid.weight.copy_(torch.eye(3)[:, :, None, None])
            self.head.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 1]]))
    def forward(self, x): return self.head(self.mid(x).square().mean((2, 3)))
def colours(): return Colours()
"""


def folder(path: Path, count: int, tint: tuple[int, int, int], seed: int) -> None:
    path.mkdir()
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = rng.integers(0, 90, (8, 8, 3)) + rng.integers(0, 60, 3) + np.array(tint)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path / f"{number:02d}.png")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(NETWORK)
    folder(tmp_path / "red", 8, (60, 0, 0), 1)
    folder(tmp_path / "any", 30, (0, 0, 0), 2)
    folder(tmp_path / "shown", 6, (20, 0, 0), 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ASKED = ["--concept", "red", "--background", "any", "--site", "mid", "--runs", "39"]


def test_tcav_tells_a_planted_concept(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tcav", "net.py:colours", "shown", "head:0", *ASKED, "--json", "-o", "red.npz"]) == 0
    red = json.loads(capsys.readouterr().out)
    assert (red["score"], red["site"], red["target"], red["file"]) == (1, "mid", "head:0", "red.npz")
    assert len(red["null"]) == 39
    assert red["accuracy"] > 0.8
    with np.load(place / "red.npz") as kept:
        assert kept["directions"].mean(axis=0).argmax() == 0
        assert kept["sensitivity"] == pytest.approx(red["sensitivity"])
    assert run(["tcav", "net.py:colours", "shown", "head:1", *ASKED, "--json"]) == 0
    assert abs(json.loads(capsys.readouterr().out)["sensitivity"]) < 0.7 * red["sensitivity"]
    assert run(["tcav", "net.py:colours", "shown", "head:0", *ASKED, "-o", "red.png"]) == 0
    assert "raises head:0 on 100% of 6 photographs" in capsys.readouterr().out
    with Image.open(place / "red.png") as drawn:
        assert drawn.size[0] > 300


def test_concepts_name_their_photographs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["concepts", "net.py:colours", "any", "mid", "-k", "3", "--exemplars", "2", "--steps", "60", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["explained"] > 0.95
    assert sum(found["shares"]) == pytest.approx(1)
    assert [len(row) for row in found["exemplars"]] == [2, 2, 2]
    assert {name for row in found["exemplars"] for name in row} <= {path.name for path in (place / "any").iterdir()}
    with Image.open(place / "concepts.png") as drawn:
        assert drawn.size[1] > 300
    assert run(["concepts", "net.py:colours", "any", "mid", "-k", "3", "--exemplars", "2", "--steps", "60", "-o", "c.npz"]) == 0
    told = capsys.readouterr().out
    assert f"  {found['shares'][0]:4.0%}  {', '.join(found['exemplars'][0])}" in told
    with np.load(place / "c.npz") as kept:
        assert kept["maps"].shape == (3, 30, 8, 8)


def test_what_cannot_be_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["concepts", "net.py:colours", "any", "head"]) == 1
    assert "concepts are found at a site with spatial extent" in capsys.readouterr().err
    assert run(["tcav", "net.py:colours", "shown", "mid:0", *ASKED]) == 1
    assert "is computed after" in capsys.readouterr().err
    assert run(["tcav", "net.py:colours", "shown", "head:0", *ASKED[:-2], "--background", "red"]) == 1
    assert "twice as many" in capsys.readouterr().err
