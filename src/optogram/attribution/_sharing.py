"""Early layers computed once for all coalitions of parts.

A place of an early site sees few parts of the photograph, and what it says depends on which of these are there, not on the others. So
parts that one place sees together get different colours, the network is run to the site with every set of colours there (2 to the power of
the colours), and the activations for any coalition are put together place by place from these; the network goes on from there. Exact, as
answers compared with whole passes show; where they are not, all passes are whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.attribution._entrance import Reach, close, enterable, entered, entrances, passed, scrap_of
from optogram.attribution._question import Question
from optogram.images.preprocess import SUPPORT
from optogram.network.site import Site

WORTH_IT = 96
"""Coalitions of a photograph from which on fields are worth measuring."""
TIMES = 4
"""So many coalitions at least for each set of colours."""
TRIED = 3


@dataclass(frozen=True, slots=True)
class Sharing:
    """One photograph at a site: the activations with each set of colours there, and which part of each colour a place sees.

    `table` [set x place, unit]; `owner` [colour, place] numbers parts, the number of parts standing for none.
    """

    question: Question
    site: Site
    number: int
    table: Float[Tensor, "entry unit"]
    owner: Int[Tensor, "colour place"]

    def responses(self, present: Bool[Tensor, "row part"]) -> Float[Tensor, "row"]:
        """The response with these parts of the photograph there."""
        rows, (down, across) = len(present), self.site.grid
        known = torch.nn.functional.pad(present, (0, 1))
        colours, places = self.owner.shape
        weight = 2 ** torch.arange(colours, device=present.device)
        code = (known[:, self.owner] * weight[None, :, None]).sum(dim=1)
        entry = code * places + torch.arange(places, device=present.device)
        activations = self.table[entry.flatten()].view(rows, down, across, -1).permute(0, 3, 1, 2)
        photo = torch.full((rows,), self.number, device=present.device)
        return entered(self.question, self.site, activations, photo, scrap_of(self.question.images))


def sharing(
    question: Question,
    parts: Int[Tensor, "height width"],
    base: Float[Tensor, "channel height width"],
    number: int,
    present: Bool[Tensor, "draw part"],
) -> Sharing | None:
    """The deepest site at which few colours are enough for the parts of photograph `number`; `None` where there is none or answers would differ.

    `question` runs on a worker.
    """
    if len(present) < WORTH_IT or not enterable(question):
        return None
    seen, one, responses = seen_in(question, parts, present.shape[1]), question.about(slice(number, number + 1)), None
    for site, reach in entrances(question):
        touching = touches(seen, reach)
        colours = coloured(touching)
        if 2 ** (int(colours.max()) + 1) * TIMES > len(present):
            continue
        responses = replace(one, advance=lambda more: None).responses(one.images) if responses is None else responses
        if not passed(one, [(site, reach)], responses):
            continue  # a branch goes around it
        try:
            found = _made(question, site, number, parts, base, touching, colours)
            if _right(found, parts, base, present):
                return found
        except (RuntimeError, ValueError, IndexError):
            pass  # a network that does not run on a scrap of its input, or reads it elsewhere too
        return None
    return None


def seen_in(question: Question, parts: Int[Tensor, "height width"], count: int) -> Bool[Tensor, "part rows columns"]:
    """Which pixels of what the network is given have anything of each part: its own, and where photographs are resized those that mix it in."""
    preprocess, (height, width) = question.network.preprocess, parts.shape
    found = torch.stack([preprocess.apply((parts == part).float()[None, None])[0, 0] != 0 for part in range(count)])
    rows, columns = preprocess.resized(height, width)
    if (rows, columns) == (height, width) or preprocess.interpolation in ("bilinear", "nearest"):
        return found
    # Kernels with negative weights, which are cut off at nought here.
    reach = math.ceil(SUPPORT[preprocess.interpolation] * max(1.0, rows / height, columns / width))
    wider = torch.nn.functional.max_pool2d(found[:, None].float(), 2 * reach + 1, 1, reach)
    return wider[:, 0] > 0


def touches(seen: Bool[Tensor, "part height width"], reach: tuple[Reach, Reach]) -> Bool[Tensor, "part place"]:
    """Which parts each place of the site sees any pixel of."""
    edges = []
    for side in reach:
        first = side.offset + side.stride * torch.arange(side.count, device=seen.device)
        edges.append((first.clamp(0, side.length), (first + side.size).clamp(0, side.length)))
    (top, bottom), (left, right) = edges
    found = []
    for part in seen:
        sums = torch.nn.functional.pad(part.long().cumsum(0).cumsum(1), (1, 0, 1, 0))
        inside = sums[bottom][:, right] - sums[top][:, right] - sums[bottom][:, left] + sums[top][:, left]
        found.append(inside.flatten() > 0)
    return torch.stack(found)


def coloured(touching: Bool[Tensor, "part place"]) -> Int[Tensor, "part"]:
    """A colour for each part so that no place sees two of one colour: the part with most neighbours first, the first colour that is free."""
    together = touching.float() @ touching.float().T > 0
    together.fill_diagonal_(False)
    colours = torch.full((len(touching),), -1, dtype=torch.long, device=touching.device)
    for part in together.sum(dim=1).argsort(descending=True, stable=True).tolist():
        taken = set(colours[together[part]].tolist())
        colours[part] = next(colour for colour in range(len(touching)) if colour not in taken)
    return colours


def _made(
    question: Question, site: Site, number: int, parts: Tensor, base: Tensor, touching: Bool[Tensor, "part place"], colours: Int[Tensor, "part"]
) -> Sharing:
    count = int(colours.max()) + 1
    owner = torch.full((count, touching.shape[1]), len(touching), dtype=torch.long, device=parts.device)
    for part, colour in enumerate(colours.tolist()):
        owner[colour, touching[part]] = part
    sets = torch.arange(2**count, device=parts.device)
    rows = []
    with torch.no_grad():
        for some in sets.split(question.batch_size):
            there = (some[:, None] >> colours[None, :]) % 2 == 1
            raw = question.network.read(site, _shown(question, parts, base, number, there), frame="photo")
            rows.append(raw.permute(0, 2, 3, 1).flatten(0, 2))
    return Sharing(question, site, number, torch.cat(rows), owner)


def _shown(question: Question, parts: Tensor, base: Tensor, number: int, there: Tensor) -> Tensor:
    return torch.where(there[:, parts][:, None], question.images[number], base)


def _right(found: Sharing, parts: Tensor, base: Tensor, present: Tensor) -> bool:
    """Whether some coalitions are answered as by whole passes."""
    quiet = replace(found.question, advance=lambda more: None)
    tried = present[:: max(1, len(present) // TRIED)][:TRIED]
    photo = torch.full((len(tried),), found.number, device=parts.device)
    whole = quiet.responses(_shown(quiet, parts, base, found.number, tried), photo)
    return close(replace(found, question=quiet).responses(tried), whole, float(whole.abs().max()) + 1e-12)
