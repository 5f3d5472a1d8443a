"""Conditions on the way back: relevance that passes through chosen units of hidden sites, and through no others.

Achtibat et al. 2023, "From attribution maps to human-understandable explanations through concept relevance propagation".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.attribution._question import Question
from optogram.errors import InputError, NotDefinedError
from optogram.network.site import Site, Unit
from optogram.network.tap import Taps


@dataclass(frozen=True, slots=True)
class Through:
    """Chosen units (or neurons) of one site."""

    site: Site
    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        """The units as they are called."""
        return str(self.units[0]) if len(self.units) == 1 else f"{len(self.units)} units of {self.site.address}"

    def mask(self, raw: Float[Tensor, "..."]) -> Bool[Tensor, "..."]:
        """Where in the site's raw activations they are."""
        with torch.enable_grad():
            blank = torch.zeros_like(raw).requires_grad_()
            chosen = torch.stack([self.site.select(blank, unit).sum() for unit in self.units]).sum()
            return torch.autograd.grad(chosen, blank)[0] != 0


def read_through(question: Question, through: str | Sequence[str] | None) -> tuple[Through, ...]:
    """What a user wrote: addresses of units, ranges or sites; those of one site together, the deepest site first."""
    if through is None:
        return ()
    addresses = [through] if isinstance(through, str) else list(through)
    if not addresses or not all(isinstance(one, str) for one in addresses):
        raise InputError(f'through names units of hidden sites, such as "layer3:12", or several in a list; got {through!r:.80}')
    units = [unit for address in addresses for unit in question.network.units(address)]
    sites = {unit.site.address: unit.site for unit in units}
    for site in sites.values():
        if site.order >= question.target.order:
            raise NotDefinedError(f"{site.address} is computed after {question.target.text}, or is its own site: choose one before it")
        if question.source is not None and site.order <= question.source.order:
            raise NotDefinedError(f"{site.address} is not between {question.source.address} and {question.target.text}: choose a site that is")
    deepest = sorted(sites.values(), key=lambda site: site.order, reverse=True)
    return tuple(Through(site, tuple(unit for unit in units if unit.site.address == site.address)) for site in deepest)


def conditioned(
    responses: Float[Tensor, "row"], through: Sequence[Through], taps: Taps
) -> tuple[Float[Tensor, "..."], Float[Tensor, "..."] | None, tuple[Float[Tensor, "row"], ...]]:
    """Where the way back begins, with what, and the share of each site's relevance that its units carry.

    Without conditions at the responses. Each condition ends the way back at its site, drops what other units carry, and goes on
    from there: what passes beside the site (a skip connection) has no part in it.
    """
    begin: Tensor = responses.sum()
    c: Tensor | None = None
    shares = []
    for condition in through:
        raw = taps[condition.site.address]
        (arrived,) = torch.autograd.grad(begin, raw, c, retain_graph=True, allow_unused=True)
        if arrived is None:
            raise NotDefinedError(
                f"no relevance is handed to {condition.site.address} itself: it feeds something else, or a batch norm that is folded into it. "
                "Choose the norm, or another site that feeds the target."
            )
        begin, c = raw, torch.where(condition.mask(raw), arrived, 0.0)
        whole, part = ((raw.detach() * one).flatten(1).sum(dim=1) for one in (arrived, c))
        shares.append(torch.where(whole == 0, 0.0, part / torch.where(whole == 0, 1.0, whole)))
    return begin, c, tuple(shares)
