"""Are first-layer filters Gabor functions, like simple cells of macaque V1? Fits, colour opponency, and how far they are from the cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor

from optogram.errors import InputError
from optogram.lab import _gabor_figures
from optogram.lab._result import Finding, LabResult, made_by, percent, share
from optogram.lab._sources import network_or_demo
from optogram.network.network import Network
from optogram.physiology.gabor import LEAST_SIDE, OPPONENT, Gabor, colour_of, fit, scrambled
from optogram.physiology.macaque import Comparison, compare
from optogram.progress import Progress, track

GOOD = 0.8
"""Share of a filter's variance that a Gabor function must explain."""
VARIES = 1e-6
"""A filter that varies by less than this share of the site's most varied one is dead, or even: nothing can be fitted to it."""
LEAST = 5
"""Filters fitted so well that are needed before they are compared with cells."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GaborResult(LabResult):
    """Per filter its number (`units`; those that do not vary are left out), its picture (from its best split into picture times colour), the
    function `fitted` to it, and the numbers of both.

    `frequency` in cycles per pixel, `orientation` in degrees (of the stripes), `phase` in degrees (0 even, 90 odd), `opponent` the share of energy in
    colour differences. `scrambled_r2` of the phase-scrambled filters; `twin_r2`, `twin_nx`, `twin_ny` [twin, filter] of shuffled ones.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("units", "filters", "fitted", "r2", "nx", "ny", "frequency", "orientation", "phase", "opponent"),
        *("scrambled_r2", "twin_r2", "twin_nx", "twin_ny"),
    )
    units: Int[np.ndarray, " filter"]
    filters: Float[np.ndarray, "filter height width"]
    fitted: Float[np.ndarray, "filter height width"]
    r2: Float[np.ndarray, " filter"]
    nx: Float[np.ndarray, " filter"]
    ny: Float[np.ndarray, " filter"]
    frequency: Float[np.ndarray, " filter"]
    orientation: Float[np.ndarray, " filter"]
    phase: Float[np.ndarray, " filter"]
    opponent: Float[np.ndarray, " filter"]
    scrambled_r2: Float[np.ndarray, " filter"]
    twin_r2: Float[np.ndarray, "twin filter"]
    twin_nx: Float[np.ndarray, "twin filter"]
    twin_ny: Float[np.ndarray, "twin filter"]

    @property
    def compared(self) -> Bool[np.ndarray, " filter"]:
        """Filters that are compared with cells: fitted well, and not colour-opponent, as the cells were measured in gray."""
        return np.asarray((self.r2 >= GOOD) & (self.opponent <= OPPONENT))

    def pictures(self) -> dict[str, Image.Image]:
        """Filters beside their fits; the plane of nx and ny with the cells; how well filters, scrambled ones and twins are fitted."""
        return {"fits": _gabor_figures.fits(self), "plane": _gabor_figures.plane(self), "r2": _gabor_figures.ladder(self)}


def gabor(
    *,
    network: Network | None = None,
    site: Annotated[str | None, "The convolution; by default the first one that sees the picture itself."] = None,
    twins: Annotated[int, "Filter banks with the same weights in random places."] = 19,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> GaborResult:
    """Are first-layer filters Gabor functions, like simple cells of macaque V1?

    Fits every filter of at least 7x7, and beside it the same filter with scrambled phases, and filters of the same weights in random places. Those
    fitted well are compared with 79 measured cells in the plane of nx and ny, by a permutation test.
    """
    used = network_or_demo(network)
    address = site or first_filters(used)
    weights = _weights(used, address)
    units = _varying(address, weights)
    weights, evened = weights[units], len(weights) - len(units)
    colours = [colour_of(one) for one in weights]
    filters = np.stack([one.picture for one in colours])
    opponent = np.array([one.opponent for one in colours])
    random = np.random.default_rng(seed)
    count = min(twins, 5) if quick else twins
    with track("fits", 2 + count, progress) as advance:
        own = fit(filters)
        advance(1)
        others = fit(np.stack([scrambled(one, int(random.integers(2**31))) for one in filters]))
        advance(1)
        banks = []
        for _ in range(count):
            banks.append(fit(np.stack([colour_of(one).picture for one in random.permuted(weights.ravel()).reshape(weights.shape)])))
            advance(1)
    arrays = {name: _of(own, name) for name in ("r2", "nx", "ny", "frequency", "orientation", "phase")}
    twin = {f"twin_{name}": np.stack([_of(bank, name) for bank in banks]) for name in ("r2", "nx", "ny")}
    kept = (arrays["r2"] >= GOOD) & (opponent <= OPPONENT)
    against = compare(arrays["nx"][kept], arrays["ny"][kept], seed=seed) if kept.sum() >= LEAST else None
    scrambled_r2 = _of(others, "r2")
    return GaborResult(
        findings=(*_findings(address, arrays, opponent, scrambled_r2, twin, against, seed), *_left_out(address, evened, len(units))),
        provenance=made_by("gabor", seed=seed, settings={"site": address, "twins": count}, network=used),
        units=units,
        filters=filters,
        fitted=np.stack([one.fitted for one in own]) * filters.std((1, 2), keepdims=True) * np.sqrt(filters[0].size),
        opponent=opponent,
        scrambled_r2=scrambled_r2,
        **arrays,
        **twin,
    )


def first_filters(network: Network) -> str:
    """The first convolution that sees the picture's channels through kernels of at least 7x7; `InputError` where there is none."""
    for site in network.sites(default=False):
        if site.kind != "convolution":
            continue
        shape = _weights(network, site.address).shape
        if len(shape) == 4 and shape[1] == network.channels and min(shape[2:]) >= LEAST_SIDE:
            return site.address
    raise InputError(
        f"{network.name} has no convolution of at least 7x7 on the picture itself: a Gabor function's seven parameters need that many weights"
    )


def _weights(network: Network, address: str) -> Float[np.ndarray, "..."]:
    weights = getattr(network.layer(network.site(address).address), "weight", None)
    if not isinstance(weights, Tensor) or weights.ndim != 4:
        raise InputError(f"Gabor functions are fitted to the filters of a convolution; {address} has none of its own: name one with --site")
    return np.asarray(weights.detach().cpu(), dtype=np.float64)


def _varying(address: str, weights: Float[np.ndarray, "filter channel height width"]) -> Int[np.ndarray, " varying"]:
    """The numbers of the filters whose picture varies from place to place."""
    if min(weights.shape[2:]) < LEAST_SIDE:
        raise InputError(
            f"a Gabor function's seven parameters need a kernel of at least {LEAST_SIDE}x{LEAST_SIDE}; {address} has "
            f"{weights.shape[2]}x{weights.shape[3]}: name another convolution with --site"
        )
    spread = np.array([colour_of(one).picture.std() for one in weights])
    units = np.flatnonzero(spread > VARIES * spread.max())
    if len(units) < 2:
        raise InputError(f"fewer than two filters of {address} vary from place to place: name another convolution with --site")
    return units


def _left_out(address: str, evened: int, kept: int) -> tuple[Finding, ...]:
    if not evened:
        return ()
    said = f"{evened} of {evened + kept} filters of {address} do not vary from place to place (dead, or even), and are left out."
    return (Finding("left_out", float(evened), said),)


def _of(fits: list[Gabor], name: str) -> Float[np.ndarray, " filter"]:
    return np.array([getattr(one, name) for one in fits])


def _findings(
    address: str,
    own: dict[str, np.ndarray],
    opponent: np.ndarray,
    scrambled_r2: np.ndarray,
    twin: dict[str, np.ndarray],
    against: Comparison | None,
    seed: int,
) -> tuple[Finding, ...]:
    r2, count = own["r2"], len(opponent)
    good, by_twin = int((r2 >= GOOD).sum()), (twin["twin_r2"] >= GOOD).sum(1)
    gate = (1 + int((by_twin >= good).sum())) / (1 + len(by_twin))
    control = float(by_twin.mean() / count)
    found = [
        share(
            "fitted",
            good,
            count,
            f"{good} of {count} filters of {address} are Gabor functions (R2 at least {GOOD:g}; {{low}} to {{high}}); with phases scrambled "
            f"{int((scrambled_r2 >= GOOD).sum())}, with the same weights in random places {by_twin.mean():.1f} "
            f"(p = {gate:.3g} over {len(by_twin)} such banks).",
            control=control,
        ),
        Finding("fitted_p", gate, f"Filter banks with weights in random places are fitted as often with p = {gate:.3g}."),
        Finding("r2", float(np.median(r2)), _r2_sentence(r2, scrambled_r2), *_middle(r2, seed), control=float(np.median(scrambled_r2))),
        share(
            "opponent",
            int((opponent > OPPONENT).sum()),
            count,
            f"{int((opponent > OPPONENT).sum())} of {count} filters ({{low}} to {{high}}) are colour-opponent: more than half of their energy "
            "lies in colour differences.",
        ),
    ]
    if against is None:
        few = f"Too few filters ({int(((r2 >= GOOD) & (opponent <= OPPONENT)).sum())}) are gray and fitted well to be compared with cells."
        return (*found, Finding("macaque_compared", 0.0, few))
    return (*found, *_beside_cells(against, twin, seed))


def _beside_cells(against: Comparison, twin: dict[str, np.ndarray], seed: int) -> tuple[Finding, Finding]:
    others = [compare(nx, ny, draws=1, seed=seed).distance for nx, ny in zip(twin["twin_nx"], twin["twin_ny"], strict=True)]
    said = "are not told apart from" if against.p > 0.05 else "differ from"
    near = bool(np.median(others) <= against.distance)
    alike = " So this plane does not tell learned filters from noise; how well they are fitted does." if near else ""
    sentence = (
        f"The {int(against.counts.sum())} gray filters that are fitted well {said} 79 simple cells of macaque V1 in nx and ny (energy distance "
        f"{against.distance:.2f} bins, permutation p = {against.p:.3g}); filters with weights in random places are at {np.median(others):.2f}. "
        f"{against.outside} filters lie beyond the cells' range.{alike}"
    )
    return (
        Finding("macaque_distance", against.distance, sentence, control=float(np.median(others)), chance=0.0),
        Finding("macaque_p", against.p, f"Filters and cells of macaque V1 differ with p = {against.p:.3g} ({against.draws} permutations)."),
    )


def _r2_sentence(r2: np.ndarray, other: np.ndarray) -> str:
    from scipy.stats import wilcoxon

    p = float(wilcoxon(r2, other, alternative="greater").pvalue) if not np.array_equal(r2, other) else 1.0
    better = int((r2 > other).sum())
    return (
        f"{better} of {len(r2)} filters are fitted better than with their phases scrambled: median R2 {percent(float(np.median(r2)))} against "
        f"{percent(float(np.median(other)))} (signed ranks, p = {p:.2g})."
    )


def _middle(values: np.ndarray, seed: int) -> tuple[float, float]:
    """The interval of the median by resampling filters."""
    drawn = np.random.default_rng(seed).choice(values, (2000, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return float(low), float(high)
