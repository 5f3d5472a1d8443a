"""Photographs with the evidence for their answers, and the units that speak for up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from optogram.drawing.colour import signed
from optogram.drawing.overlay import overlay
from optogram.drawing.sheet import grid
from optogram.errors import InterceptionError, NotDefinedError
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.orient.answers import Answer
from optogram.orient.evidence import path_maps, score_maps
from optogram.orient.examination import Examination
from optogram.orient.squares import four_turns, square
from optogram.orient.turns import NAMES
from optogram.orient.uprightness import GRID, Scorer

CELL = 132
NOTE = (
    "Orange: what raises the score of being upright; blue: what lowers it. Guided backprop shows what lower layers pass on more than why (it hardly "
    "depends on the layers above); positive paths lead from the features that raise the score through positive weights alone."
)


def gallery(network: Network, photos: Photos, rows: Sequence[tuple[Answer, Scorer]], title: str) -> Image.Image:
    """Each photograph as it is shown and as its answer would turn it, with the evidence for either way up, by the scorer that gave the answer.

    Where every answer is that the photograph is upright, the two are one and stand once. Networks with smooth or unmet rectifiers have no maps.
    """
    names = {photos.identity(index): index for index in range(len(photos))}
    both = any(answer.turn for answer, _ in rows)
    cells: list[np.ndarray | Image.Image | None] = []
    captions: list[str] = []
    for answer, scorer in rows:
        turns = four_turns(square(photos.load(names[answer.name], network.channels), scorer.side))
        said = f"{NAMES[answer.turn].replace('_', ' ')}, {100 * answer.confidence:.0f} % sure"
        ways = [0, -answer.turn % 4] if both else [0]
        told = [answer.name, said] if both else [f"{answer.name}\n{said}"]
        cells += evidence(network, scorer, turns[ways])
        for way, caption in zip(ways, told, strict=True):
            captions += [caption, f"score {answer.logits[way]:z.1f}", ""]
    heads = ["as it is shown", "guided backprop", "positive paths"]
    return grid(
        cells,
        captions=captions,
        heads=[*heads, "as the answer turns it", *heads[1:]] if both else heads,
        columns=6 if both else 3,
        title=title if rows else f"{title}: none",
        note=NOTE,
        cell=CELL,
    )


def evidence(network: Network, scorer: Scorer, pictures: Float[Tensor, "image channel side side"]) -> list[Image.Image | None]:
    """Each picture, its guided backprop and its positive paths, of one size; both maps in the scale of all pictures given."""
    photos = [np.rint(np.asarray(one.permute(1, 2, 0)) * 255).astype(np.uint8) for one in pictures]
    try:
        maps = [score_maps(network, scorer, pictures), path_maps(network, scorer, pictures)]
    except (NotDefinedError, InterceptionError):
        maps = []
    cells: list[Image.Image | None] = []
    for index, photo in enumerate(photos):
        over = [overlay(photo, found[index], float(np.quantile(np.abs(found), 0.995))) for found in maps]
        plain = Image.fromarray(photo[:, :, 0] if photo.shape[2] == 1 else photo)
        cells.append(plain.resize(over[0].size, Image.Resampling.NEAREST) if over else plain)
        cells.extend(over or [None, None])
    return cells


def speakers(photos: Photos, found: Examination, side: int) -> Image.Image:
    """The loudest units: what each adds by field of the picture, and the photographs in which it adds most."""
    names = {photos.identity(index): index for index in range(len(photos))}
    told, q = found.speakers, found.q
    cells: list[np.ndarray | Image.Image | None] = []
    labels = []
    mapped = told.fields.shape[1] == GRID**2
    limit = float(np.abs(told.fields).max()) or 1.0
    for unit, fields, heard in zip(told.loudest.tolist(), told.fields, told.heard, strict=True):
        cells.append(signed(fields.reshape(GRID, GRID) if mapped else fields[:1, None], limit))
        cells += [Image.fromarray(square(photos.load(names[found.names[index]], 3), side)) for index in heard.tolist()]
        mean, low, high = told.shares[unit]
        beyond = f"\nq {q[unit]:.2g} beside twins" if len(found.twin_right) else ""
        labels.append(f"{told.units[unit]}\n{mean:z.2f} ({low:z.2f} to {high:z.2f}){beyond}")
    note = (
        "Numbers: what a unit adds to the score of photographs upright over that of their other turns, in nats, with its 95 % interval. Orange: "
        "where in the picture it does; right of it the photographs in which it adds most. All photographs were held out."
    )
    heads = ["where", "most", "then", "then"][: 1 + told.heard.shape[1]]
    return grid(cells, heads=heads, labels=labels, columns=len(heads), title="The units that speak for up", note=note, cell=100)
