"""A folder to type commands in: networks whose weights are known, and photographs whose brightest pixels are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from optogram.cli._app import run

NETWORKS = """
import torch
from torch import nn

def colours():
    "Unit 0 is red, 1 is green, 2 is nothing; a second layer mixes them, a head averages them."
    first, second, head = nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 2, 3, bias=False), nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        first.weight.zero_()[0, 0] = first.weight[1, 1] = 1
        second.weight.fill_(0.25)
        second.weight[1] *= -1
        head.weight.copy_(torch.eye(2))
    return nn.Sequential(first, nn.ReLU(), second, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)

class Divides(nn.Module):
    "Not a number on a black photograph."
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
    def forward(self, x):
        return self.conv(x / x.amax((1, 2, 3), keepdim=True))

def divides(): return Divides()

def gelu(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
"""

PIXELS = np.random.default_rng(0).integers(1, 200, (12, 8, 8, 3), dtype=np.uint8)
"""The photographs, in the order of their names; the brightest pixel of each channel is one that no other photograph has."""
for _number in range(len(PIXELS)):
    PIXELS[_number, _number % 8, 3] = (255 - 4 * _number, 200 + 4 * _number, 10)


@dataclass(frozen=True)
class Typed:
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON of the standard: a NaN in it fails."""

        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is no JSON")

        return json.loads(self.out, parse_constant=refuse)


Type = Callable[..., Typed]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `net.py` and `photos/`."""
    (tmp_path / "net.py").write_text(NETWORKS)
    (tmp_path / "photos").mkdir()
    for number, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number:02d}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(place: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """`typed("sweep", "net.py:colours", ...)`: runs one command line in that folder."""

    def call(*arguments: str) -> Typed:
        code = run(list(arguments))
        return Typed(code, *capsys.readouterr())

    return call


def one_line(err: str) -> str:
    """What an error says, which has to be one line (continued ones are indented), and no traceback."""
    assert err.startswith("error: "), err
    assert "Traceback" not in err
    assert all(line.startswith("       ") for line in err.splitlines()[1:]), err
    return " ".join(err.split())
