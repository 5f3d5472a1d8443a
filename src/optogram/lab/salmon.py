"""The dead salmon: a scan of nothing in which voxels light up, what each correction leaves, and an untrained network's cat detectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int
from PIL import Image

from optogram.errors import SettingError
from optogram.images.photos import Photos
from optogram.lab import _salmon_figures
from optogram.lab._corrections import IN_SPACE, LEVEL, SPACELESS, ManyT, called, fixed_heights
from optogram.lab._result import Finding, LabResult, made_by, percent, share
from optogram.lab._scan import FWHM, VOXEL, Design, clusters, design, smooth_noise
from optogram.lab._sources import network_or_demo
from optogram.lab._untrained import Bridge, bridge
from optogram.network.network import Network
from optogram.progress import Progress, track

EXTENT = 3
SHAPE, QUICK_SHAPE = (24, 24, 14), (16, 16, 10)
SIGNAL = 5.0
"""The t that a planted voxel has on average."""
REMEMBERED = 0.3
"""Correlation of a voxel's noise with that of the scan before, where it has any."""
DRAWS = 199
CAT = "chelsea"
"""The cat among the photographs in wheels."""


@dataclass(frozen=True)
class School:
    """Fish of one kind: `active` [fish, method] counts voxels, in the order of `IN_SPACE`; of living ones `found` is the share of the planted."""

    active: Int[np.ndarray, "fish method"]
    found: Float[np.ndarray, "fish method"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SalmonResult(LabResult):
    """What each of `methods` calls active: `dead`, `remembering` and `alive` count voxels [fish, method]; `found` is the share of the planted.

    `alive` counts voxels that no signal reaches. `t_map` and `masks` [method, voxel...] are those of the fish that is drawn. `detectors` counts
    units [network, method] of untrained networks, in the order of `unit_methods`; `shuffled` those of the first with its labels dealt anew.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = (
        *("methods", "dead", "remembering", "alive", "found", "t_map", "masks", "planted"),
        *("unit_methods", "detectors", "shuffled"),
    )
    methods: tuple[str, ...]
    dead: Int[np.ndarray, "fish method"]
    remembering: Int[np.ndarray, "fewer method"]
    alive: Int[np.ndarray, "fewer method"]
    found: Float[np.ndarray, "fewer method"]
    t_map: Float[np.ndarray, "x y z"]
    masks: Bool[np.ndarray, "method x y z"]
    planted: Bool[np.ndarray, "x y z"]
    unit_methods: tuple[str, ...]
    detectors: Int[np.ndarray, "network unit_method"]
    shuffled: Int[np.ndarray, " unit_method"]

    def pictures(self) -> dict[str, Image.Image]:
        """The slices of one dead fish; false alarms and power of each method; the untrained network's detectors."""
        return {
            "slices": _salmon_figures.slices(
                self.t_map, dict(zip(self.methods, self.masks, strict=True)), dict(zip(self.methods, self.dead.T, strict=True))
            ),
            "alarms": _salmon_figures.alarms(self.findings, self.methods),
            "detectors": _salmon_figures.detectors(self.detectors, self.shuffled, self.unit_methods, self.finding("detectors-uncorrected").sentence),
        }


def salmon(
    images: Annotated[Photos | None, "Your own photographs, in class folders, for the untrained network."] = None,
    *,
    network: Network | None = None,
    fish: Annotated[int, "Dead fish to scan; a fifth as many have noise that remembers, and as many live."] = 150,
    label: Annotated[str | None, "The class folder whose detectors are looked for."] = None,
    others: Annotated[int, "Further untrained networks."] = 9,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> SalmonResult:
    """Scans dead fish, counts what lights up by each way of correcting, and asks an untrained network for detectors.

    The study (Bennett et al. 2009): 15 photographs, 10 s on, 12 s off, scans of 2 s, voxels of 3 mm, smoothing of 8 mm; ordinary least squares with
    158 degrees of freedom after a high-pass of 128 s (the study reports 131). Uncorrected: p < .001 one-sided, at least 3 voxels that share faces
    or edges (connectivity 18). max-T: 199 permutations of what the drifts leave.
    """
    if fish < 1 or others < 1:
        raise SettingError(f"the table needs at least one fish and one other untrained network; got {fish} and {others}")
    fish, others, shape = (min(fish, 30), min(others, 5), QUICK_SHAPE) if quick else (fish, others, SHAPE)
    fewer = max(2, fish // 5)
    study, planted = design(), plant(shape)
    with track("fish", fish + 2 * fewer, progress) as advance:
        dead = school(study, shape, fish, seed, advance)
        remembering = school(study, shape, fewer, seed + 1, advance, autocorrelation=REMEMBERED)
        alive = school(study, shape, fewer, seed + 2, advance, planted=planted)
    shown = usual(dead.active[:, 0])
    t_map, masks = scanned(study, shape, np.random.default_rng([seed, shown]), DRAWS)
    crossing = _bridge(images, network, label, others, quick, seed)
    settings = {"fish": fish, "shape": shape, "fwhm_mm": FWHM, "voxel_mm": VOXEL, "df": study.df, "label": crossing.label, "others": others}
    return SalmonResult(
        findings=(*_alarms(dead, remembering, shape), *_power(alive), *_detectors(crossing)),
        provenance=made_by("salmon", seed=seed, settings=settings, images=images or "photographs in wheels", network=network),
        methods=IN_SPACE,
        dead=dead.active,
        remembering=remembering.active,
        alive=alive.active,
        found=alive.found,
        t_map=t_map,
        masks=np.stack([masks[name] for name in IN_SPACE]),
        planted=planted,
        unit_methods=SPACELESS,
        detectors=np.array([crossing.real, *crossing.others]),
        shuffled=np.array(crossing.shuffled),
    )


def usual(active: Int[np.ndarray, " fish"]) -> int:
    """The fish that is drawn: the first with the (lower) median number of active voxels among those that have any; 0 if none has."""
    lit = np.sort(active[active > 0])
    return int(np.argmax(active == lit[(len(lit) - 1) // 2])) if lit.size else 0


def plant(shape: tuple[int, int, int]) -> Bool[np.ndarray, "x y z"]:
    """A block of 4 x 4 x 4 voxels in the middle."""
    planted = np.zeros(shape, bool)
    planted[tuple(slice(side // 2 - 2, side // 2 + 2) for side in shape)] = True
    return planted


def scanned(
    study: Design,
    shape: tuple[int, int, int],
    rng: np.random.Generator,
    draws: int = DRAWS,
    *,
    autocorrelation: float = 0.0,
    signal: Float[np.ndarray, "x y z"] | None = None,
) -> tuple[Float[np.ndarray, "x y z"], dict[str, Bool[np.ndarray, "x y z"]]]:
    """One fish's t-map, and what each method calls active. `signal`: the t that each voxel has on average, where it lives."""
    scans = smooth_noise(rng, study.scans, shape, autocorrelation=autocorrelation)
    if signal is not None:
        scans = scans + (study.rest.T @ study.direction).astype(np.float32)[:, None, None, None] * signal.astype(np.float32)
    tests = ManyT(study.reduced(scans), study.direction, study.df)
    heights = fixed_heights(tests.reduced.shape[1], study.df, shape, FWHM / VOXEL)
    found = {name: mask.reshape(shape) for name, mask in called(tests, heights, draws, int(rng.integers(2**31))).items()}
    found["uncorrected"] = clusters(found["uncorrected"], EXTENT)
    return tests.t.reshape(shape), found


def school(
    study: Design,
    shape: tuple[int, int, int],
    fish: int,
    seed: int,
    advance: Callable[[int], None],
    *,
    autocorrelation: float = 0.0,
    planted: Bool[np.ndarray, "x y z"] | None = None,
) -> School:
    """Many fish of one kind; each has its own random numbers, so that more of them begin with the same ones."""
    signal = None if planted is None else SIGNAL * planted.astype(float)
    active, shares = [], []
    for number in range(fish):
        rng = np.random.default_rng([seed, number])
        _, found = scanned(study, shape, rng, autocorrelation=autocorrelation, signal=signal)
        truth = np.zeros(shape, bool) if planted is None else planted
        active.append([int((found[name] & ~truth).sum()) for name in IN_SPACE])
        shares.append([float(found[name][truth].mean()) if truth.any() else 0.0 for name in IN_SPACE])
        advance(1)
    return School(np.array(active), np.array(shares))


def _bridge(images: Photos | None, network: Network | None, label: str | None, others: int, quick: bool, seed: int) -> Bridge:
    from optogram.zoo._photographs import held_out_crops

    photos = images if images is not None else held_out_crops(170 if quick else 510)
    wanted = CAT if images is None and label is None else label
    found = bridge(network_or_demo(network), photos, wanted, others, 199 if quick else 999, seed)
    return replace(found, label="cat") if found.label == CAT and images is None else found


def _alarms(dead: School, remembering: School, shape: tuple[int, int, int]) -> list[Finding]:
    """How often each method finds anything in a fish that is dead."""
    found = []
    voxels = int(np.prod(shape))
    for index, name in enumerate(IN_SPACE):
        chance = None if name == "uncorrected" else LEVEL
        for kind, fish in (("dead", dead), ("remembering", remembering)):
            hits, count = int((fish.active[:, index] > 0).sum()), len(fish.active)
            whose = "dead fish" if kind == "dead" else f"dead fish whose noise remembers a scan (r {REMEMBERED:g}), which the model ignores,"
            tail = f"{fish.active[:, index].mean():.1f} of {voxels:,} on average; {{low}} to {{high}}"
            sentence = f"{hits} of {count} {whose} have active voxels by {_said(name)}: {tail}."
            found.append(share(f"{kind}-{_slug(name)}", hits, count, sentence, chance=chance))
    return found


def _power(alive: School) -> list[Finding]:
    found = []
    for index, name in enumerate(IN_SPACE):
        value, count = float(alive.found[:, index].mean()), len(alive.found)
        error = 1.96 * float(alive.found[:, index].std(ddof=1)) / np.sqrt(count)
        low, high = max(0.0, value - error), min(1.0, value + error)
        outside = float((alive.active[:, index] > 0).mean())
        told = f"{percent(value)} of the planted voxels of {count} living fish (t {SIGNAL:g} on average) are found by {_said(name)}"
        sentence = f"{told} ({percent(low)} to {percent(high)}); {percent(outside)} of these fish have active voxels elsewhere too."
        found.append(Finding(f"power-{_slug(name)}", value, sentence, low, high, control=outside))
    return found


def _detectors(crossing: Bridge) -> list[Finding]:
    """An untrained network's detectors, by each method, beside the same labels shuffled and other untrained networks."""
    found = []
    others = np.array(crossing.others)
    for index, name in enumerate(SPACELESS):
        real, dealt, twins = crossing.real[index], crossing.shuffled[index], others[:, index]
        told = f"{_said(name)}, {real} of {crossing.units} units of a {crossing.network} that has learned nothing are {crossing.label} detectors"
        beside = f"with labels shuffled {dealt}; in {len(twins)} other untrained networks {twins.min()} to {twins.max()}"
        kin = f" All {crossing.label} pictures are crops of one photograph." if crossing.kin else ""
        moral = " Correcting for many units does not help: untrained units are definite functions of the image, and only other twins show it."
        sentence = f"{told[0].upper()}{told[1:]}; {beside}.{moral if name == 'max-T' and real else ''}{kin if index == 0 else ''}"
        found.append(Finding(f"detectors-{_slug(name)}", float(real), sentence, control=float(np.median(twins)), chance=float(dealt)))
    return found


def _said(name: str) -> str:
    return {
        "uncorrected": "uncorrected p < .001",
        "FDR": "FDR .05 (Benjamini-Hochberg)",
        "random field n": "random fields (resels n / FWHM)",
        "random field n-1": "random fields (resels (n - 1) / FWHM)",
        "least of both": "the lesser of random field and Bonferroni",
        "max-T": "max-T by permutation",
    }.get(name, name)


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
