"""Spike-triggered average and covariance: planted filters recovered from answers to noise alone, and then a real unit's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from optogram.drawing.colour import signed
from optogram.drawing.plots import curves
from optogram.drawing.sheet import grid
from optogram.errors import InputError
from optogram.lab._result import Finding, LabResult, made_by, percent
from optogram.lab._sources import network_or_demo
from optogram.network.network import Network
from optogram.physiology.electrode import electrode
from optogram.physiology.sta import Noise, SpikeTriggered, recorded, spike_triggered, triggered_average, unit_length
from optogram.progress import Progress, track

NAMES = ("wave", "oblique", "checker", "spot")
"""Planted units whose filters are looked for."""
KINDS: tuple[Noise, ...] = ("white", "natural")
FEW = 256
"""Pictures that tell which units noise moves at all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StaResult(LabResult):
    """`planted` [unit, height, width], what `white` and `natural` noise found of it, `raw` without division by the natural noise's covariance.

    `counts`, `likeness` [count, unit]: correlation with the planted filter by the number of pictures. `axes`, `variances`, `low`, `high` of a planted
    energy unit. `average`, `weights` [channel, height, width] of a real unit: what noise found, and the weights themselves where it has some.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("planted", "white", "natural", "raw", "counts", "likeness", "axes", "variances", "average", "weights")
    planted: Float[np.ndarray, "unit height width"]
    white: Float[np.ndarray, "unit height width"]
    natural: Float[np.ndarray, "unit height width"]
    raw: Float[np.ndarray, "unit height width"]
    counts: tuple[int, ...]
    likeness: Float[np.ndarray, "count unit"]
    axes: Float[np.ndarray, "axis height width"]
    variances: Float[np.ndarray, " axis"]
    low: float
    high: float
    unit: str
    average: Float[np.ndarray, "channel row column"]
    weights: Float[np.ndarray, "channel row column"] | None

    def pictures(self) -> dict[str, Image.Image]:
        """Planted and found filters; the covariance's axes; likeness by the number of pictures; the real unit."""
        rows = [self.planted, self.white, self.natural, self.raw]
        labels = ["planted", "white noise", "natural noise", "natural noise, not divided by its covariance"]
        found = grid(
            [signed(one) for row in rows for one in row], labels=labels, heads=list(NAMES), columns=len(NAMES), title="Filters found by noise"
        )
        shown = [signed(one) for one in self.axes[:4]]
        captions = [f"variance {value:.2f}" for value in self.variances[:4]]
        note = f"The two exciting axes of a planted energy unit, then two that say nothing: shifted rates reach {self.low:.2f} to {self.high:.2f}."
        axes = grid(shown, captions=captions, columns=4, title="Axes of the covariance", note=note)
        log = np.log10(self.counts).tolist()
        places = {place: f"{count:,}" for place, count in zip(log, self.counts, strict=True)}
        lines = {name: (log, self.likeness[:, number].tolist()) for number, name in enumerate(NAMES)}
        growth = curves(
            lines,
            across="pictures of white noise",
            up="correlation with the planted filter",
            title="The more pictures, the nearer the average",
            include=(0.0, 1.0),
            places=places,
        )
        pair = [self.average, *([] if self.weights is None else [self.weights])]
        real = grid([signed(one.mean(0)) for one in pair], captions=["found by noise", "its weights"][: len(pair)], title=self.unit, cell=132)
        return {"filters": found, "axes": axes, "growth": growth, "unit": real}


def sta(
    *,
    network: Network | None = None,
    unit: Annotated[str | None, "The real unit; its field must be small, as noise needs ten pictures for each of its numbers."] = None,
    pictures: Annotated[int, "Pictures of noise."] = 8192,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> StaResult:
    """Spike-triggered average and covariance: a unit's filter from its answers to noise alone.

    First planted filters, so that it is known what should be found: with white noise, with natural noise, and as a control with natural noise
    whose correlations are not divided out. Then the covariance of an energy unit, which has no average. Then a real unit.
    """
    from optogram.zoo._planted import planted

    if pictures < 1024:
        raise InputError(f"noise needs at least 1,024 pictures; got {pictures:,}")
    count = min(pictures, 4096) if quick else pictures
    given = planted(1)
    places = [int(given.addresses[name].split(":")[1]) for name in NAMES]
    truth = np.stack([given.truth[name][0] for name in NAMES])
    with track("noise", 5, progress) as advance:
        found: dict[str, np.ndarray] = {}
        for kind in KINDS:
            found[kind] = spike_triggered(given.network, "rectified", noise=kind, pictures=count, seed=seed, progress=False).average[places, 0]
            advance(1)
        probe = electrode(given.network, "rectified")
        shown, rates = recorded(probe, "natural", count, seed=seed)
        raw = unit_length(triggered_average(shown, rates[:, places])).reshape(truth.shape)
        counts, likeness = _growth(given.network, places, truth, count, seed)
        advance(1)
        energy = spike_triggered(given.network, given.addresses["energy"], pictures=3 * count, covariance=True, seed=seed, progress=False)
        advance(1)
        used, address = network_or_demo(network), unit
        address = address or ("relu1:10" if network is None else _first_moved(network, seed))
        real = spike_triggered(used, address, pictures=count if quick else 2 * count, seed=seed, progress=False)
        advance(1)
    weights = _weights(used, address)
    return StaResult(
        findings=(*_of_planted(found, raw, truth, count), *_of_energy(energy, given.truth["energy"][:, 0]), *_of_real(real, weights)),
        provenance=made_by("sta", seed=seed, settings={"unit": address, "pictures": count}, network=used),
        planted=truth,
        white=found["white"],
        natural=found["natural"],
        raw=raw,
        counts=counts,
        likeness=likeness,
        axes=energy.axes[:, 0] if energy.axes is not None else np.zeros((0, 12, 12)),
        variances=energy.variances if energy.variances is not None else np.zeros(0),
        low=energy.low,
        high=energy.high,
        unit=address,
        average=real.average[0],
        weights=weights,
    )


def _growth(network: Network, places: list[int], truth: np.ndarray, most: int, seed: int) -> tuple[tuple[int, ...], np.ndarray]:
    """Likeness for growing numbers of the same white pictures."""
    shown, rates = recorded(electrode(network, "rectified"), "white", most, seed=seed)
    counts = tuple(most // 2**power for power in range(6, -1, -1))
    rows = [[_alike(one, other) for one, other in zip(triggered_average(shown[:n], rates[:n, places]), truth, strict=True)] for n in counts]
    return counts, np.array(rows)


def _first_moved(network: Network, seed: int) -> str:
    """The first unit of the first site whose answer to noise varies; its first where none does."""
    site = network.sites()[0].address
    rates = recorded(electrode(network, site), "white", FEW, seed=seed)[1]
    return f"{site}:{int(np.argmax(np.ptp(rates, axis=0) > 0))}"


def _weights(network: Network, address: str) -> Float[np.ndarray, "channel height width"] | None:
    """The unit's weights where it is a filter on the picture itself, possibly behind its normalisation and rectifier."""
    chosen = network.unit(address)
    sites = [site for site in network.sites(default=False) if site.order <= chosen.site.order and site.kind == "convolution"]
    if len(sites) != 1:
        return None
    held = getattr(network.layer(sites[0].address), "weight", None)
    if not isinstance(held, Tensor):
        return None
    weights = np.asarray(held.detach().cpu(), dtype=np.float64)
    return weights[chosen.index] if chosen.site.units == len(weights) else None


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _of_planted(found: dict[str, np.ndarray], raw: np.ndarray, truth: np.ndarray, count: int) -> list[Finding]:
    control = float(np.mean([_alike(one, other) for one, other in zip(raw, truth, strict=True)]))
    told = []
    for kind in KINDS:
        values = [_alike(one, other) for one, other in zip(found[kind], truth, strict=True)]
        good = sum(value >= 0.95 for value in values)
        least = min(values)
        sentence = f"{good} of {len(values)} planted filters come back from {count:,} pictures of {kind} noise (least correlation {least:.3f})."
        told.append(Finding(kind, least, sentence, control=control if kind == "natural" else None, chance=0.0))
    sentence = f"Natural noise that is not divided by its covariance gives {control:.2f} on average: the filters blurred."
    return [*told, Finding("undivided", control, sentence)]


def _of_energy(found: SpikeTriggered, truth: np.ndarray) -> list[Finding]:
    assert found.axes is not None
    axes = found.axes[:2, 0].reshape(2, -1)
    held = [float(np.linalg.norm(axes @ one.ravel())) for one in truth]
    average = max(abs(_alike(found.average[0], one)) for one in truth)
    sentence = (
        f"A planted energy unit has {found.exciting} exciting and {found.suppressing} suppressing axes beyond what shifted rates give; the first two "
        f"hold {percent(min(held) ** 2)} of its filters. Its average says nothing (correlation {average:.2f})."
    )
    least = Finding("subspace", min(held), f"Least length of a planted filter within them: {min(held):.3f}.")
    return [Finding("axes", float(found.exciting), sentence, chance=0.0), least]


def _of_real(found: SpikeTriggered, weights: np.ndarray | None) -> list[Finding]:
    if weights is None:
        return []
    value = _alike(found.average[0], weights)
    sentence = f"The average of {found.addresses[0]} from {found.pictures:,} pictures correlates with its weights by {value:.3f}."
    return [Finding("real", value, sentence, chance=0.0)]
