"""`--set`: values in the types of a method's signature, and what is wrong in one line."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import one_line

from optogram.attribution._attribute import METHODS
from optogram.cli._app import run
from optogram.cli._settings import described, settings_of
from optogram.errors import SettingError


def method(
    question: Any,
    *,
    steps: int = 8,
    share: float = 0.5,
    window: int | tuple[int, int] | None = None,
    areas: float | Sequence[float] = (0.1, 0.2),
    deep: bool = False,
    site: str | None = None,
    kind: Literal["soft", "hard"] = "soft",
    baseline: Any = "black",
) -> None:
    """A method with settings of every type."""


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("steps=64", 64),
        ("share=1", 1.0),
        ("share=1e-3", 1e-3),
        ("window=16", 16),
        ("window=16,8", (16, 8)),
        ("window=none", None),
        ("areas=0.1", 0.1),
        ("areas=.1, .2,.4", (0.1, 0.2, 0.4)),
        ("deep=yes", True),
        ("deep=False", False),
        ("site=layer2.0", "layer2.0"),
        ("site=None", None),
        ("kind=hard", "hard"),
        ("baseline=blur", "blur"),
        ("baseline=0.5", 0.5),
    ],
)
def test_values_have_the_type_of_the_signature(typed: str, value: object) -> None:
    found = settings_of([typed], [method])[typed.partition("=")[0]]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("steps=many", 'steps is a whole number; got "many". Type --set steps=8'),
        ("steps=1.5", "steps is a whole number"),
        ("window=1,2,3", "window is whole numbers with commas or a whole number or none"),
        ("deep=perhaps", "deep is true or false"),
        ("kind=tender", "kind is one of soft, hard"),
        ("areas=a,b", "areas is numbers with commas or a number"),
        ("stepps=3", 'no setting "stepps" of method. Nearest: steps'),
        ("steps", '--set takes name=value, such as --set steps=64; got "steps"'),
    ],
)
def test_what_is_wrong_is_told(typed: str, told: str) -> None:
    with pytest.raises(SettingError) as error:
        settings_of([typed], [method])
    assert told in str(error.value)


def test_every_default_of_every_method_can_be_typed_back() -> None:
    """What `optogram methods NAME` shows is what `--set` takes."""
    for name in METHODS.names():
        known = METHODS.get(name)
        for line in described(known):
            typed = line.split("   ")[0].removeprefix("--set ")
            key, _, shown = typed.partition("=")
            if shown == "...":
                continue
            found, default = settings_of([typed], [known])[key], inspect.signature(known).parameters[key].default
            assert found == default or list(found) == list(default), f"{name}: {typed}"


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("from torch import nn\ndef net(): return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))\n")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)).save("cat.png")
    line = ["attribute", "net.py:net", "cat.png", "1:1", "--method", "sobol", "--set", "cells=2", "--set", "samples=4"]
    assert run([*line, "--set", "order=first", "-o", "map.npz"]) == 0
    with np.load("map.npz") as kept:
        assert len(np.unique(kept["values"])) == 4
        assert '"order": "first"' in str(kept["provenance"])
    capsys.readouterr()
    assert run([*line, "--set", "cell=3"]) == 1
    assert 'no setting "cell" of sobol. Nearest: cells' in one_line(capsys.readouterr().err)
    assert run(["methods", "sobol"]) == 0
    told = capsys.readouterr().out
    assert "--set cells=8   a whole number" in told
    assert "Jansen" in told
    assert run([*line[:-4], "-o", "map.svg", "--set", "cells=2"]) == 0
    assert (tmp_path / "map.svg").read_text().startswith("<svg ")
