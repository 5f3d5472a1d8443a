"""A folder that shows how good the answers are: galleries with evidence, reliability, coverage, and the units that speak for up."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from optogram.images.left_out import sentence
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.orient.answers import Answer
from optogram.orient.examination import Examination
from optogram.orient.gallery import gallery, speakers
from optogram.orient.uprightness import Scorer

SHOWN = 6
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#fbfaf8;color:#1d1c1a;overflow-wrap:anywhere}main{max-width:62rem;margin:0 auto;"
    "padding:1rem}p{max-width:44rem}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}a{color:inherit}.wide{overflow-x:auto}img{display:block}"
)
ABOUT = {
    "reliability and coverage": "Accuracy against the share of photographs answered, and against confidence.",
    "right": "Photographs answered rightly, each with guided backprop and positive paths.",
    "wrong": "Photographs answered wrongly, as shown and as answered, each with guided backprop and positive paths.",
    "units": "The units that speak for up: where in the picture, how much, and the photographs in which they add most.",
    "upright": "The surest of the photographs found to be upright, each with guided backprop and positive paths.",
    "turned": "Photographs found to be turned, as shown and as answered, each with guided backprop and positive paths.",
    "unsure": "The least sure answers, each with guided backprop and positive paths.",
}
"""What the pictures show, for those who cannot see them."""


def write_answers(folder: Path, answers: Sequence[Answer]) -> Path:
    """`answers.csv`: name, turn in words, confidence."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "turned", "confidence"))
        rows.writerows((answer.name, answer.word, f"{answer.confidence:.4f}") for answer in answers)
    return path


def write_units(folder: Path, found: Examination) -> Path:
    """`units.csv`: what each unit adds to the score of upright photographs, in nats, with its interval, and its q beside units of twins."""
    path, q = folder / "units.csv", found.q
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("unit", "adds", "low", "high", "q_beside_twins"))
        for unit, share, one in zip(found.speakers.units, found.shares, q, strict=True):
            rows.writerow((unit, *(f"{value:z.6f}" for value in share), f"{one:.4g}" if len(found.twin_right) else ""))
    return path


def write_report(
    folder: Path, network: Network, scorer: Scorer, photos: Photos, answers: Sequence[Answer], found: Examination | None = None
) -> list[Path]:
    """Answers and galleries with evidence; `photos` are upright as they are shown where `found` says how the training went. Gives the files."""
    files = [write_answers(folder, answers)]
    pictures: dict[str, Image.Image] = {}
    # Where photographs were held out, the scorer that has not seen one speaks for it.
    own = [scorer if found is None else found.scorers[found.folds[index]] for index in range(len(answers))]
    sure = sorted(zip(answers, own, strict=True), key=lambda pair: -pair[0].confidence)
    upright, turned = ([pair for pair in sure if (pair[0].turn == 0) == wanted][:SHOWN] for wanted in (True, False))
    if found is not None:
        pictures["reliability and coverage"] = found.figure()
        pictures["right"] = gallery(network, photos, upright, "Answered rightly, surest first")
        pictures["wrong"] = gallery(network, photos, turned, "Answered wrongly, surest first")
        pictures["units"] = speakers(photos, found, scorer.side)
        files.append(write_units(folder, found))
    else:
        pictures["upright"] = gallery(network, photos, upright, "Found to be upright, surest first")
        pictures["turned"] = gallery(network, photos, turned, "Found to be turned, surest first")
        pictures["unsure"] = gallery(network, photos, sure[-SHOWN:], "Least sure")
    for name, picture in pictures.items():
        files.append(folder / f"{name.replace(' ', '-')}.png")
        picture.save(files[-1])
    said = str(found) if found is not None else f"{len(answers):,} photographs answered."
    if found is None and scorer.told:
        said += f"\nOf the scorer, when it was trained: {scorer.told}"
    return [*files, _page(folder, pictures, found, photos, said)]


def _page(folder: Path, pictures: dict[str, Image.Image], found: Examination | None, photos: Photos, said: str) -> Path:
    """One page that opens from the disk and loads nothing from elsewhere; wide galleries scroll by themselves on a narrow screen."""
    if photos.left_out:
        said += f"\n{sentence(photos.left_out, len(photos), photos.source.noun)}"
    body = "".join(_section(name, one) for name, one in pictures.items())
    text = "".join(f"<p>{html.escape(line)}</p>" for line in said.split("\n"))
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Which way up</title><style>{STYLE}</style></head>"
    )
    path = folder / "index.html"
    listed = '<p><a href="answers.csv">answers.csv</a> lists every photograph with its answer.'
    listed += ' <a href="units.csv">units.csv</a> lists every unit with what it adds.</p>' if found is not None else "</p>"
    path.write_text(f"{head}<body><main><h1>Which way up</h1>{text}{listed}{body}</main></body></html>\n", encoding="utf-8")
    if found is not None:
        (folder / "examination.json").write_text(json.dumps(found.provenance.as_dict(), indent=2, default=str) + "\n", encoding="utf-8")
    return path


def _section(name: str, picture: Image.Image) -> str:
    """A heading and its picture, at half of its pixels: drawn for screens with two a point."""
    width, height = (side // 2 for side in picture.size)
    shown = f'<img alt="{html.escape(ABOUT[name])}" width="{width}" height="{height}" src="{name.replace(" ", "-")}.png">'
    return f'<h2>{name.capitalize()}</h2><div class="wide" tabindex="0" role="region" aria-label="{name}">{shown}</div>'
