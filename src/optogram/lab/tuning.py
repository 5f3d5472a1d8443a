"""Tuning curves of units by drifting gratings: simple and complex cells counted by layer, beside twins; what pooling makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from PIL import Image

from optogram.errors import NotDefinedError
from optogram.evenly import evenly
from optogram.lab import _tuning_figures
from optogram.lab._result import Finding, LabResult, made_by, share
from optogram.lab._shown import shown
from optogram.lab._sources import network_or_demo
from optogram.network.network import Network
from optogram.physiology.curves import modulation
from optogram.physiology.electrode import Electrode, electrode
from optogram.physiology.invariance import POOLINGS, pooled_drift
from optogram.physiology.macaque import variances
from optogram.physiology.profiles import bar_tuning, contrast_tuning, size_tuning, spot_maps
from optogram.physiology.tuning import Tuning, best_gratings, tune
from optogram.progress import Progress, track

MOST_SITES = 6
RESAMPLES = 500
GREATEST = 2.0
"""F1/F0 in findings at most: that of a cell far above its threshold; a linear unit's is infinite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TuningResult(LabResult):
    """F1/F0 (`ratio`) and circular `variance` of every unit of each site, beside those of an untrained twin; curves of one unit.

    NaN where gratings drive nothing. `pooled` [pooling, window]: the median F1/F0 of the first site's simple units pooled by maximum, sum and sum of
    squares over `windows` places a side. `field` is the one unit's rate to a white spot less that to a black one.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("ratio", "variance", "twin_ratio", "twin_variance", "windows", "pooled", "orientations", "frequencies", "phases", "radii", "contrasts"),
        *("offsets", "by_orientation", "by_frequency", "by_phase", "by_size", "by_contrast", "field", "bars"),
    )
    sites: tuple[str, ...]
    ratio: tuple[Float[np.ndarray, " _"], ...]
    variance: tuple[Float[np.ndarray, " _"], ...]
    twin_ratio: tuple[Float[np.ndarray, " _"], ...]
    twin_variance: tuple[Float[np.ndarray, " _"], ...]
    windows: tuple[int, ...]
    pooled: Float[np.ndarray, "pooling window"]
    unit: str
    orientations: Float[np.ndarray, " orientation"]
    frequencies: Float[np.ndarray, " frequency"]
    phases: Float[np.ndarray, " phase"]
    radii: Float[np.ndarray, " radius"]
    contrasts: Float[np.ndarray, " contrast"]
    offsets: Float[np.ndarray, " offset"]
    by_orientation: Float[np.ndarray, " orientation"]
    by_frequency: Float[np.ndarray, " frequency"]
    by_phase: Float[np.ndarray, " phase"]
    by_size: Float[np.ndarray, " radius"]
    by_contrast: Float[np.ndarray, " contrast"]
    field: Float[np.ndarray, "row column"]
    bars: Float[np.ndarray, "sign orientation offset"]

    def pictures(self) -> dict[str, Image.Image]:
        """Simple and complex by layer; how sharply units are tuned, beside macaque V1; one unit's curves; pooling, where simple units were pooled."""
        drawn = {"layers": _tuning_figures.layers(self), "sharpness": _tuning_figures.sharpness(self), "unit": _tuning_figures.unit(self)}
        return drawn if np.isnan(self.pooled).all() else {**drawn, "pooling": _tuning_figures.pooling(self)}


def tuning(
    *,
    network: Network | None = None,
    unit: Annotated[str | None, "The unit to look at closely; by default the most sharply tuned one of the first site."] = None,
    sites: Annotated[tuple[str, ...] | None, "Where cells are counted; by default rectified and pooled sites with several places."] = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> TuningResult:
    """Tuning curves of units by drifting gratings: simple and complex cells counted by layer.

    A unit whose response follows the stripes as they pass (F1/F0 above 1) is simple, one that hardly cares where they are is complex. Beside every
    layer stands that of a twin with shuffled weights; at the end simple cells are pooled over growing neighbourhoods by hand.
    """
    used = network_or_demo(network)
    wanted = tuple(sites) if sites else default_sites(used)
    steps = {"orientations": 8, "phases": 8} if quick else {"orientations": 12, "phases": 12}
    twin = used.twin("shuffle", seed, shown(used, None, 34, seed)[0])
    with track("sites", 2 * len(wanted), progress) as advance:
        own, other = (_tuned(one, wanted, steps, advance) for one in (used, twin))
    closely = unit or sharpest(own[0])
    probe = electrode(used, closely)
    curve = tune(used, closely, orientations=steps["orientations"], phases=steps["phases"], progress=False)
    side = min(used.site(wanted[0]).grid) if len(used.site(wanted[0]).grid) == 2 else 1
    windows = tuple(size for size in (1, 3, 5, 9) if size <= side)
    pooled = _pooled(used, own[0], wanted[0], windows)
    arrays = _closely(probe, curve)
    return TuningResult(
        findings=(
            *_counts(wanted, own, other),
            *_beside_cells(wanted, own, other, seed),
            *_of_unit(closely, curve),
            *_of_pooling(wanted[0], windows, pooled),
        ),
        provenance=made_by("tuning", seed=seed, settings={"unit": closely, "sites": wanted, **steps}, network=used),
        sites=wanted,
        ratio=tuple(one.ratio for one in own),
        variance=tuple(one.variance for one in own),
        twin_ratio=tuple(one.ratio for one in other),
        twin_variance=tuple(one.variance for one in other),
        windows=windows,
        pooled=np.full(pooled.shape[:2], np.nan) if np.isnan(pooled).all() else np.nanmedian(pooled, axis=2),
        unit=closely,
        orientations=curve.orientations,
        frequencies=curve.frequencies,
        phases=curve.phases,
        by_orientation=curve.by_orientation[0],
        by_frequency=curve.by_frequency[0],
        by_phase=curve.by_phase[0],
        **arrays,
    )


def default_sites(network: Network) -> tuple[str, ...]:
    """Rectified and pooled sites with several places, or where there is none the affine ones, as rates are rectified anyway; evenly chosen.

    `NotDefinedError` where no site has several places.
    """
    rectified = [site for site in network.sites(default=False) if len(site.grid) == 2 and site.kind in ("rectifier", "pool")]
    for found in (rectified, network.sites()):
        several = [site.address for site in found if site.places_count > 1]
        if several:
            return tuple(evenly(several, MOST_SITES))
    raise NotDefinedError(f"{network.name} has no rectified site with places, nor another; name sites, as in --sites layer1,layer2")


def sharpest(found: Tuning) -> str:
    """The unit of least circular variance among the better driven half: one that hardly crosses its threshold is sharp by that alone."""
    if not found.driven.any():
        raise NotDefinedError(f"no unit of {found.addresses[0].partition(':')[0]} is driven by gratings: name another with --unit")
    greatest = np.where(found.driven, found.rates.max((1, 2, 3)), -np.inf)
    strong = greatest >= np.median(greatest[found.driven])
    return found.addresses[int(np.where(strong, found.variance, np.inf).argmin())]


def _tuned(network: Network, sites: Sequence[str], steps: dict[str, int], advance: object) -> list[Tuning]:
    found = []
    for site in sites:
        found.append(tune(network, site, orientations=steps["orientations"], phases=steps["phases"], progress=False))
        advance(1)  # type: ignore[operator]
    return found


def _closely(probe: Electrode, curve: Tuning) -> dict[str, np.ndarray]:
    orientation, frequency = best_gratings(curve, 0)
    radii, contrasts = np.linspace(1, max(probe.side * 0.8, 3), 8), np.linspace(0.1, 1, 7)
    half = probe.side / 2
    offsets = np.linspace(-half, half, 17)
    white, black = spot_maps(probe, radius=max(0.5, probe.side / 20), step=max(1, probe.side // 16))
    width = float(np.clip(0.5 / frequency, 1, half))
    return {
        "radii": radii,
        "contrasts": contrasts,
        "offsets": offsets,
        "by_size": size_tuning(probe, orientation, frequency, radii)[0],
        "by_contrast": contrast_tuning(probe, orientation, frequency, contrasts)[0],
        "field": (white - black)[0],
        "bars": bar_tuning(probe, width, float(probe.side), curve.orientations, offsets)[:, 0],
    }


def _pooled(network: Network, found: Tuning, site: str, windows: Sequence[int]) -> Float[np.ndarray, "pooling window unit"]:
    """F1/F0 of each simple unit's own best grating after pooling; NaN where there are no neighbours."""
    if len(windows) == 1:
        return np.full((len(POOLINGS), 1, len(found.simple)), np.nan)
    rates = pooled_drift(network, site, windows, found.orientations, found.frequencies, len(found.phases))
    rows = np.arange(rates.shape[2])
    own = rates[:, :, rows, found.best[:, 0], found.best[:, 1]]
    return np.where(found.simple, modulation(own), np.nan)


def _counts(sites: Sequence[str], own: list[Tuning], other: list[Tuning]) -> list[Finding]:
    found = []
    for site, one, twin in zip(sites, own, other, strict=True):
        driven, complexes = int(one.driven.sum()), int(one.complex.sum())
        there, control = int(twin.driven.sum()), int(twin.complex.sum())
        if not driven:
            found.append(Finding(f"complex {site}", 0.0, f"No unit of {site} is driven by gratings."))
            continue
        sharp = (
            f"median circular variance {np.nanmedian(one.variance):.2f} (twin {np.nanmedian(twin.variance):.2f})" if there else "the twin has none"
        )
        sentence = (
            f"At {site} {complexes} of {driven} units that gratings drive are complex ({{low}} to {{high}}), {int(one.simple.sum())} simple; in an "
            f"untrained twin {control} of {there}; {sharp}."
        )
        found.append(share(f"complex {site}", complexes, driven, sentence, control=control / there if there else None))
    return found


def _beside_cells(sites: Sequence[str], own: list[Tuning], other: list[Tuning], seed: int) -> list[Finding]:
    """How often a unit is more sharply tuned than a cell of macaque V1, over all pairs, with its bootstrap interval over units and cells."""
    cells, found = variances(), []
    random = np.random.default_rng(seed)
    for site, one, twin in zip(sites, own, other, strict=True):
        units, control = (tuned.variance[np.isfinite(tuned.variance)] for tuned in (one, twin))
        if not len(units):
            continue
        ahead = _ahead(units, cells)
        drawn = [ahead[np.ix_(*(random.choice(count, count) for count in ahead.shape))].mean() for _ in range(RESAMPLES)]
        low, high = (float(limit) for limit in np.quantile(drawn, (0.025, 0.975)))
        value, beside = float(ahead.mean()), sharper(control, cells) if len(control) else None
        sentence = (
            f"A unit of {site} is more sharply tuned than a cell of macaque V1 in {100 * value:.0f} % of all pairs ({100 * low:.0f} to "
            f"{100 * high:.0f}; 50 where they are alike{'' if beside is None else f', {100 * beside:.0f} in the twin'}): median circular variance "
            f"{np.median(units):.2f}, of the {len(cells)} cells {np.median(cells):.2f}."
        )
        found.append(Finding(f"sharper {site}", value, sentence, low, high, control=beside, chance=0.5))
    return found


def sharper(units: Float[np.ndarray, " unit"], cells: Float[np.ndarray, " cell"]) -> float:
    """The share of pairs of a unit and a cell in which the unit has the smaller circular variance; a tie counts half."""
    return float(_ahead(units, cells).mean())


def _ahead(units: Float[np.ndarray, " unit"], cells: Float[np.ndarray, " cell"]) -> Float[np.ndarray, "unit cell"]:
    """For each pair 1 where the unit has the smaller circular variance, a half for a tie."""
    return np.asarray((units[:, None] < cells) + 0.5 * (units[:, None] == cells))


def _of_unit(address: str, curve: Tuning) -> list[Finding]:
    kind = "simple" if curve.simple[0] else "complex"
    ratio = min(float(curve.ratio[0]), GREATEST)
    sentence = (
        f"The unit {address} prefers stripes at {curve.preferred[0]:.0f} degrees (circular variance {curve.variance[0]:.2f}, half width "
        f"{curve.bandwidth[0]:.0f} degrees) of {1 / curve.preferred_frequency[0]:.1f} pixels a cycle; F1/F0 {curve.ratio[0]:.2f}: {kind}."
    )
    return [
        Finding("orientation", float(curve.preferred[0]), sentence),
        Finding("ratio", ratio, f"F1/F0 of {address} is {curve.ratio[0]:.2f}."),
    ]


def _of_pooling(site: str, windows: Sequence[int], pooled: np.ndarray) -> list[Finding]:
    if np.isnan(pooled).all():
        return []
    found = []
    for number, name in enumerate(POOLINGS):
        first, last = (min(float(np.nanmedian(pooled[number, place])), GREATEST) for place in (0, -1))
        count, total = int((pooled[number, -1] <= 1).sum()), int(np.isfinite(pooled[number, 0]).sum())
        way = {"max": "the maximum", "sum": "the sum", "squares": "the sum of squares"}[name]
        sentence = (
            f"{way[0].upper()}{way[1:]} of {windows[-1]}x{windows[-1]} neighbours makes {count} of {total} simple units of {site} complex: "
            f"median F1/F0 {first:.2f} becomes {last:.2f}."
        )
        found.append(Finding(f"pooled by {name}", last, sentence, control=first))
    return found
