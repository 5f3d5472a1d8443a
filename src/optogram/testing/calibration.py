"""How often claims are made where there is nothing to claim: networks that have learned nothing in the network's place, and deranged pictures.

Every claim that asks for more than untrained twins have is judged by the judge's own rules. Those that do not meet their own nulls only.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.evidence._bank import Bank
from optogram.evidence._claim import Claim, Measured
from optogram.evidence._classes import groups
from optogram.evidence._judge import CLAIMS, making_of, site_views
from optogram.evidence._mapped import Mapped
from optogram.evidence._matched import Matching, matrix
from optogram.evidence._scene import Scene, recorded, scenes_of
from optogram.evidence._twin_kinds import Asked, Kind, kinds_of
from optogram.evidence._view import SiteView
from optogram.exemplars.panel import panel_responses
from optogram.exemplars.result import Sweep
from optogram.exemplars.sweep import sweep as make_sweep
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.network.redraw import seeded
from optogram.network.twin import standardise
from optogram.statistics.gate import family_gate, unit_level
from optogram.statistics.identification import wrong_picture
from optogram.statistics.intervals import clopper_pearson

LEVEL = 0.05
KINDS = ("reinit", "shuffle", "orthogonal")
"""Networks that have learned nothing: of either kind of twin, and of one that no twin is of."""
OF_RESPONSES = ("alike", "facets", "hypothesis", "privileged", "selective")
"""Claims whose own null is that the unit's responses have nothing to do with the photographs."""


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
class Told:
    """What the judge's rules say of one network by one claim: whether the gate opens, how many units stand, of how many that were tested."""

    gate: bool
    stands: int
    tested: int


@dataclass(frozen=True)
class Seen:
    """One network's view of the site. What claims measure of it is kept, by how many living units it was compared with. `kind`: a twin's."""

    view: SiteView
    kept: dict[tuple[str, int], Measured] = field(default_factory=dict)
    kind: Kind = "reinit"

    def measured(self, claim: Claim, like: Measured | None = None) -> Measured:
        """The claim's measure, as the network's own or as a twin's beside `like`."""
        key = claim.name, -1 if like is None else like.units
        if key not in self.kept:
            self.kept[key] = claim.measure(self.view, like)
        return self.kept[key]


@dataclass(frozen=True)
class Bench:
    """One network's panel at one site, through which any network of its architecture can be passed, and the claims asked of it."""

    network: Network
    swept: Sweep
    images: Tensor
    view: SiteView
    claims: tuple[Claim, ...]
    scene: Scene

    @classmethod
    def of(
        cls,
        network: Network,
        photos: Photos,
        site: str,
        panel: int = 120,
        claims: Sequence[str] = ("identification",),
        marks: Mapping[str, bool] | None = None,
        pictures: Mapping[str, Any] | None = None,
    ) -> Bench:
        """One sweep, one look of the bank at the patches, and what the claims want recorded of the network."""
        swept = make_sweep(network, photos, sites=[site], panel=panel, progress=False)
        asked = tuple(CLAIMS.get(name) for name in claims)
        looks = any(recorder.looks for claim in asked for recorder in claim.records)
        view = site_views(network, photos, swept, [network.site(site)], Bank(), False, marks, keep=looks)[site]
        images = swept.panel.images(network, photos)
        scene = scenes_of(network, images, swept, [view.site], Bank(), making_of(network, pictures), 0, Mapped.of(None))[site]
        own = recorded(network, view, scene, [recorder for claim in asked for recorder in claim.records])
        return cls(network, swept, images, own, asked, scene)

    def seen(self, other: Network) -> Seen:
        """What `other` does at the same places, with what the claims want recorded of it."""
        probes = panel_responses(other, self.images, self.swept.panel, [self.view.site.address])[self.view.site.address]
        view = replace(self.view, responses=np.asarray(probes.reshape(-1, probes.shape[-1]), np.float32), recorded={})
        return Seen(recorded(other, view, self.scene, [recorder for claim in self.claims for recorder in claim.records if recorder.twins]))

    def twin(self, kind: str, seed: int) -> Network:
        """A network that has learned nothing: `reinit`, `shuffle`, or `orthogonal`, another scheme of initialisation."""
        photographs = self.images[:128].float() / 255
        if kind != "orthogonal":
            return self.network.twin(kind, seed, photographs)  # type: ignore[arg-type]
        return orthogonal(self.network, seed, photographs)

    def twins(self, count: int, first: int, asked: Asked = None) -> list[Seen]:
        """So many twins, of the kinds that `og.judge` would make."""
        return [replace(self.seen(self.twin(kind, first + number)), kind=kind) for number, kind in enumerate(kinds_of(asked, count, LEVEL))]

    def judged(self, one: Seen, others: Sequence[Seen], claim: Claim) -> Told:
        """What is said of `one` by the judge's own rules."""
        own = one.measured(claim)
        twins = [other.measured(claim, own) for other in others]
        families = claim.families(own, twins)
        if not family_gate(families.observed, families.twins, [other.kind for other in others]).open_at(LEVEL):
            return Told(False, 0, own.units)
        units = unit_level(own.effect.astype(np.float64), np.stack([twin.effect for twin in twins]).astype(np.float64))
        return Told(True, int(np.sum((own.q <= LEVEL) & (units.q <= LEVEL))), own.units)


def orthogonal(network: Network, seed: int, images: Tensor) -> Network:
    """Weights drawn orthogonal with gain sqrt 2 (Saxe et al. 2014), biases nought; then standardised on `images` as twins are."""
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
    with torch.no_grad(), seeded(seed):
        standardise(network, copied, images)
    return copied


def untrained(
    bench: Bench, trials: int, twins: int, *, fresh: bool = True, first: int = 0, seconds: float = math.inf
) -> dict[str, dict[str, tuple[Count, Count]]]:
    """By claim and kind: how many gates open of networks that have learned nothing, and in how many families a unit stands.

    They are judged by twins as `og.judge` makes them (`bench.twins`), `fresh` ones in each trial, without which the trials hang together by the twins
    that they share.
    Families that could not be tested are no trials. The trial in which `seconds` run out is the last.
    """
    told: dict[str, dict[str, list[Told]]] = {claim.name: {kind: [] for kind in KINDS} for claim in bench.claims if claim.beyond_twins}
    pool: list[Seen] = []
    began = time.monotonic()
    for trial in range(trials):
        if time.monotonic() - began > seconds:
            break
        if fresh or not pool:
            pool = bench.twins(twins, first + 10_000 + trial * twins)
        for kind in KINDS:
            one = bench.seen(bench.twin(kind, first + trial))
            for claim in bench.claims:
                if claim.name in told:
                    told[claim.name][kind].append(bench.judged(one, pool, claim))
    return {name: {kind: _counted(kind, found) for kind, found in kinds.items()} for name, kinds in told.items()}


def _counted(kind: str, told: Sequence[Told]) -> tuple[Count, Count]:
    tested = [one for one in told if one.tested]
    gates, stands = sum(one.gate for one in tested), sum(one.stands > 0 for one in tested)
    return Count(f"{kind}: gates", gates, len(tested)), Count(f"{kind}: families with a unit that stands", stands, len(tested))


def deranged(view: SiteView, claim: Claim, trials: int, seed: int = 0) -> Count | None:
    """The trained network with what belongs together dealt anew: in how many deals any unit passes the claim's own null at q .05.

    Pictures (or exemplars) dealt to other units where a claim is about whose picture it is, responses to other photographs where it is about
    those; None for a claim about neither, or one that cannot be tested here.
    """
    generator = np.random.default_rng(seed)
    found = own_matrix(claim, view)
    if found is None and (claim.name not in OF_RESPONSES or not claim.measure(view).units):
        return None
    if found is None:
        hits = sum(bool((claim.measure(dealt(view, generator)).q <= LEVEL).any()) for _ in range(trials))
        return Count("responses dealt", hits, trials)
    living = np.flatnonzero(~np.isnan(np.diagonal(found)))
    inner = found[np.ix_(living, living)]
    hits = 0
    for _ in range(trials):
        # One cycle through all units in a random order: nobody keeps their own.
        order = generator.permutation(len(living))
        other = np.empty_like(order)
        other[order] = np.roll(order, 1)
        hits += bool((wrong_picture(inner[:, other]).q <= LEVEL).any())
    return Count("pictures dealt", hits, trials)


def own_matrix(claim: Claim, view: SiteView) -> Float[np.ndarray, "unit picture"] | None:
    """How well each picture fits each unit, by what the claim tests; None where it is not about whose picture it is."""
    if isinstance(claim, Matching):
        return matrix(view, claim.half)
    path = view.recorded.get("way")
    return None if claim.name != "natural_path" or path is None or not path.sites else np.asarray(path.picture.mean(axis=0))


def dealt(view: SiteView, generator: np.random.Generator) -> SiteView:
    """Every group's responses given to another group's photographs of the same half, the same for every unit.

    A group takes as many of the responses as it has photographs, again from the first if they are too few.
    """
    patches = view.patches
    rows = np.argsort(patches.photograph, kind="stable").reshape(view.photographs, -1)
    group, fold = groups(view), patches.fold[rows[:, 0]]
    responses = np.empty_like(view.responses)
    for half in np.unique(fold):
        names = np.unique(group[fold == half])
        for name, other in zip(names.tolist(), generator.permutation(names).tolist(), strict=True):
            to, taken = np.flatnonzero(group == name), generator.permutation(np.flatnonzero(group == other))
            responses[rows[to].ravel()] = view.responses[rows[np.resize(taken, len(to))].ravel()]
    return replace(view, responses=responses)
