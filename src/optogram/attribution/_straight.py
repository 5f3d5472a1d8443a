"""A straight path of pixels, walked behind the network's first layer.

Up to there the network is affine, so the path is straight there too, and gradients that are summed along it can be handed down to
the pixels once, in the end: no step passes the first layer, whose backward is among the dearest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._entrance import close
from optogram.attribution._question import Question
from optogram.network.site import Site

WORTH_LOOKING = 16
"""Finding out whether it is right costs a forward pass, or two."""


@dataclass(frozen=True, slots=True)
class Walk:
    """From `start`, by a share of `away`, in what `question` takes as inputs; `pulled` hands a gradient there down to the pixels."""

    question: Question
    start: Float[Tensor, "row ..."]
    away: Float[Tensor, "row ..."]
    pulled: Callable[[Tensor], Tensor]


def straight(
    question: Question, origin: Float[Tensor, "row ..."], base: Float[Tensor, "row ..."], steps: int, known: Float[Tensor, "row"] | None = None
) -> Walk:
    """The way from `base` to `origin`, the question's own rows: behind the first layer if that is right to rounding, else as it is.

    `known` are the responses to `origin` by the question's own network, where they have been computed.
    """
    plain = Walk(question, base, origin - base, lambda slopes: slopes)
    site = _first(question) if steps >= WORTH_LOOKING else None
    if site is None:
        return plain
    whole = replace(question, advance=lambda more: None)
    start, half, end = (_at(whole, site, rows) for rows in (base, (origin + base) / 2, origin))
    inside = replace(question, source=site, alone=True)
    walk = Walk(inside, start, end - start, lambda slopes: _handed_down(whole, site, origin, slopes))
    even = close(half, (start + end) / 2, float(half.abs().max()))
    return walk if even and _only_way(whole, site, base, end, known) else plain


def _first(question: Question) -> Site | None:
    """The first layer, its normalisation included, if the target comes after it."""
    site = question.network.sites()[0]
    return site if question.source is None and site.layout == "spatial" and site.order < question.target.order else None


def _at(question: Question, site: Site, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([question.network.read(site, images[rows], frame="photo") for rows in question.batches(len(images))])


def _handed_down(question: Question, site: Site, images: Tensor, slopes: Tensor) -> Tensor:
    parts: list[Tensor] = []
    for rows in question.batches(len(images)):
        leaf = images[rows].detach().requires_grad_()
        with torch.enable_grad():
            raw = question.network.read(site, leaf, frame="photo")
            parts += torch.autograd.grad(raw, leaf, slopes[rows])
    return torch.cat(parts)


def _only_way(question: Question, site: Site, base: Tensor, end: Tensor, known: Tensor | None) -> bool:
    """Whether the responses are the photographs' when baselines go as far as the site and the photographs' activations from there."""
    expected = question.responses(question.images) if known is None else known
    found = replace(question, images=base, source=site).responses(end)
    return close(found, expected, float(expected.abs().max()))
