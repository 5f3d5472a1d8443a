"""Photographs with some of their parts replaced by a baseline, and what the unit says to them: what LIME, Shapley values and the like share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._entrance import affordable, enterable
from optogram.attribution._question import Answer, Question
from optogram.attribution._rounding import in_single, rounding_of
from optogram.attribution._sharing import WORTH_IT, sharing
from optogram.attribution._superpixels import Segments, parts_of

Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class Game:
    """The parts of each photograph as players; photograph i has `counts[i]` of them, and what is drawn for it is drawn for so many."""

    question: Question
    parts: Int[Tensor, "batch height width"]
    base: Float[Tensor, "batch channel height width"]
    counts: tuple[int, ...]
    responses: Float[Tensor, "batch"]
    absent: Float[Tensor, "batch"]

    def seen(self, photo: int) -> Bool[Tensor, "player"]:
        """Which parts the network is given anything of; the others change no response."""
        frame = self.question.network.preprocess.frame(self.parts.shape[1], self.parts.shape[2])
        known = torch.zeros(self.counts[photo], dtype=torch.bool, device=self.parts.device)
        known[self.parts[photo, frame.top : frame.bottom, frame.left : frame.right].flatten()] = True
        return known

    def drawn(self, make: Callable[[int], Drawn]) -> list[Drawn]:
        """What `make` makes of each photograph's number of parts; made once for all that have as many."""
        made = {count: make(count) for count in dict.fromkeys(self.counts)}
        return [made[count] for count in self.counts]

    def play(self, present: Sequence[Bool[Tensor, "_ _"]]) -> list[Float[Tensor, "_"]]:
        """Responses to each photograph with only these of its parts, a row a draw; memory as of one inner batch.

        Draws that are the same to the network (drawn twice, or different only in parts that its crop leaves out) are answered once.
        """
        told = [_distinct(one.to(self.question.images.device) & self.seen(photo)) for photo, one in enumerate(present)]
        return [answers[row] for answers, (_, row) in zip(self._played([rows for rows, _ in told]), told, strict=True)]

    def _played(self, here: Sequence[Bool[Tensor, "_ _"]]) -> list[Float[Tensor, "_"]]:
        draws = [len(one) for one in here]
        if max(draws) < WORTH_IT or not (enterable(self.question) and affordable(self.question)):
            return self.play_drawn(draws, lambda photo, number: here[photo][number])
        with self.question.tracked(sum(draws)) as watched:
            return [self._answers(watched, photo, one) for photo, one in enumerate(here)]

    def _answers(self, watched: Question, photo: int, present: Bool[Tensor, "draw player"]) -> Float[Tensor, "draw"]:
        """One photograph's, early layers computed once for all draws where that can be had."""
        quick = sharing(watched, self.parts[photo], self.base[photo], photo, present)
        if quick is not None:
            return torch.cat([quick.responses(rows) for rows in present.split(watched.batch_size)]).double()
        numbers = torch.full((watched.batch_size,), photo, device=present.device)
        found = [watched.responses(self._shown(photo, rows), numbers[: len(rows)]).double() for rows in present.split(watched.batch_size)]
        return torch.cat(found) if found else self.responses.new_zeros(0, dtype=torch.float64)

    def play_drawn(self, draws: Sequence[int], present: Callable[[int, Int[Tensor, "row"]], Shaped[Tensor, "row _"]]) -> list[Float[Tensor, "_"]]:
        """The same for draws made as they are needed: `present(photo, numbers)` says which parts are there, or how much of each (0..1)."""
        question, device = self.question, self.responses.device
        photos = torch.arange(len(draws)).repeat_interleave(torch.tensor(draws))
        numbers = torch.cat([torch.arange(count) for count in draws])
        found = torch.empty(len(photos), dtype=torch.float64, device=device)
        if len(photos):
            with question.tracked(len(photos)) as watched:
                for rows in torch.arange(len(photos)).split(question.batch_size):
                    each = [(int(photo), numbers[rows][photos[rows] == photo].to(device)) for photo in photos[rows].unique_consecutive()]
                    shown = torch.cat([self._shown(photo, present(photo, number)) for photo, number in each])
                    found[rows.to(device)] = watched.responses(shown, photos[rows].to(device)).double()
        return list(found.split(list(draws)))

    def _shown(self, photo: int, present: Shaped[Tensor, "row player"]) -> Float[Tensor, "row channel height width"]:
        amount = present[:, self.parts[photo]][:, None]
        image, base = self.question.images[photo], self.base[photo]
        return torch.where(amount, image, base) if amount.dtype is torch.bool else torch.lerp(base, image, amount.to(image))

    def differences(self, gains: Sequence[Float[Tensor, "..."]]) -> list[Float[Tensor, "..."]]:
        """Differences of responses, those of rounding alone made nought (two passes of the same numbers may differ in their last digits)."""
        scale = torch.maximum(self.responses.abs(), self.absent.abs()).double() * rounding_of(self.responses.dtype)
        return [torch.where(one.abs() > least, one, 0) for one, least in zip(gains, scale, strict=True)]

    def spread(self, worth: Sequence[Float[Tensor, "_"]]) -> Float[Tensor, "batch channel height width"]:
        """Each part's worth at each of its pixels."""
        maps = [one.to(self.question.images.dtype)[parts] for one, parts in zip(worth, self.parts, strict=True)]
        return torch.stack(maps)[:, None].expand_as(self.question.images)

    def share(self, worth: Sequence[Float[Tensor, "_"]]) -> Float[Tensor, "batch channel height width"]:
        """Each part's worth divided among its pixels and channels, so that the map sums to what all parts are worth."""
        channels = self.question.images.shape[1]
        return self.spread([one / (torch.bincount(parts.flatten()) * channels) for one, parts in zip(worth, self.parts, strict=True)])

    def complete(self, worth: Sequence[Float[Tensor, "_"]], *, estimated: bool = False) -> Answer:
        """The answer of a method whose worths sum to f(x) - f(baseline)."""
        values = self.share(worth)
        delta = values.double().flatten(1).sum(dim=1) - (self.responses - self.absent)
        places = self.question.places or ()
        return Answer(values, self.responses, places, delta=delta.to(values.dtype), base=self.absent, estimated=estimated)


def _distinct(present: Bool[Tensor, "draw player"]) -> tuple[Bool[Tensor, "row player"], Int[Tensor, "draw"]]:
    """The draws without those that repeat another, and which of these each draw is."""
    rows, number = present.unique(dim=0, return_inverse=True)
    return rows, number


def game_of(question: Question, segments: Segments, cells: int, baseline: Baseline) -> Game:
    """The unit is read at the neuron that is greatest on the whole photograph. Networks in 16 bits are measured in single precision."""
    question = in_single(question)
    parts = parts_of(question, segments, cells)
    base = baseline_of(question, question.images, baseline)
    fixed, responses = question.settled()
    return Game(fixed, parts, base, tuple(int(one.max()) + 1 for one in parts), responses, fixed.responses(base))
