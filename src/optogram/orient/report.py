"""A folder that shows how good the answers are: galleries with evidence, reliability, coverage, and the units that speak for up."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from optogram.drawing.overlay import overlay
from optogram.drawing.sheet import grid
from optogram.errors import NotDefinedError
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.orient.answers import Answer
from optogram.orient.evidence import score_maps
from optogram.orient.squares import four_turns, square
from optogram.orient.training import Examination
from optogram.orient.turns import NAMES
from optogram.orient.uprightness import Scorer

SHOWN = 6


def write_answers(folder: Path, answers: Sequence[Answer]) -> Path:
    """`answers.csv`: name, turn in words, confidence."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "turned", "confidence"))
        rows.writerows((answer.name, answer.word, f"{answer.confidence:.4f}") for answer in answers)
    return path


def write_report(
    folder: Path, network: Network, scorer: Scorer, photos: Photos, answers: Sequence[Answer], found: Examination | None = None
) -> list[Path]:
    """Answers and galleries with evidence; `photos` are upright as they are shown where `found` says how the training went. Gives the files."""
    files = [write_answers(folder, answers)]
    pictures: dict[str, Image.Image] = {}
    sure = sorted(answers, key=lambda answer: -answer.confidence)
    if found is not None:
        pictures["reliability and coverage"] = found.figure()
        right = [answer for answer in sure if answer.turn == 0][:SHOWN]
        wrong = [answer for answer in sure if answer.turn != 0][:SHOWN]
        pictures["right"] = gallery(network, scorer, photos, right, "Answered rightly, surest first")
        pictures["wrong"] = gallery(network, scorer, photos, wrong, "Answered wrongly, surest first")
    else:
        turned = [answer for answer in sure if answer.turn != 0][:SHOWN]
        pictures["turned"] = gallery(network, scorer, photos, turned, "Found to be turned, surest first")
        pictures["unsure"] = gallery(network, scorer, photos, sure[-SHOWN:], "Least sure")
    for name, picture in pictures.items():
        files.append(folder / f"{name.replace(' ', '-')}.png")
        picture.save(files[-1])
    return [*files, _page(folder, pictures, found, len(answers))]


def gallery(network: Network, scorer: Scorer, photos: Photos, answers: Sequence[Answer], title: str) -> Image.Image:
    """Each photograph as shown, evidence for it as it is, as the answer would turn it, and the evidence for that."""
    names = {photos.identity(index): index for index in range(len(photos))}
    both = any(answer.turn for answer in answers)
    cells: list[np.ndarray | Image.Image] = []
    captions: list[str] = []
    for answer in answers:
        turns = four_turns(square(photos.load(names[answer.name], network.channels), scorer.side))
        pair = turns[[0, -answer.turn % 4]]
        views = [np.asarray(one.permute(1, 2, 0)) for one in pair]
        maps = _maps(network, scorer, pair)
        said = f"{NAMES[answer.turn]}, {100 * answer.confidence:.0f} % sure"
        first, second = (_pair(view, maps, index) for index, view in enumerate(views))
        cells += [*first, *second] if both else first
        captions += [answer.name, f"score {answer.logits[0]:.1f}" if both else said]
        captions += [said, f"score {answer.logits[-answer.turn % 4]:.1f}"] if both else []
    note = (
        "Orange: what raises the score of being upright, by guided backprop; blue: what lowers it. It shows what lower layers pass on more than why."
    )
    heads = ["as it is shown", "for this way up", "as the answer turns it", "for that way up"]
    return grid(
        cells,
        captions=captions,
        heads=heads if both else heads[:2],
        columns=4 if both else 2,
        title=title if answers else f"{title}: none",
        note=note,
        cell=132,
    )


def _maps(network: Network, scorer: Scorer, pair: torch.Tensor) -> np.ndarray | None:
    try:
        return score_maps(network, scorer, pair)
    except NotDefinedError:
        return None


def _pair(view: np.ndarray, maps: np.ndarray | None, index: int) -> list[Image.Image]:
    """A picture, and the map over it, of one size."""
    photo = np.rint(view * 255).astype(np.uint8)
    plain = Image.fromarray(photo[:, :, 0] if photo.shape[2] == 1 else photo)
    if maps is None:
        return [plain, plain]
    over = overlay(photo, maps[index], float(np.quantile(np.abs(maps), 0.995)))
    return [plain.resize(over.size, Image.Resampling.NEAREST), over]


def _page(folder: Path, pictures: dict[str, Image.Image], found: Examination | None, count: int) -> Path:
    """One page that opens from the disk and loads nothing from elsewhere."""
    said = str(found) if found is not None else f"{count:,} photographs answered; answers.csv lists them all."
    body = "".join(f'<h2>{name}</h2><img alt="{name}" width="{one.width // 2}" src="{name.replace(" ", "-")}.png">' for name, one in pictures.items())
    text = "".join(f"<p>{html.escape(line)}</p>" for line in said.split("\n"))
    style = "body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:#fbfaf8;color:#1d1c1a}img{max-width:100%}"
    path = folder / "index.html"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Which way up</title><style>{style}</style>'
    path.write_text(f"{head}<h1>Which way up</h1>{text}{body}</html>\n", encoding="utf-8")
    if found is not None:
        (folder / "examination.json").write_text(json.dumps(found.provenance.as_dict(), indent=2, default=str) + "\n", encoding="utf-8")
    return path
