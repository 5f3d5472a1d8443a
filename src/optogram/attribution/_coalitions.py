"""Photographs with some of their parts replaced by a baseline, and what the unit says to them: what LIME, Shapley values and the like share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._entrance import affordable, enterable
from optogram.attribution._question import Answer, Question
from optogram.attribution._sharing import WORTH_IT, sharing
from optogram.attribution._superpixels import Segments, parts_of

ROUNDING = 16
"""Digits of rounding in a difference of responses, as multiples of the machine's epsilon."""


@dataclass(frozen=True, slots=True)
class Game:
    """The parts of each photograph as players; `count` is the most that any has, the missing ones of others are without effect."""

    question: Question
    parts: Int[Tensor, "batch height width"]
    base: Float[Tensor, "batch channel height width"]
    count: int
    responses: Float[Tensor, "batch"]
    absent: Float[Tensor, "batch"]

    def play(self, present: Bool[Tensor, "draw player"]) -> Float[Tensor, "batch draw"]:
        """Responses to each photograph with only these parts present; the draws are the same for every photograph. Memory as of one inner batch."""
        here = present.to(self.question.images.device)
        if len(present) < WORTH_IT or not (enterable(self.question) and affordable(self.question)):
            return self.play_drawn(len(present), here.__getitem__)
        found = torch.empty(len(self.parts), len(present), dtype=torch.float64, device=here.device)
        with self.question.tracked(found.numel()) as watched:
            for photo in range(len(found)):
                found[photo] = self._answers(watched, photo, here)
        return found

    def _answers(self, watched: Question, photo: int, present: Bool[Tensor, "draw player"]) -> Float[Tensor, "draw"]:
        """One photograph's, early layers computed once for all draws where that can be had."""
        quick = sharing(watched, self.parts[photo], self.base[photo], photo, present)
        numbers = torch.full((watched.batch_size,), photo, device=present.device)
        rows = present.split(watched.batch_size)
        if quick is not None:
            return torch.cat([quick.responses(some) for some in rows]).double()
        return torch.cat([watched.responses(self._shown(some, numbers[: len(some)]), numbers[: len(some)]) for some in rows]).double()

    def play_drawn(self, draws: int, present: Callable[[Int[Tensor, "row"]], Shaped[Tensor, "row player"]]) -> Float[Tensor, "batch draw"]:
        """The same for draws that are made as they are needed: `present(numbers)` says which parts are there, or how much of each (0..1)."""
        images, question = self.question.images, self.question
        found = torch.empty(len(images), draws, dtype=torch.float64, device=images.device)
        if draws == 0:
            return found
        pairs = torch.cartesian_prod(torch.arange(draws), torch.arange(len(images))).to(images.device)
        with question.tracked(len(pairs)) as watched:
            for draw, photo in (part.T for part in pairs.split(question.batch_size)):
                found[photo, draw] = watched.responses(self._shown(present(draw), photo), photo).double()
        return found

    def _shown(self, present: Shaped[Tensor, "row player"], photo: Int[Tensor, "row"]) -> Float[Tensor, "row channel height width"]:
        amount = present.gather(1, self.parts[photo].flatten(1)).view(len(photo), 1, *self.parts.shape[1:])
        images, base = self.question.images[photo], self.base[photo]
        return torch.where(amount, images, base) if amount.dtype is torch.bool else torch.lerp(base, images, amount.to(images))

    def differences(self, gains: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        """Differences of responses, those of rounding alone made nought (two passes of the same numbers may differ in their last digits)."""
        scale = torch.maximum(self.responses.abs(), self.absent.abs()).double() * ROUNDING * torch.finfo(self.responses.dtype).eps
        return torch.where(gains.abs() > scale.view(-1, *[1] * (gains.ndim - 1)), gains, 0)

    def spread(self, worth: Float[Tensor, "batch player"]) -> Float[Tensor, "batch channel height width"]:
        """Each part's worth at each of its pixels."""
        flat = worth.to(self.question.images.dtype).gather(1, self.parts.flatten(1))
        return flat.view(len(worth), 1, *self.parts.shape[1:]).expand_as(self.question.images)

    def share(self, worth: Float[Tensor, "batch player"]) -> Float[Tensor, "batch channel height width"]:
        """Each part's worth divided among its pixels and channels, so that the map sums to what all parts are worth."""
        sizes = torch.stack([torch.bincount(one.flatten(), minlength=self.count) for one in self.parts]) * self.question.images.shape[1]
        return self.spread(worth / sizes.clamp_min(1))

    def complete(self, worth: Float[Tensor, "batch player"], *, estimated: bool = False) -> Answer:
        """The answer of a method whose worths sum to f(x) - f(baseline)."""
        values = self.share(worth)
        delta = values.double().flatten(1).sum(dim=1) - (self.responses - self.absent)
        places = self.question.places or ()
        return Answer(values, self.responses, places, delta=delta.to(values.dtype), base=self.absent, estimated=estimated)


def game_of(question: Question, segments: Segments, cells: int, baseline: Baseline) -> Game:
    """The unit is read at the neuron that is greatest on the whole photograph."""
    parts = parts_of(question, segments, cells)
    base = baseline_of(question, question.images, baseline)
    fixed, responses = question.settled()
    return Game(fixed, parts, base, int(parts.max()) + 1, responses, fixed.responses(base))
