"""A hidden site while the pixels go from a baseline to the photograph: what conductance and internal influence share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._baseline import Baseline, baseline_of
from optogram.attribution._question import Question
from optogram.errors import NotDefinedError
from optogram.network.site import Site


@dataclass(frozen=True, slots=True)
class Path:
    """The straight line of pixels from `base` to `images`, and the site that is looked at."""

    images: Float[Tensor, "batch channel height width"]
    base: Float[Tensor, "batch channel height width"]
    site: Site | None

    def at(self, share: float) -> Float[Tensor, "batch channel height width"]:
        """The pixels so far along."""
        return self.base + share * (self.images - self.base)

    def activations(self, question: Question, share: float) -> Float[Tensor, "batch ..."]:
        """The site's raw activations there."""
        return replace(question, images=self.at(share)).origin()

    def gradients(self, question: Question, share: float) -> Float[Tensor, "batch ..."]:
        """The gradient of the response with respect to the site there, the neuron as `question` has it."""
        assert self.site is not None
        here = replace(question, images=self.at(share), source=None)
        parts = []
        for rows in here.batches(here.photographs):
            _, (slopes,), _, _ = here.hidden([self.site], rows)
            parts.append(slopes)
            here.advance(len(self.images[rows]))
        return torch.cat(parts)

    def baseline_responses(self, question: Question) -> Float[Tensor, "batch"]:
        """What the unit says to the baseline."""
        return replace(question, images=self.base, source=None).responses(self.base)


def along(question: Question, baseline: Baseline) -> Path:
    """The path of a question about a hidden site. Raises `NotDefinedError` where the site lies behind the target."""
    pixels = replace(question, source=None)
    if question.source is not None and question.source.order >= question.target.order:
        raise NotDefinedError(f"{question.source.address} is computed after {question.target.text}: choose a source before it")
    return Path(question.images, baseline_of(pixels, question.images, baseline), question.source)
