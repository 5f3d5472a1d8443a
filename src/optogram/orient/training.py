"""Trains a scorer of uprightness on a folder of photographs that are upright, and measures it on photographs that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from optogram.errors import SettingError, SourceError
from optogram.images.folds import fold
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.orient.evidence import unit_names, unit_shares
from optogram.orient.measures import accuracy, at_coverage, calibration_error
from optogram.orient.squares import CONTROLS, Control, four_turns, square
from optogram.orient.uprightness import Scorer, features, fit, surprise, temperature
from optogram.progress import Progress, track
from optogram.result import Provenance, Result
from optogram.statistics.intervals import bootstrap_mean

FOLDS = 5
FEWEST = 20
PENALTIES = (0.03, 0.3, 3.0)
AHEAD = 8


@dataclass(frozen=True, eq=False)
class Examination(Result):
    """What a scorer answers for photographs that it was not trained on, each turn's calibrated score with the photograph's own first.

    `logits` [photo, 4]: column 0 is right. `encoded`, `blurred`: the same photographs after the controls, by the same scorers. `folds`: which fifth
    of the photographs each was held out with. `shares` [unit, 3]: what each of `units` adds to the score of photographs upright over that of
    their other turns, with its 95 % interval over photographs, in the scorer that is trained on all of them.
    """

    names: tuple[str, ...]
    folds: Int[np.ndarray, " photo"]
    logits: Float[np.ndarray, "photo 4"]
    encoded: Float[np.ndarray, "photo 4"]
    blurred: Float[np.ndarray, "photo 4"]
    units: tuple[str, ...]
    shares: Float[np.ndarray, "unit 3"]
    provenance: Provenance
    ARRAYS: ClassVar[tuple[str, ...]] = ("folds", "logits", "encoded", "blurred", "shares")

    def figure(self) -> Image.Image:
        """Coverage against accuracy, and the reliability diagram."""
        from optogram.drawing.sheet import stacked
        from optogram.orient.figures import coverage, reliability

        return stacked([coverage(self), reliability(self)])

    def speakers(self, count: int = 5) -> list[str]:
        """The units that add most to the score of upright photographs, with their part of what all add; only those whose interval is above zero."""
        order = [int(unit) for unit in np.argsort(-self.shares[:, 0])[:count] if self.shares[unit, 1] > 0]
        return [f"{self.units[unit]} ({100 * self.shares[unit, 0] / self.shares[:, 0].sum():.1f} %)" for unit in order] or ["no unit"]

    def __str__(self) -> str:
        whole, half = accuracy(self.logits), at_coverage(self.logits, 0.5)
        controls = [float(accuracy(one).estimate) for one in (self.encoded, self.blurred)]
        return (
            f"{int((self.logits.argmax(1) == 0).sum())} of {len(self.names)} held-out photographs answered rightly: {100 * whole.estimate:.1f} % "
            f"({100 * whole.low:.1f} to {100 * whole.high:.1f}; chance 25), of the more confident half {100 * half.estimate:.1f} % "
            f"({100 * half.low:.1f} to {100 * half.high:.1f}).\n"
            f"Controls: re-encoded {100 * controls[0]:.1f} %, blurred {100 * controls[1]:.1f} %. Confidence is off by "
            f"{100 * calibration_error(self.logits):.1f} points on average.\n"
            f"For up speak most: {', '.join(self.speakers())}."
        )


def train(
    network: Network,
    photos: Photos,
    sites: Sequence[str] | None = None,
    *,
    side: int | None = None,
    penalties: Sequence[float] = PENALTIES,
    seed: int = 0,
    progress: Progress = True,
) -> tuple[Scorer, Examination]:
    """A scorer trained on all photographs, and how its like, trained on four fifths of them, answers for the fifth part.

    The photographs must be upright as they are shown. `sites`: the last one with places by default. `side` of the squares in pixels; by default the
    network's own. Photographs of one group stay in one fold. The penalty is chosen, and the temperature fitted, without the fold that is tested.
    Costs four passes of each photograph, twelve with the controls. Raises `SourceError` for fewer than 20.
    """
    if len(photos) < FEWEST:
        raise SourceError(f"a scorer is trained on at least {FEWEST} photographs; got {len(photos)}")
    chosen = [network.site(address) for address in sites] if sites else [last_with_places(network)]
    pixels = side or min(network.input_size)
    indices, found = extract(network, chosen, photos, pixels, seed=seed, progress=progress)
    groups = np.array([fold(photos.group(index), FOLDS) for index in indices])
    held, scorers = _cross(found["none"], groups, penalties)
    addresses = tuple(site.address for site in chosen)
    about = (network.name, network.weights_hash, addresses, pixels)
    best = float(np.median([scorer[3] for scorer in scorers]))
    final = Scorer(*about, *fit(found["none"], best), temperature(held), best)
    settings = {"sites": addresses, "side": pixels, "folds": FOLDS, "penalty": best, "temperature": final.temperature}
    provenance = Provenance("orient", network.name, network.weights_hash, photos.hash, "uprightness", settings, seed)
    logits = {name: _held_out(found[name], groups, scorers, held) for name in CONTROLS}
    names = tuple(photos.identity(index) for index in indices)
    spoken = bootstrap_mean(unit_shares(network, final, found["none"]), np.array(names), resamples=500, seed=seed)
    shares = np.stack([spoken.estimate, spoken.low, spoken.high], axis=1)
    units = tuple(unit_names(network, final))
    return final, Examination(names, groups, logits["none"], logits["encoded"], logits["blurred"], units, shares, provenance)


def last_with_places(network: Network) -> Site:
    """The last default site whose units have several places: what is where is what tells up."""
    found = [site for site in network.sites() if site.places_count > 1]
    if not found:
        raise SettingError(f"{network.name} has no site with places: name one with sites=")
    return found[-1]


def extract(
    network: Network,
    sites: Sequence[Site],
    photos: Photos,
    side: int,
    controls: Sequence[Control] = CONTROLS,  # type: ignore[assignment]
    seed: int = 0,
    progress: Progress = True,
) -> tuple[list[int], dict[str, Tensor]]:
    """Features [photo, 4, feature] (half precision) of every readable photograph's four turns, by control, and the photographs' numbers."""
    worker = network.worker(channels_last=True)
    own = [worker.site(site.address) for site in sites]
    held: dict[str, list[Tensor]] = {name: [] for name in controls}
    indices = []
    with track("photographs", len(photos), progress) as advance, ThreadPoolExecutor(1) as pool, torch.no_grad():
        pending = [pool.submit(_square, photos, index, side, network.channels) for index in range(min(AHEAD, len(photos)))]
        for index in range(len(photos)):
            pixels = pending.pop(0).result()
            if index + AHEAD < len(photos):
                pending.append(pool.submit(_square, photos, index + AHEAD, side, network.channels))
            advance(1)
            if pixels is None:
                continue
            indices.append(index)
            random = np.random.default_rng([seed, index])
            turns = torch.cat([four_turns(pixels, name, random) for name in controls])
            for name, part in zip(controls, features(worker, own, turns).half().split(4), strict=True):
                held[name].append(part)
    if not indices:
        raise SourceError(f"none of the {len(photos)} photographs can be read")
    return indices, {name: torch.stack(parts) for name, parts in held.items()}


def _square(photos: Photos, index: int, side: int, channels: int) -> np.ndarray | None:
    try:
        return square(photos.load(index, channels), side)
    except SourceError:
        return None


_Fitted = tuple[np.ndarray, np.ndarray, np.ndarray, float]


def _cross(found: Tensor, groups: np.ndarray, penalties: Sequence[float]) -> tuple[np.ndarray, list[_Fitted]]:
    """Raw scores of each fold by a scorer that has not seen it; its penalty is the best on one of the other folds, held out for that."""
    logits, scorers = np.zeros((len(found), 4)), []
    for tested in range(FOLDS):
        inside, chooses = groups != tested, groups == (tested + 1) % FOLDS
        penalty = _best(found, inside & ~chooses, chooses, penalties)
        scorers.append((*fit(found[torch.from_numpy(inside)], penalty), penalty))
        out = groups == tested
        logits[out] = _raw(found[torch.from_numpy(out)], scorers[-1])
    return logits, scorers


def _best(found: Tensor, inside: np.ndarray, outside: np.ndarray, penalties: Sequence[float]) -> float:
    if len(penalties) == 1 or not inside.any() or not outside.any():
        return float(penalties[0])
    tried = {}
    for penalty in penalties:
        scores = _raw(found[torch.from_numpy(outside)], (*fit(found[torch.from_numpy(inside)], penalty), penalty))
        tried[penalty] = surprise(scores / temperature(scores))
    return float(min(tried, key=lambda penalty: tried[penalty]))


def _held_out(found: Tensor, groups: np.ndarray, scorers: list[_Fitted], plain: np.ndarray) -> np.ndarray:
    """Scores of each fold, divided by the temperature that fits the other folds' plain photographs."""
    logits = np.zeros((len(found), 4))
    for tested, scorer in enumerate(scorers):
        out = groups == tested
        logits[out] = _raw(found[torch.from_numpy(out)], scorer) / temperature(plain[~out])
    return logits


def _raw(found: Tensor, scorer: _Fitted) -> np.ndarray:
    mean, scale, weights, penalty = scorer
    return Scorer("", "", (), 0, mean, scale, weights, 1.0, penalty).logits(found)
