"""What holds for every lab: its signature, findings that are numbers with sentences, figures that show something, files."""

from __future__ import annotations

import inspect
import json
import math
import typing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.cli._app import run
from optogram.lab._result import Finding, LabResult
from optogram.registry import Registry

LABS = Registry("optogram.lab", "lab")
SHARED_S = 3.0
"""A lab whose quick run is shorter is run twice."""

Quick = Callable[[str], typing.Any]
each = pytest.mark.parametrize("name", LABS.names())


def signature(name: str) -> inspect.Signature:
    return inspect.signature(LABS.get(name))


@each
def test_its_signature_is_a_labs(name: str) -> None:
    parameters = dict(signature(name).parameters)
    assert all(entry.default is not inspect.Parameter.empty for entry in parameters.values())
    assert [parameters[key].default for key in ("quick", "seed", "progress")] == [False, 0, True]
    assert next(iter(parameters)) == "images" or "images" not in parameters
    positional = [key for key, entry in parameters.items() if entry.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert positional in ([], ["images"])
    assert issubclass(typing.get_type_hints(LABS.get(name))["return"], LabResult)


@each
def test_each_own_setting_is_explained(name: str) -> None:
    hints = typing.get_type_hints(LABS.get(name), include_extras=True)
    own = [key for key in signature(name).parameters if key not in ("images", "network", "quick", "seed", "progress")]
    unsaid = [key for key in own if not any(isinstance(extra, str) for extra in getattr(hints[key], "__metadata__", ()))]
    assert unsaid == []


@each
def test_the_command_has_its_settings(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", name.replace("_", "-"), "--help"]) == 0
    out = capsys.readouterr().out
    for key in signature(name).parameters:
        if key not in ("progress", "network"):
            assert f"--{key.replace('_', '-')}" in out


@each
def test_findings_are_numbers_in_sentences(name: str, quick: Quick) -> None:
    findings = quick(name).result.findings
    assert findings
    assert len({found.name for found in findings}) == len(findings)
    for found in findings:
        assert isinstance(found, Finding)
        assert all(value is None or math.isfinite(value) for value in (found.value, found.low, found.high, found.control, found.chance)), found
        assert (found.low is None) == (found.high is None)
        assert found.low is None or found.low <= found.value <= found.high, found
        assert found.sentence.endswith("."), found
        assert found.sentence[0].isupper() or not found.sentence[0].isalpha(), found
        assert "nan" not in found.sentence.lower().split(), found


@each
def test_figures_show_something(name: str, quick: Quick) -> None:
    figures = quick(name).result.figures
    assert figures
    for figure in figures.values():
        pixels = np.asarray(figure.convert("RGB"), float)
        assert min(pixels.shape[:2]) >= 100
        assert (np.abs(pixels - pixels[0, 0]).max(axis=2) > 16).mean() > 0.005
        assert (pixels[[0, -1]] == pixels[0, 0]).all(), "something is cut off at the figure's upper or lower edge"
        assert (pixels[:, [0, -1]] == pixels[0, 0]).all(), "something is cut off at the figure's side"


@each
def test_it_is_kept(name: str, quick: Quick, tmp_path: Path) -> None:
    result = quick(name).result
    files = result.keep(tmp_path / "kept")
    assert sorted(files) == sorted((tmp_path / "kept").iterdir())
    kept = json.loads((tmp_path / "kept" / f"{name}.json").read_text())
    assert [entry["value"] for entry in kept["findings"]] == [found.value for found in result.findings]
    assert kept["provenance"]["verb"] == "lab"
    assert kept["provenance"]["seed"] == 0
    with np.load(tmp_path / "kept" / f"{name}.npz") as arrays:
        assert set(arrays.files) == {*result.arrays(), "provenance"}
        assert result.arrays()
    for file in files:
        if file.suffix in (".png", ".gif"):
            with Image.open(file) as picture:
                picture.load()


@each
def test_the_same_seed_gives_the_same_findings(name: str, quick: Quick) -> None:
    ran = quick(name)
    if ran.seconds > SHARED_S:
        pytest.skip(f"its quick run takes {ran.seconds:.0f} s")
    again = LABS.get(name)(quick=True, seed=0, progress=False)
    assert [(found.name, found.sentence) for found in again.findings] == [(found.name, found.sentence) for found in ran.result.findings]
    for one, other in zip(again.findings, ran.result.findings, strict=True):
        # Sums of single precision depend on where in memory their terms lie.
        for name in ("value", "low", "high", "control", "chance"):
            first, second = getattr(one, name), getattr(other, name)
            assert first is second is None or first == pytest.approx(second, rel=1e-4, abs=1e-6), one.name
