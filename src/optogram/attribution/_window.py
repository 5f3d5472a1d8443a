"""Responses to photographs with one window changed, computed only where the window reaches.

A place of a site sees a box of the photograph, so a window changes some places of each site and leaves the others as they were. From site to
site: what the changed places of the next site see is cut out of the activations (those of the unchanged photograph, the changed places set in),
the network is run on that cut from site to site, and the changed places are taken from what it gives; behind the last site the network goes
on from all of its activations. What a window reaches grows from site to site until it is nearly everything, where the sites end. Where photographs
are resized and cropped, that is done to covered ones whole, and the window is what has changed of what the network is given.

Fields are measured (`network/receptive_field.py`), the answers of some windows compared with whole passes: where they differ, all passes are whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from optogram.attribution._entrance import Reach, Way, affordable, close, enterable, entered, entrances, passed, scrap_of
from optogram.attribution._question import Question
from optogram.evenly import evenly
from optogram.network.site import Site

WORTH_IT = 128
"""Rows from which on fields are worth measuring."""
COARSEST = 16
"""Sites with a place for at least every so many pixels a side: behind them, nearly all is reached."""
SHARE = 0.8
"""The most of what a site reads that windows may reach, on average."""
STAGES = 10
TOGETHER = 4
"""Batches whose cuts go from site to site together: they are small, and weights are laid out for each pass anew."""
TRIED = 4

Spot = tuple[int, int]
Pair = tuple[Reach, Reach]


@dataclass(frozen=True, slots=True)
class Stage:
    """A site: what its places see of the photograph, and what of the stage before (of the photograph, where it is the first)."""

    site: Site
    sees: Pair
    reads: Pair


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows that are as `whole[photo]` but for a box each: `boxes` [row][axis] are its ends, and `parts` holds it, beginning at `shift`."""

    whole: Float[Tensor, "batch unit row column"]
    photo: list[int]
    parts: Float[Tensor, "row2 unit row3 column3"]
    boxes: list[list[Spot]]
    shift: list[list[int]]

    def of(self, rows: slice) -> Changed:
        """Some of the rows."""
        return Changed(self.whole, self.photo[rows], self.parts[rows], self.boxes[rows], self.shift[rows])

    def cut(self, starts: Sequence[list[int]], size: Spot) -> Float[Tensor, "row2 unit row4 column4"]:
        """Boxes of one size, which begin at `starts` [axis][row]."""
        shape = (len(self.photo), self.whole.shape[1], *size)
        found = torch.empty(shape, dtype=self.whole.dtype, device=self.whole.device, memory_format=torch.channels_last)
        for row, number in enumerate(self.photo):
            top, left = starts[0][row], starts[1][row]
            found[row] = self.whole[number, :, top : top + size[0], left : left + size[1]]
            there, here = [], []
            for axis, start in enumerate((top, left)):
                first, last = max(self.boxes[row][axis][0], start), min(self.boxes[row][axis][1], start + size[axis])
                there.append(slice(first - start, max(first, last) - start))
                here.append(slice(first - self.shift[row][axis], max(first, last) - self.shift[row][axis]))
            found[row, :, there[0], there[1]] = self.parts[row, :, here[0], here[1]]
        return found


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Sites one after another, and their activations of some unchanged photographs, the first of which has the number `first`.

    `given` is what the network is given of them: `images` itself where they are neither resized nor cropped.
    """

    question: Question
    stages: tuple[Stage, ...]
    images: Float[Tensor, "batch channel height width"]
    base: Float[Tensor, "batch channel height width"]
    given: Float[Tensor, "batch channel rows columns"]
    wholes: tuple[Float[Tensor, "batch _ _ _"], ...]
    size: Spot
    first: int = 0

    def of(self, images: Float[Tensor, "batch channel height width"], base: Float[Tensor, "batch channel height width"], first: int) -> Shortcut:
        """The same for other photographs, the first of which has this number."""
        given = self.question.network.prepare(images)
        return replace(self, images=images, base=base, given=given, wholes=_wholes(self.question, self.stages, given), first=first)

    def responses(self, photo: Int[Tensor, "row"], spots: list[Spot]) -> Float[Tensor, "row"]:
        """The response to each photograph with the window at each spot replaced by the baseline."""
        with torch.no_grad():
            changed = self._covered([int(number) - self.first for number in photo], spots)
            windows = changed.boxes
            for number, whole in enumerate(self.wholes):
                changed = self._further(changed, number, whole, windows)
            rows, columns = self.stages[-1].sees
            parts = []
            for some in self.question.batches(len(spots)):
                starts = [[0] * (some.stop - some.start)] * 2
                parts.append(self.finished(changed.of(some).cut(starts, (rows.count, columns.count)), photo[some]))
            return torch.cat(parts)

    def finished(self, activations: Float[Tensor, "row unit row2 column"], photo: Int[Tensor, "row"]) -> Float[Tensor, "row"]:
        """The response when the network goes on from these activations of the last site."""
        return entered(self.question, self.stages[-1].site, activations, photo, scrap_of(self.given))

    def _covered(self, numbers: list[int], spots: list[Spot]) -> Changed:
        """What the network is given when the windows are covered."""
        if self.given is self.images:
            windows = [[(spot[axis], min(self.images.shape[2 + axis], spot[axis] + self.size[axis])) for axis in (0, 1)] for spot in spots]
            return Changed(self.images, numbers, self.base[numbers], windows, [[0, 0]] * len(spots))
        prepare = self.question.network.prepare
        batches = list(self.question.batches(len(spots)))
        parts = torch.cat([prepare(covered(self.images[numbers[some]], self.base[numbers[some]], spots[some], self.size)) for some in batches])
        return Changed(self.given, numbers, parts, boxes_of((parts != self.given[numbers]).any(dim=1)), [[0, 0]] * len(spots))

    def _further(self, changed: Changed, number: int, whole: Tensor, windows: list[list[Spot]]) -> Changed:
        """What changes at a stage, from what changes at the one before."""
        stage = self.stages[number]
        boxes = [[side.places(*span) for side, span in zip(stage.sees, window, strict=True)] for window in windows]
        (tops, height), (lefts, width) = (side.fitted([side.seen(*box[axis]) for box in boxes]) for axis, side in enumerate(stage.reads))
        parts = _between(self.question, self.stages, number, changed.cut((tops, lefts), (height, width)))
        down, across = (side.stride for side in stage.reads)
        shift = [[top // down, left // across] for top, left in zip(tops, lefts, strict=True)]
        return Changed(whole, changed.photo, parts, [[(low, high + 1) for low, high in box] for box in boxes], shift)


def shortcut(
    question: Question,
    responses: Float[Tensor, "batch"],
    base: Float[Tensor, "batch channel height width"],
    size: Spot,
    corners: list[Spot],
) -> Shortcut | None:
    """Sites at which windows of this size reach little enough, for the first photographs; `None` where there are none, or answers would differ."""
    first = slice(0, min(question.batch_size, question.photographs))
    if len(corners) * question.photographs < WORTH_IT or not (enterable(question) and affordable(question)) or _thin(question):
        return None
    stages = stages_of(question, responses, size, corners)
    if not stages:
        return None
    reads = [*question.target.addresses, *(stage.site.address for stage in stages)]
    fast = replace(question, network=question.network.worker(channels_last=True, reads=reads))
    images, base = question.images[first], base[first]
    try:
        given = fast.network.prepare(images)
        found = Shortcut(fast, stages, images, base, given, _wholes(fast, stages, given), size)
        return found if _right(found, responses, corners) else None
    except (RuntimeError, ValueError, IndexError):
        return None  # a network that does not run on a part of its input, or reads it elsewhere too


def _thin(question: Question) -> bool:
    """Whether channels are convolved by themselves: that is so little work that cuts cost more than they save (MobileNetV2: a quarter more)."""
    convolutions = [module for module in question.network.module.modules() if isinstance(module, nn.Conv2d)]
    return any(one.groups == one.in_channels > 1 for one in convolutions)


def stages_of(question: Question, responses: Float[Tensor, "batch"], size: Spot, corners: list[Spot]) -> tuple[Stage, ...]:
    """Sites that everything passes, one after another, as long as windows reach only a part of what a site reads; at most `STAGES`, evenly."""
    sides = question.network.input_size
    windows = _about(question, size, corners)
    ways = entrances(question, COARSEST)[::-1]
    ways = passed(question, ways, responses) if ways else []
    while ways:
        stages = _linked(evenly(ways, STAGES), sides)
        if stages and _share(stages[-1], windows) <= SHARE:
            return stages
        ways = ways[:-1]
    return ()


def covered(
    images: Float[Tensor, "row channel height width"], base: Float[Tensor, "row channel height width"], spots: Sequence[Spot], size: Spot
) -> Float[Tensor, "row channel height width"]:
    """Each row with the window at its spot replaced by the baseline."""
    found = images.clone()
    for row, (top, left) in enumerate(spots):
        place = (row, slice(None), slice(top, top + size[0]), slice(left, left + size[1]))
        found[place] = base[place]
    return found


def boxes_of(changed: Bool[Tensor, "row height width"]) -> list[list[Spot]]:
    """The ends along either axis of the box that holds what is true in each row; of the first pixel where nothing is."""
    ends = []
    for axis in (2, 1):
        along = changed.any(dim=axis).int()
        first = along.argmax(dim=1)
        last = along.shape[1] - along.flip(1).argmax(dim=1)
        last = torch.where(along.any(dim=1), last, 1)
        ends.append(list(zip(first.tolist(), last.tolist(), strict=True)))
    return [[rows, columns] for rows, columns in zip(*ends, strict=True)]


def _about(question: Question, size: Spot, corners: list[Spot]) -> list[list[Spot]]:
    """What windows cover of what the network is given, to the pixel where photographs are not resized and about so where they are."""
    sides, (height, width) = question.network.input_size, question.images.shape[2:]
    resized, corner = (find(height, width) for find in (question.network.preprocess.resized, question.network.preprocess.offset))
    found = []
    for spot in corners:
        spans = []
        for axis, whole in enumerate((height, width)):
            start, end = (place * resized[axis] / whole - corner[axis] for place in (spot[axis], min(whole, spot[axis] + size[axis])))
            first = min(max(0, math.floor(start)), sides[axis] - 1)
            spans.append((first, max(first + 1, min(sides[axis], math.ceil(end)))))
        found.append(spans)
    return found


def _linked(ways: Sequence[Way], sides: Spot) -> tuple[Stage, ...]:
    """Each site by what it reads of the one before; those whose places do not fall on the others' are left out."""
    before = tuple(Reach(0, 1, 1, side, side) for side in sides)
    stages = []
    for site, sees in ways:
        down, across = (side.after(last) for side, last in zip(sees, before, strict=True))
        if down is not None and across is not None:
            stages.append(Stage(site, sees, (down, across)))
            before = sees
    return tuple(stages)


def _share(stage: Stage, windows: list[list[Spot]]) -> float:
    """How much of what the stage reads windows reach, on average."""
    areas = []
    for window in windows:
        spans = [reads.seen(*sees.places(*span)) for sees, reads, span in zip(stage.sees, stage.reads, window, strict=True)]
        areas.append((spans[0][1] - spans[0][0]) * (spans[1][1] - spans[1][0]))
    return sum(areas) / len(areas) / (stage.reads[0].length * stage.reads[1].length)


def _between(question: Question, stages: Sequence[Stage], number: int, before: Tensor) -> Tensor:
    """The activations of a stage from (a part of) those of the stage before it; of the first, from the photographs."""
    site = stages[number].site.address
    if number == 0:
        return question.network.read(site, before, frame="input")
    with question.network.tap(site, edits={stages[number - 1].site.address: lambda raw: before}) as taps:
        question.network.run(scrap_of(question.images), "input")
    return taps[site]


def _wholes(question: Question, stages: Sequence[Stage], images: Tensor) -> tuple[Tensor, ...]:
    with torch.no_grad(), question.network.tap(*(stage.site.address for stage in stages)) as taps:
        question.network.run(images, "input")
    return tuple(taps[stage.site.address] for stage in stages)


def _right(found: Shortcut, responses: Tensor, corners: list[Spot]) -> bool:
    """Whether unchanged photographs and some windows, corners among them, are answered as by whole passes."""
    count = min(TRIED, len(found.images))
    photo = torch.arange(count, device=responses.device)
    scale = float(responses.abs().max()) + 1e-12
    quiet = replace(found, question=replace(found.question, advance=lambda more: None))
    if not close(quiet.finished(found.wholes[-1][:count], photo), responses[:count], scale):
        return False
    tried = [corners[0], corners[-1], corners[len(corners) // 2], corners[len(corners) // 3]]
    number = torch.zeros(len(tried), dtype=torch.long, device=responses.device)
    whole = quiet.question.responses(covered(found.images[number], found.base[number], tried, found.size), number)
    return close(quiet.responses(number, tried), whole, scale)
