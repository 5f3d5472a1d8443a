"""`optogram synthesize`: what it says each picture reached is what the saved picture gives by hand."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Type, one_line

STEPS = ["--steps", "6", "--canvas", "pixel"]


def test_what_is_reached_is_the_mean_of_the_colour(typed: Type, place: Path) -> None:
    found = typed("synthesize", "net.py:colours", "0:0", "0:1", "-o", "made.npz", "--json", *STEPS)
    assert (found.code, found.err) == (0, "")
    rows = found.json
    assert [row["unit"] for row in rows] == ["0:0", "0:1"]
    assert {row["file"] for row in rows} == {"made.npz"}
    with np.load(place / "made.npz") as kept:
        means = kept["images"].mean(axis=(2, 3))
    assert [row["reached"] for row in rows] == pytest.approx([means[0, 0], means[1, 1]], abs=1e-3)
    assert means[0, 0] > means[1, 0] + 0.01, "the red unit's picture is redder than the green unit's"
    assert means[1, 1] > means[0, 1] + 0.01


def test_a_sheet_and_the_sentence_that_goes_with_every_picture(typed: Type, place: Path) -> None:
    found = typed("synthesize", "net.py:colours", "0:0-1", "-o", "sheet.jpg", *STEPS)
    lines = found.out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["0:0", "0:1"]
    assert "An untrained network's picture may get as far (--twins 19 tells): the picture alone proves nothing. See `optogram evidence`." in lines
    assert lines[-1] == "sheet.jpg"
    with Image.open(place / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"


def test_what_is_told_beside_a_picture_is_in_the_sentence_and_in_json(typed: Type, place: Path) -> None:
    kept = typed("sweep", "net.py:colours", "photos", "0:0", "--keep", "kept.safetensors", "--json")
    assert kept.code == 0
    beside = ["--sweep", "kept.safetensors", "--seeds", "2", "--twins", "1", "--photos", "photos", "-o", "made.npz", *STEPS]
    told = typed("synthesize", "net.py:colours", "0:0", "0:1", *beside)
    assert told.code == 0
    for words in ("photographs: median", "99th percentile", "1 twin:", "seeds agree to"):
        assert words in told.out.splitlines()[0]
    row = typed("synthesize", "net.py:colours", "0:0", "0:1", "--json", *beside).json[0]
    assert row["photographs"]["median"] <= row["photographs"]["farther"] <= row["photographs"]["most"]
    assert len(row["twins"]) == 1
    assert -1 <= row["agreement_with_others"] <= row["agreement"] <= 1.001


def test_pictures_between_two_units_one_after_another(typed: Type, place: Path) -> None:
    found = typed("synthesize", "net.py:colours", "0:0", "0:1", "--between", "3", "--tour", "between.gif", "-o", "made.npz", *STEPS)
    assert found.code == 0
    assert found.out.splitlines()[-2:] == ["made.npz", "between.gif"]
    with Image.open(place / "between.gif") as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
    with np.load(place / "made.npz") as numbers:
        red, green = numbers["images"][:, 0].mean((1, 2)), numbers["images"][:, 1].mean((1, 2))
    assert red[0] > red[1] > red[2]
    assert green[0] < green[1] < green[2]
    assert "got 1 units" in one_line(typed("synthesize", "net.py:colours", "0:0", "--between", "3").err)


@pytest.mark.filterwarnings("default")
def test_a_unit_without_a_gradient_is_named_and_json_has_no_nan(typed: Type) -> None:
    found = typed("synthesize", "net.py:colours", "0:2", "-o", "none.npz", "--json", *STEPS)
    assert found.code == 0
    assert found.json[0]["verdict"] not in ("converged", "still rising")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["0:3"], "0 has 3 units (0 to 2); you asked for 3"),
        (["3:tabby"], "tabby"),
        (["0:0", "--canvas", "pixle"], "Nearest: pixel"),
        (["0:0", "--preset", "lucd"], "Nearest: lucid"),
        (["0:0", "-o", "made.gif"], "Type -o made.png"),
        (["0:0", "-o", "no/made.png"], "mkdir -p no"),
    ],
)
def test_what_cannot_be_is_one_line(typed: Type, place: Path, arguments: list[str], told: str) -> None:
    found = typed("synthesize", "net.py:colours", *arguments)
    assert (found.code, found.out) == (1, "")
    assert told in one_line(found.err)
    assert {path.name for path in place.iterdir() if not path.name.startswith("__")} == {"net.py", "photos"}


def test_control_c_keeps_the_pictures_that_were_begun(typed: Type, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from optogram.synthesis.party import Party

    note, before = Party.note, signal.getsignal(signal.SIGINT)

    def pressing(party: Party, *rest: Any) -> None:
        note(party, *rest)
        if rest[-1] == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Party, "note", pressing)
    found = typed("synthesize", "net.py:colours", "0:0-1", "-o", "made.npz", "--movie", "made.gif", *STEPS)
    assert (found.code, found.err) == (130, "stopped: made.npz has the 2 pictures that were begun, as they were then.\n")
    with np.load(place / "made.npz") as kept:
        assert np.isfinite(kept["trace"]).sum(1).tolist() == [4, 4]
    assert (place / "made.gif").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_walk_along_the_layers(typed: Type, place: Path) -> None:
    found = typed("synthesize", "net.py:colours", "--walk", "inversion", "--image", "photos/00.png", "--tour", "walk.gif", "-o", "made.npz", *STEPS)
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    assert "as on photograph" in lines[0]
    assert lines[-2:] == ["made.npz", "walk.gif"]
    assert "needs a photograph" in one_line(typed("synthesize", "net.py:colours", "--walk", "caricature").err)
    assert "leave out --image" in one_line(typed("synthesize", "net.py:colours", "--walk", "site", "--image", "photos/00.png").err)
    assert "Nearest: inversion" in one_line(typed("synthesize", "net.py:colours", "--walk", "invert").err)


def test_control_c_and_wrong_usage(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    from optogram.synthesis import synthesize

    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(synthesize, "synthesize", pressed)
    found = typed("synthesize", "net.py:colours", "0:0")
    assert (found.code, found.err) == (130, "stopped.\n")
    assert typed("synthesize", "net.py:colours").code == 2
    assert typed("synthesize", "net.py:colours", "0:0", "--steps", "0").code == 2
