"""Photographs with some of their parts replaced by a baseline, and what the unit says to them: what LIME, Shapley values and ablation share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Answer, Question
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
        images, question = self.question.images, self.question
        here = present.to(images.device)
        found = torch.empty(len(images), len(present), dtype=torch.float64, device=images.device)
        if len(present) == 0:
            return found
        pairs = torch.cartesian_prod(torch.arange(len(present)), torch.arange(len(images))).to(images.device)
        with question.tracked(len(pairs)) as watched:
            for draw, photo in (part.T for part in pairs.split(question.batch_size)):
                shown = here[draw].gather(1, self.parts[photo].flatten(1)).view(len(photo), 1, *self.parts.shape[1:])
                found[photo, draw] = watched.responses(torch.where(shown, images[photo], self.base[photo]), photo).double()
        return found

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
