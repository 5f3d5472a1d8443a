"""How often claims are made where there is nothing to claim: networks that have learned nothing in the network's place, and deranged pictures."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from optogram.evidence._bank import Bank
from optogram.evidence._claim import Claim
from optogram.evidence._judge import site_views
from optogram.evidence._matched import matrix
from optogram.evidence._view import SiteView
from optogram.evidence.identification import by_exemplars, identification
from optogram.exemplars.panel import panel_responses
from optogram.exemplars.result import Sweep
from optogram.exemplars.sweep import sweep as make_sweep
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.network.twin import remeasure
from optogram.statistics.gate import family_gate, unit_level
from optogram.statistics.identification import wrong_picture
from optogram.statistics.intervals import clopper_pearson

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Count:
    """`hits` of `trials` families claimed something. A calibration fails when the lower 95 % bound exceeds the level."""

    name: str
    hits: int
    trials: int

    @property
    def low(self) -> float:
        """The lower bound of Clopper and Pearson's 95 % interval."""
        return float(clopper_pearson(self.hits, self.trials).low)

    @property
    def fails(self) -> bool:
        """Whether more is claimed than the level allows, beyond doubt."""
        return self.low > LEVEL

    def __str__(self) -> str:
        return f"{self.name}: {self.hits} of {self.trials} (lower bound {self.low:.3f}{', FAILS' if self.fails else ''})"


@dataclass(frozen=True)
class Bench:
    """One network's panel at one site, through which any network of its architecture can be passed."""

    network: Network
    swept: Sweep
    images: Tensor
    view: SiteView

    @classmethod
    def of(cls, network: Network, photos: Photos, site: str, panel: int = 120) -> Bench:
        """One sweep, and one look of the bank at the patches."""
        swept = make_sweep(network, photos, sites=[site], panel=panel, progress=False)
        view = site_views(network, photos, swept, [network.site(site)], Bank(), progress=False)[site]
        return cls(network, swept, swept.panel.images(network, photos), view)

    def seen(self, other: Network) -> SiteView:
        """What `other` does at the same places."""
        probes = panel_responses(other, self.images, self.swept.panel, [self.view.site.address])[self.view.site.address]
        return replace(self.view, responses=np.asarray(probes.reshape(-1, probes.shape[-1]), np.float32))

    def twin(self, kind: str, seed: int) -> Network:
        """A network that has learned nothing: `reinit`, `shuffle`, or `orthogonal`, another scheme of initialisation."""
        photographs = self.images[:128].float() / 255
        if kind != "orthogonal":
            return self.network.twin(kind, seed, photographs)  # type: ignore[arg-type]
        return orthogonal(self.network, seed, photographs)

    def judged(self, one: SiteView, others: Sequence[SiteView], claim: Claim = identification) -> tuple[bool, int]:
        """Whether the gate opens, and how many units stand in it, by the judge's own rules."""
        own = claim.measure(one)
        twins = [claim.measure(other, own) for other in others]
        families = claim.families(own, twins)
        if not family_gate(families.observed, families.twins).p <= LEVEL:
            return False, 0
        units = unit_level(own.effect.astype(np.float64), np.stack([twin.effect for twin in twins]).astype(np.float64))
        return True, int(np.sum((own.q <= LEVEL) & (units.q <= LEVEL)))


def orthogonal(network: Network, seed: int, images: Tensor) -> Network:
    """Weights drawn orthogonal with gain sqrt 2 (Saxe et al. 2014), biases nought; batch norms measured anew on `images`."""
    module = copy.deepcopy(network.module)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.orthogonal_(layer.weight, 2**0.5, generator=generator)
                if layer.bias is not None:
                    layer.bias.zero_()
            elif isinstance(layer, nn.BatchNorm2d):
                layer.reset_parameters()
    found = Network(module, network.preprocess, name=f"{network.name}:orthogonal{seed}")
    copied = found.worker()
    remeasure(copied, images)
    return copied


def untrained(bench: Bench, kind: str, trials: int, twins: int, *, fresh: bool = True, first: int = 0) -> tuple[Count, Count]:
    """Networks of `kind` judged by re-initialised twins: how many gates open, and in how many families a unit stands.

    `fresh`: twins of its own for each trial, without which the trials hang together by the twins that they share.
    """
    opened = stood = 0
    pool: list[SiteView] = []
    for trial in range(trials):
        if fresh or not pool:
            start = first + 10_000 + trial * twins
            pool = [bench.seen(bench.twin("reinit", start + number)) for number in range(twins)]
        gate, units = bench.judged(bench.seen(bench.twin(kind, first + trial)), pool)
        opened, stood = opened + gate, stood + (units > 0)
    return Count(f"{kind}: gates", opened, trials), Count(f"{kind}: families with a unit that stands", stood, trials)


def deranged(view: SiteView, trials: int, seed: int = 0) -> Count:
    """Every unit's picture dealt to another unit: in how many deals any unit passes the wrong-picture test at q .05."""
    found, generator = matrix(view, by_exemplars), np.random.default_rng(seed)
    living = np.flatnonzero(~np.isnan(np.diagonal(found)))
    inner = found[np.ix_(living, living)]
    hits = 0
    for _ in range(trials):
        # One cycle through all units in a random order: nobody keeps their own.
        order = generator.permutation(len(living))
        dealt = np.empty_like(order)
        dealt[order] = np.roll(order, 1)
        hits += bool((wrong_picture(inner[:, dealt]).q <= LEVEL).any())
    return Count("deranged: families with a unit that passes", hits, trials)
