"""How much each concept of a site (`og.concepts`) carries of a unit's response: what it adds, and what is lost without it.

The amounts of the concepts are the inputs and the rest of the network the function: integrated gradients over them (Sundararajan et al. 2017,
as in Fel et al. 2023, "A holistic approach to unifying automatic concept extraction and concept importance estimation"). What the concepts do not
explain of the activations stays as it is, so the photograph's own response is what is shared out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram.attribution._arrays import as_array
from optogram.attribution._attribute import laid_out
from optogram.attribution._cam import maps_of
from optogram.attribution._concepts import Concepts, amounts_of
from optogram.attribution._question import check_finite
from optogram.attribution._sets import count_of, frames, hash_of
from optogram.attribution._target import Places, Target, read_target
from optogram.attribution.integrated_gradients import quadrature_of
from optogram.errors import InputError, NotDefinedError, SettingError
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.progress import Progress, track
from optogram.result import Provenance, Result
from optogram.statistics.intervals import bootstrap_mean

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST = 3
"""Photographs from which on limits can be given."""


@dataclass(frozen=True)
class Importance(Result):
    """What concepts do for a target, photograph by photograph, in the order of the concepts.

    `worth` [photo, concept]: each one's share of the response; they sum to `responses` less `without` (no concept there), up to `delta`.
    `lost` [photo, concept]: by how much the response falls when that concept alone is taken out of the site's activations. `mean`, `low` and `high`:
    of `worth` over photographs, with limits at 95 % (NaN for fewer than three photographs).
    """

    site: str
    target: str
    worth: Float[np.ndarray, "photo concept"]
    lost: Float[np.ndarray, "photo concept"]
    responses: Float[np.ndarray, "photo"]
    without: Float[np.ndarray, "photo"]
    delta: Float[np.ndarray, "photo"]
    mean: Float[np.ndarray, "concept"]
    low: Float[np.ndarray, "concept"]
    high: Float[np.ndarray, "concept"]
    provenance: Provenance

    ARRAYS: ClassVar[tuple[str, ...]] = ("worth", "lost", "responses", "without", "delta", "mean", "low", "high")

    @property
    def order(self) -> list[int]:
        """The concepts' numbers, that of the greatest mean first."""
        return [int(concept) for concept in np.argsort(-self.mean, kind="stable")]

    def figure(self) -> Image:
        """A line a concept, most important first: the mean with its limits, about nought."""
        from optogram.attribution._importance_figure import figure

        return figure(self)

    def __str__(self) -> str:
        photos = len(self.responses)
        lines = [f"{len(self.mean)} concepts of {self.site} for {self.target} on {photos} photographs: mean share [95 %], fall without it"]
        for concept in self.order:
            limits = f" [{self.low[concept]:+.3g}, {self.high[concept]:+.3g}]" if np.isfinite(self.low[concept]) else ""
            lines.append(f"{concept:3d}  {self.mean[concept]:+.3g}{limits}  {self.lost[:, concept].mean():+.3g}")
        return "\n".join([*lines, f"no concept there: {self.without.mean():.3g} of {self.responses.mean():.3g}"])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A target read behind a site whose activations are given."""

    network: Network
    site: Site
    target: Target

    def responses(self, images: Tensor, raw: Float[Tensor, "row ..."], places: Places | None) -> tuple[Float[Tensor, "row"], Places]:
        with self.network.tap(*self.target.addresses, edits={self.site.address: lambda _: raw.clone()}) as taps:
            self.network.run(images, "input")
            found, read = self.target.responses({address: taps[address] for address in self.target.addresses}, places)
        check_finite(found.detach(), torch.arange(len(found), device=found.device), self.target.text)
        return found, read

    def slopes(self, images: Tensor, raw: Float[Tensor, "row ..."], places: Places) -> Float[Tensor, "row ..."]:
        leaf = raw.detach().requires_grad_()
        with torch.enable_grad():
            found, _ = self.responses(images, leaf, places)
            (grad,) = torch.autograd.grad(found.sum(), leaf, allow_unused=True) if found.requires_grad else (None,)
        if grad is None:
            raise NotDefinedError(f"{self.target.text} does not depend on {self.site.address}: choose concepts of a site that feeds it")
        return grad


def importance(
    found: Concepts,
    network: Network,
    photos: Any,
    target: Any,
    *,
    steps: int = 16,
    reduce: str = "max",
    batch_size: int = 16,
    progress: Progress = True,
) -> Importance:
    """`Concepts.importance`: see there. `steps` Gauss-Legendre nodes and one pass a concept, in batches of photographs."""
    runner = laid_out(network)
    place, chosen = runner.site(found.site), read_target(runner, target, reduce)
    if place.order >= chosen.order:
        raise SettingError(f"{place.address} is computed after {chosen.text}: choose concepts of a site before it")
    if place.units != found.patterns.shape[1] or batch_size < 1:
        raise InputError(f"the concepts are of {found.patterns.shape[1]} units, {place.address} has {place.units}; batch_size is at least 1")
    asked, rule = _Asked(runner, place, chosen), quadrature_of("gauss_legendre", steps)
    patterns = torch.as_tensor(found.patterns, device=runner.device, dtype=runner.dtype)
    count = count_of(runner, photos)
    with track("importance", count * (steps + len(patterns) + 1), progress) as advance:
        parts = [_of(asked, batch, patterns, rule, advance) for batch in frames(runner, photos, batch_size)]
    worth, lost, responses, without = (np.concatenate([as_array(part[number]) for part in parts]) for number in range(4))
    settings = {"target": chosen.text, "site": place.address, "concepts": len(patterns), "steps": steps, "reduce": reduce}
    provenance = Provenance("importance", network.name, network.weights_hash, hash_of(runner, photos), "", settings, 0)
    low = high = np.full(len(patterns), np.nan)
    if len(worth) >= LEAST:
        limits = bootstrap_mean(worth.astype(float), np.arange(len(worth)), seed=0)
        low, high = np.asarray(limits.low), np.asarray(limits.high)
    delta = worth.sum(axis=1) - (responses - without)
    return Importance(place.address, chosen.text, worth, lost, responses, without, delta, worth.mean(axis=0), low, high, provenance)


def _of(
    asked: _Asked, images: Float[Tensor, "batch _ _2 _3"], patterns: Float[Tensor, "concept unit"], rule: tuple[np.ndarray, np.ndarray], advance: Any
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Worth, loss, responses to the photographs and to what is left of them without any concept."""
    with torch.no_grad():
        raw = asked.network.read(asked.site, images)
        amounts = amounts_of(maps_of(asked.site, raw), patterns)
        rest = raw - _placed(asked.site, raw, torch.einsum("bkrc,ku->burc", amounts, patterns))
        responses, places = asked.responses(images, raw, None)
        without, _ = asked.responses(images, rest, places)
        lost = []
        for concept, pattern in enumerate(patterns):
            own = amounts[:, concept, None] * pattern[None, :, None, None]
            lost.append(responses - asked.responses(images, raw - _placed(asked.site, raw, own), places)[0])
            advance(len(images))
    mean = torch.zeros_like(raw)
    for node, weight in zip(*rule, strict=True):
        mean += float(weight) * asked.slopes(images, rest + float(node) * (raw - rest), places)
        advance(len(images))
    worth = torch.einsum("bkrc,burc,ku->bk", amounts, maps_of(asked.site, mean), patterns)
    advance(len(images))
    return worth, torch.stack(lost, dim=1), responses, without


def _placed(site: Site, raw: Tensor, maps: Float[Tensor, "batch unit rows columns"]) -> Tensor:
    """Maps of units laid out as the site lays out its activations, nought elsewhere: the transpose of `maps_of`."""
    with torch.enable_grad():
        blank = torch.zeros_like(raw).requires_grad_()
        return torch.autograd.grad(maps_of(site, blank), blank, maps)[0]
