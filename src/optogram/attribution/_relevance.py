"""Relevances of pixels, or of a source's units, for a choice of rules: the passes of `lrp` and `excitation_backprop`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._affine import Affine
from optogram.attribution._carried import Carried, Carrier, Other, Rule, carried
from optogram.attribution._question import Question
from optogram.attribution._target import Places
from optogram.attribution._through import Through

INSTEAD = "integrated_gradients, or gradient"


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rule goes where: at convolutions, at dense layers, and at the layers that read the pixels (`None`: as elsewhere).

    `others` rule what is neither such a layer nor an activation, by function (`_carried.Carrier`).
    """

    convolution: Rule
    dense: Rule
    first: Rule | None = None
    epsilon: float = 1e-6
    biases: bool = True
    others: Mapping[Callable[..., Any], Other] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relevances:
    """One relevance a pixel (or a unit of the source), with the responses that they share out.

    `shares` are those of `_carried.Carried`; `mixed`: what is neither a layer nor an activation (attention, norms) had a part in it.
    """

    values: Float[Tensor, "batch ..."]
    responses: Float[Tensor, "batch"]
    places: Places
    shares: tuple[Float[Tensor, "batch"], ...] = ()
    mixed: bool = False


def relevances(question: Question, rules: Rules, through: Sequence[Through] = ()) -> Relevances:
    """What each pixel takes of the response. Pixels count from the value that normalisation makes 0, as the first layer sees them.

    A photo pixel takes what the pixels of the input frame that it is resized to took, by its weight in each: nothing is lost but what is cropped.
    `through`: of what passes through those units alone.
    """
    parts = [_of(question, rows, rules, through) for rows in question.batches(question.photographs)]
    places = tuple(torch.cat(term) for term in zip(*(part.places for part in parts), strict=True))
    shares = tuple(torch.cat(one) for one in zip(*(part.shares for part in parts), strict=True))
    responses, mixed = torch.cat([part.responses for part in parts]), any(part.mixed for part in parts)
    return Relevances(torch.cat([part.values for part in parts]), responses, places, shares, mixed)


def _of(question: Question, rows: slice, rules: Rules, through: Sequence[Through]) -> Relevances:
    def rule_of(affine: Affine) -> Rule:
        return rules.dense if affine.kind == "dense" else rules.convolution

    first = None if question.source is not None else rules.first
    bounds = _bounds(question, rows) if first is not None else None
    carrier = Carrier(rule_of, whole, first, bounds, rules.epsilon, rules.biases, others=rules.others)
    found = carried(question, rows, carrier, "input", INSTEAD, through)
    values = found.leaf.detach() * found.c if question.source is not None else handed_to_photo(question, rows, of_pixels(question, found))
    return Relevances(values, found.responses, found.places, found.shares, carrier.mixed)


def whole(name: str, z: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor | None:
    """f(z) / z: an activation has one input, which takes all. `None` where that is the gradient, or where f(0) is not 0."""
    if name in ("relu", "leaky_relu", "prelu") or bool(function(z.new_zeros(1, *[1] * (z.ndim - 1))).any()):
        return None
    return torch.where(z == 0, 0.0, function(z) / torch.where(z == 0, 1.0, z))


def of_pixels(question: Question, found: Carried) -> Float[Tensor, "row channel rows columns"]:
    """At the pixels of the input frame: what was carried times the normalised pixel, and what first layers shared out themselves."""
    ends = _ends(question, found.leaf)
    scale = ends[1] - ends[0]
    values = (ends[0] + found.leaf.detach() * scale) * found.c / scale
    for x, relevance in found.given:
        values = values + torch.autograd.grad(x, found.leaf, relevance, retain_graph=True)[0] / scale
    return values


def handed_to_photo(question: Question, rows: slice, values: Float[Tensor, "row channel rows columns"]) -> Float[Tensor, "row channel height width"]:
    """From the input frame to the photo frame, by each photo pixel's weight in what it is resized to: sums stay."""
    images = question.images[rows].detach().requires_grad_()
    with torch.enable_grad():
        prepared = question.network.prepare(images)
        return values if prepared is images else torch.autograd.grad(prepared, images, values)[0]


def _bounds(question: Question, rows: slice) -> tuple[Tensor, Tensor]:
    """The normalised values of black and white pixels: the least and the greatest that there can be."""
    with torch.no_grad():
        black, white = _ends(question, question.network.prepare(question.images[rows][:1]))
    return torch.minimum(black, white), torch.maximum(black, white)


def _ends(question: Question, images: Tensor) -> tuple[Tensor, Tensor]:
    normalise = question.network.preprocess.normalise
    with torch.no_grad():
        return normalise(torch.zeros_like(images[:1])), normalise(torch.ones_like(images[:1]))
