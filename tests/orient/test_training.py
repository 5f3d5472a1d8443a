from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optogram.cli._app import run
from optogram.errors import SourceError
from optogram.images.open_images import open_images
from optogram.network.load import load
from optogram.orient.answers import predict
from optogram.orient.examination import Examination
from optogram.orient.exif import orientation
from optogram.orient.fitting import temperature
from optogram.orient.measures import accuracy
from optogram.orient.training import train
from optogram.orient.uprightness import Scorer


def scene(seed: int) -> np.ndarray:
    """A landscape: bright above, dark and rough below, a horizon at some height; of some aspect."""
    random = np.random.default_rng(seed)
    height, width = random.integers(70, 110, 2)
    horizon = int(height * random.uniform(0.35, 0.65))
    picture = np.empty((height, width, 3))
    picture[:horizon] = random.uniform(170, 230) + random.normal(0, 3, (horizon, width, 3))
    picture[horizon:] = random.uniform(50, 110) + random.normal(0, 25, (height - horizon, width, 3))
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("scenes")
    for seed in range(40):
        Image.fromarray(scene(seed)).save(target / f"{seed:02d}.jpg", quality=92)
    return target


@pytest.fixture(scope="module")
def trained(folder: Path) -> tuple[Scorer, Examination]:
    return train(load("zoo:photonet"), open_images(folder), penalties=(0.03,), progress=False)


def test_landscapes_are_learned_and_the_controls_hold(trained: tuple[Scorer, Examination]) -> None:
    found = trained[1]
    assert accuracy(found.logits).estimate >= 0.9
    assert accuracy(found.encoded).estimate >= 0.85
    assert accuracy(found.blurred).estimate >= 0.85
    assert len(set(found.folds.tolist())) == 5
    assert "chance 25" in str(found)
    assert len(found.speakers.units) == len(found.shares) == 96
    assert (found.shares[:, 1] <= found.shares[:, 0]).all()
    assert found.loudest()[0].startswith(found.speakers.units[int(found.shares[:, 0].argmax())])


def test_a_fold_s_answers_are_divided_by_a_temperature_fitted_without_that_fold(trained: tuple[Scorer, Examination]) -> None:
    found = trained[1]
    warmth = np.array([scorer.temperature for scorer in found.scorers])
    raw = found.logits * warmth[found.folds, None]
    assert warmth == pytest.approx([temperature(raw[found.folds != number]) for number in range(5)], rel=1e-3)
    assert np.ptp(warmth) > 0.02 * temperature(raw)


def test_photographs_without_an_up_stay_at_chance() -> None:
    """Smooth noise, as fine along rows as along columns, has no up: this fails if a turn can be told by how it was made."""
    random = np.random.default_rng(3)
    drawn = [Image.fromarray(random.integers(0, 255, (12, 15, 3)).astype(np.uint8)).resize((120, 96), Image.Resampling.BICUBIC) for _ in range(60)]
    found = train(load("zoo:photonet"), open_images(np.stack([np.asarray(one) for one in drawn])), penalties=(0.03,), progress=False)[1]
    for logits in (found.logits, found.encoded, found.blurred):
        assert accuracy(logits).low <= 0.25 <= accuracy(logits).high


def test_turned_files_are_found_written_and_taken_back(folder: Path, trained: tuple[Scorer, Examination], tmp_path: Path) -> None:
    from dataclasses import replace

    turns = {}
    for number, seed in enumerate(range(100, 112)):
        turns[f"{seed}.jpg"] = number % 4
        Image.fromarray(np.rot90(scene(seed), number % 4)).save(tmp_path / f"{seed}.jpg", quality=92)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    head = replace(trained[0], spec="zoo:photonet").save(tmp_path.parent / "up.npz")
    answers = predict(load("zoo:photonet"), trained[0], open_images(tmp_path), progress=False)
    right = [answer.name for answer in answers if answer.turn == turns[answer.name]]
    assert len(right) >= 10
    assert run(["orient", "apply", str(tmp_path), "--scorer", str(head), "--confidence", "0.5"]) == 0
    sure = {answer.name: answer.turn for answer in answers if answer.confidence >= 0.5}
    tags = {name: orientation((tmp_path / name).read_bytes()) for name in before}
    assert tags == {name: (1, 6, 3, 8)[sure.get(name, 0)] for name in before}
    again = predict(load("zoo:photonet"), trained[0], open_images(tmp_path), progress=False)
    assert all(answer.turn == 0 for answer in again if answer.name in sure)
    assert run(["orient", "undo", str(tmp_path)]) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, report = tmp_path / "up.npz", tmp_path / "report"
    assert run(["orient", "train", str(folder), "-o", str(head), "--report", str(report)]) == 0
    pages = {"index.html", "right.png", "wrong.png", "units.png", "reliability-and-coverage.png", "answers.csv", "units.csv"}
    assert {path.name for path in report.iterdir()} >= pages
    said = capsys.readouterr().out
    twins = next(line for line in said.splitlines() if line.startswith("Untrained twins answer"))
    assert "with 3). " in twins
    assert "that speak most, " in twins
    rows = [line.split(",") for line in (report / "units.csv").read_text().splitlines()]
    assert len(rows) == 1 + 96
    assert all(float(row[2]) <= float(row[1]) <= float(row[3]) and 0 < float(row[4]) <= 1 for row in rows[1:])
    assert Scorer.load(head).told in said
    assert run(["orient", "predict", str(folder), "-s", str(head), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {entry["turned"] for entry in told} <= {"upright", "left", "upside_down", "right"}
    assert run(["orient", "apply", str(folder), "-s", str(head), "--dry-run"]) == 0
    assert "would be" in capsys.readouterr().out
    assert run(["orient", "predict", str(folder), "-s", str(tmp_path / "none.npz")]) == 1
    assert "orient train" in capsys.readouterr().err


def test_few_photographs_are_refused(folder: Path) -> None:
    with pytest.raises(SourceError, match="at least 20"):
        train(load("zoo:photonet"), open_images(folder).subset(range(5)))
