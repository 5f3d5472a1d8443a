"""A folder as people have them, through the command: many files, several of them not what they seem."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.cli import orient as command
from optogram.cli._app import run
from optogram.orient.answers import Answer
from optogram.orient.exif import orientation
from optogram.orient.writing import LOG, turn_files

MANY = 1000
SURE, UNSURE = 0.99, 0.9


def tagged(tag: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = tag
    exif[0x010F] = "A maker"
    return exif


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A thousand files: JPEGs with and without EXIF data, PNGs, a JPEG named .heic, broken EXIF data, and one that is read-only."""
    # Waiting for the disk 2,000 times is no part of what is tested here.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    target = tmp_path / "photos"
    target.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 36, 3)).astype(np.uint8)).save(target / "seed.jpg")
    plain = (target / "seed.jpg").read_bytes()
    Image.open(target / "seed.jpg").save(target / "seed.png")
    Image.open(target / "seed.jpg").save(target / "turned.jpg", exif=tagged(6))
    png, held = (target / "seed.png").read_bytes(), (target / "turned.jpg").read_bytes()
    for path in list(target.iterdir()):
        path.unlink()
    broken = plain[:2] + b"\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff" + plain[2:]
    kinds = [(".jpg", plain), (".jpg", held), (".png", png), (".heic", plain), (".jpg", broken)]
    for index in range(MANY - 1):
        end, data = kinds[index % len(kinds)]
        (target / f"{index:04d}{end}").write_bytes(data)
    (target / "locked.jpg").write_bytes(plain)
    (target / "locked.jpg").chmod(0o444)
    return target


def kept(folder: Path) -> dict[str, str]:
    """A digest of each file's whole bytes."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.name != LOG}


def picture_data(folder: Path) -> dict[str, str]:
    """A digest of each file's compressed picture alone: from the first quantisation table on, or the whole of what is no JPEG."""
    found = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        found[path.name] = hashlib.sha256(data[max(data.find(b"\xff\xdb\x00"), 0) :]).hexdigest()
    return {name: digest for name, digest in found.items() if name != LOG}


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Answer]], None]:
    """Puts planted answers in the place of a network's, so that what is written is known beforehand."""

    def planted(answers: dict[str, Answer]) -> None:
        monkeypatch.setattr(command, "_answers", lambda *_: (None, None, None, list(answers.values())))

    return planted


def test_a_thousand_mixed_files(folder: Path, answering: Callable[[dict[str, Answer]], None], capsys: pytest.CaptureFixture[str]) -> None:
    names = sorted(path.name for path in folder.iterdir())
    answers = {name: Answer(name, 1, SURE if number % 2 else UNSURE, (0.0,) * 4) for number, name in enumerate(names)}
    answering(answers)
    before, pictures = kept(folder), picture_data(folder)
    assert run(["orient", "apply", str(folder), "--confidence", "0.97"]) == 0
    said = capsys.readouterr().out
    assert picture_data(folder) == pictures
    after = kept(folder)
    changed = {name for name in names if after[name] != before[name]}
    assert changed == {name for name in names if answers[name].confidence == SURE and told(said, name) == "turned upright"}
    assert {orientation((folder / name).read_bytes()) for name in changed} == {6, 3}
    assert all(answers[name].confidence == SURE for name in changed)
    assert {told(said, name) for name in names if name.endswith(".png") and answers[name].confidence == SURE} == {
        "a PNG, not a JPEG: an orientation is written into JPEGs only"
    }
    assert told(said, "locked.jpg") == "it is read-only"
    assert "EXIF data point outside of themselves" in said
    sure = sum(one.confidence == SURE for one in answers.values())
    assert f"{len(changed)} of {len(names)} photographs were turned, {sure - len(changed)} could not be; {len(names) - sure} look turned" in said
    # What was turned looks upright now: the same command again has nothing to do.
    answering({name: Answer(name, 0 if name in changed else one.turn, one.confidence, one.logits) for name, one in answers.items()})
    assert run(["orient", "apply", str(folder), "--confidence", "0.97"]) == 0
    assert kept(folder) == after
    assert run(["orient", "undo", str(folder)]) == 0
    assert kept(folder) == before
    assert not (folder / LOG).exists()


def told(said: str, name: str) -> str:
    """What the command printed of a file; empty where nothing."""
    return next((line[len(name) + 2 :] for line in said.splitlines() if line.startswith(f"{name}: ")), "")


def test_undone_after_half_of_it(folder: Path) -> None:
    before = kept(folder)
    outcomes = turn_files(folder, [(name, 2) for name in sorted(before)])
    for _ in range(MANY // 2):
        next(outcomes)
    outcomes.close()
    assert 0 < sum(before[name] != held for name, held in kept(folder).items()) < MANY / 2
    assert run(["orient", "undo", str(folder)]) == 0
    assert kept(folder) == before


def test_what_cannot_be_taken_back_is_named_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the command has not done what it was told to: 1, until the file is as it was left."""
    before = kept(folder)
    names = [f"{index:04d}.jpg" for index in (0, 1, 5)]
    list(turn_files(folder, [(name, 1) for name in names]))
    (folder / names[1]).write_bytes((turned := (folder / names[1]).read_bytes()) + b"edited")
    assert run(["orient", "undo", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out == f"{names[1]}: it was changed since by something else\n2 photographs are as before, byte by byte.\n"
    assert said.err.startswith("error: 1 photograph is not taken back; ")
    (folder / names[1]).write_bytes(turned)
    assert run(["orient", "undo", str(folder)]) == 0
    assert capsys.readouterr().out == "1 photograph is as before, byte by byte.\n"
    assert kept(folder) == before
