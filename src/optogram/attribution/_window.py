"""Responses to photographs with one window changed, early layers computed only where the window reaches.

A place of an early site sees a small box of the photograph. So the photograph is cut down to what the places need that see the window, the network
is run on that to the site, the result is set into the site's activations of the unchanged photograph, and the network goes on from there. Fields are
measured (`network/receptive_field.py`), the answers of some windows compared with whole passes: where they differ, all passes are whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._entrance import Reach, affordable, close, enterable, entered, entrances
from optogram.attribution._question import Question
from optogram.network.site import Site

WORTH_IT = 512
"""Rows from which on fields are worth measuring."""
SHARE = 0.4
"""The most of a photograph that may have to be computed anew."""
TRIED = 4


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A site to enter the network at, its activations of the unchanged photographs, and how far windows reach."""

    question: Question
    site: Site
    whole: Float[Tensor, "batch unit row column"]
    reach: tuple[Reach, Reach]
    images: Float[Tensor, "batch channel height width"]
    base: Float[Tensor, "batch channel height width"]
    size: tuple[int, int]

    def responses(self, photo: Tensor, spots: list[tuple[int, int]]) -> Float[Tensor, "row"]:
        """The response to each photograph with the window at each spot replaced by the baseline."""
        crops, starts = zip(*(self._crop(int(number), spot) for number, spot in zip(photo, spots, strict=True)), strict=True)
        with torch.no_grad():
            parts = self.question.network.read(self.site, torch.stack(crops), frame="input")
            filled = self.whole[photo].contiguous(memory_format=torch.channels_last)
            for row, (spot, start) in enumerate(zip(spots, starts, strict=True)):
                there, here = [], []
                for axis, side in enumerate(self.reach):
                    low, high = side.places(spot[axis], min(side.length, spot[axis] + self.size[axis]))
                    shift = start[axis] // side.stride
                    there.append(slice(low, high + 1))
                    here.append(slice(low - shift, high + 1 - shift))
                filled[row, :, there[0], there[1]] = parts[row, :, here[0], here[1]]
            return self.finished(filled, photo)

    def finished(self, activations: Float[Tensor, "row unit row2 column"], photo: Tensor) -> Float[Tensor, "row"]:
        """The response when the network goes on from these activations; what comes before the site sees a scrap."""
        scrap = self.images[:1, :, : self.reach[0].crop, : self.reach[1].crop]
        return entered(self.question, self.site, activations, photo, scrap)

    def _crop(self, number: int, spot: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
        top, left = (side.start(spot[axis], min(side.length, spot[axis] + self.size[axis])) for axis, side in enumerate(self.reach))
        rows, columns = slice(top, top + self.reach[0].crop), slice(left, left + self.reach[1].crop)
        crop = self.images[number, :, rows, columns].clone()
        window = (slice(None), slice(spot[0] - top, spot[0] - top + self.size[0]), slice(spot[1] - left, spot[1] - left + self.size[1]))
        crop[window] = self.base[number, :, rows, columns][window]
        return crop, (top, left)


def shortcut(
    question: Question,
    responses: Float[Tensor, "batch"],
    base: Float[Tensor, "batch channel height width"],
    size: tuple[int, int],
    corners: list[tuple[int, int]],
) -> Shortcut | None:
    """The deepest site that windows of this size reach little enough of; `None` where there is none, or where answers would differ."""
    network, images = question.network, question.images
    if len(corners) * len(images) < WORTH_IT or not (enterable(question) and affordable(question)):
        return None
    for site, reach in _candidates(question, size, corners):
        fast = replace(question, network=network.worker(channels_last=True, reads=[*question.target.addresses, site.address]))
        with torch.no_grad():
            whole = torch.cat([fast.network.read(site, images[rows], frame="input") for rows in question.batches(len(images))])
        found = Shortcut(fast, site, whole, reach, images, base, size)
        if _right(found, responses, corners):
            return found
    return None


def _candidates(question: Question, size: tuple[int, int], corners: list[tuple[int, int]]) -> list[tuple[Site, tuple[Reach, Reach]]]:
    """Sites that fit, deepest first, at most two."""
    sides = question.network.input_size
    spans = [sorted({(corner[axis], min(sides[axis], corner[axis] + size[axis])) for corner in corners}) for axis in (0, 1)]
    fitted = [(site, (rows.fitted(spans[0]), columns.fitted(spans[1]))) for site, (rows, columns) in entrances(question)]
    return [(site, reach) for site, reach in fitted if reach[0].crop * reach[1].crop <= SHARE * sides[0] * sides[1]][:2]


def _right(found: Shortcut, responses: Tensor, corners: list[tuple[int, int]]) -> bool:
    """Whether unchanged photographs and some windows, corners among them, are answered as by whole passes."""
    count = min(TRIED, len(found.images))
    photo = torch.arange(count, device=responses.device)
    scale = float(responses.abs().max()) + 1e-12
    quiet = replace(found, question=replace(found.question, advance=lambda more: None))
    try:
        if not close(quiet.finished(found.whole[:count], photo), responses[:count], scale):
            return False
        tried = [corners[0], corners[-1], corners[len(corners) // 2], corners[len(corners) // 3]]
        number = torch.zeros(len(tried), dtype=torch.long, device=responses.device)
        covered = found.images[number].clone()
        for row, (top, left) in enumerate(tried):
            window = (row, slice(None), slice(top, top + found.size[0]), slice(left, left + found.size[1]))
            covered[window] = found.base[number][window]
        return close(quiet.responses(number, tried), quiet.question.responses(covered, number), scale)
    except (RuntimeError, ValueError, IndexError):
        return False  # a network that does not run on a part of its input, or reads it elsewhere too
