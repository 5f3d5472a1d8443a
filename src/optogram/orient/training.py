"""Trains a scorer of uprightness on a folder of photographs that are upright, and measures it on photographs that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from optogram.errors import SettingError, SourceError
from optogram.images.folds import fold
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.orient.evidence import field_shares, unit_names, unit_shares
from optogram.orient.examination import Examination, Speakers
from optogram.orient.fitting import fit, fits, surprise, temperature
from optogram.orient.measures import rightly
from optogram.orient.squares import CONTROLS, Control, four_turns, square
from optogram.orient.uprightness import Scorer, features, normalisation
from optogram.progress import Progress, track
from optogram.result import Provenance
from optogram.statistics.intervals import bootstrap_mean

FOLDS = 5
FEWEST = 20
PENALTIES = (0.03, 0.3, 3.0)
AHEAD = 8


@dataclass(frozen=True, eq=False)
class _Study:
    """A scorer trained on all photographs, those trained on four fifths, and everything that held-out photographs give."""

    indices: list[int]
    folds: Int[np.ndarray, " photo"]
    final: Scorer
    scorers: tuple[Scorer, ...]
    logits: dict[str, Float[np.ndarray, "photo 4"]]
    shares: Float[np.ndarray, "photo unit"]
    found: Float[Tensor, "photo 4 feature"]

    def per_fold(self) -> list[tuple[Scorer, Bool[np.ndarray, " photo"]]]:
        """Each scorer with which photographs were held out from it."""
        return [(scorer, self.folds == number) for number, scorer in enumerate(self.scorers)]


def train(
    network: Network,
    photos: Photos,
    sites: Sequence[str] | None = None,
    *,
    side: int | None = None,
    penalties: Sequence[float] = PENALTIES,
    mirrored: bool = True,
    twins: int = 0,
    seed: int = 0,
    progress: Progress = True,
) -> tuple[Scorer, Examination]:
    """A scorer trained on all photographs, and how its like, trained on four fifths of them, answers for the fifth part.

    The photographs must be upright as they are shown. `sites`: the last one with places by default. `side` of the squares in pixels; by default the
    network's own. Photographs of one group stay in one fold. The penalty is chosen, and the temperature fitted, without the fold that is tested.
    `mirrored`: features are averaged over each picture and its mirror image, at twice the cost. `twins`: shuffled networks that the same is done
    with. Costs four passes of each photograph, twelve with the controls, for each network. Raises `SourceError` for fewer than 20 photographs.
    """
    if len(photos) < FEWEST:
        raise SourceError(f"a scorer is trained on at least {FEWEST} photographs; got {len(photos)}")
    chosen = tuple(sites) if sites else (last_with_places(network).address,)
    pixels = side or min(network.input_size)
    own = _studied(network, chosen, photos, pixels, penalties, CONTROLS, mirrored, seed, progress)
    others = []
    for number in range(twins):
        twin = network.twin("shuffle", seed + number, photos)
        others.append(_studied(twin, chosen, photos, pixels, penalties, ("none",), mirrored, seed, progress))
    settings = {"sites": chosen, "side": pixels, "folds": FOLDS, "penalty": own.final.penalty, "temperature": own.final.temperature}
    settings |= {"mirrored": mirrored, "twins": twins}
    provenance = Provenance("orient", network.name, network.weights_hash, photos.hash, "uprightness", settings, seed)
    names = tuple(photos.identity(index) for index in own.indices)
    examination = Examination(
        names=names,
        folds=own.folds,
        logits=own.logits["none"],
        encoded=own.logits["encoded"],
        blurred=own.logits["blurred"],
        speakers=_speakers(network, own, names, seed),
        twin_shares=np.stack([one.shares.mean(0) for one in others]) if others else np.zeros((0, own.shares.shape[1])),
        twin_right=np.array([int(rightly(one.logits["none"]).sum()) for one in others], dtype=np.int64),
        scorers=own.scorers,
        provenance=provenance,
    )
    return replace(own.final, told=str(examination)), examination


def _studied(
    network: Network,
    addresses: tuple[str, ...],
    photos: Photos,
    side: int,
    penalties: Sequence[float],
    controls: Sequence[Control],
    mirrored: bool,
    seed: int,
    progress: Progress,
) -> _Study:
    indices, found = extract(network, [network.site(address) for address in addresses], photos, side, controls, mirrored, seed, progress)
    groups = np.array([fold(photos.group(index), FOLDS) for index in indices])
    held, fitted = _cross(found["none"], groups, penalties)

    def scorer(mean: np.ndarray, scale: np.ndarray, weights: np.ndarray, penalty: float, warmth: float) -> Scorer:
        about = (network.name, network.weights_hash, addresses, side)
        return Scorer(*about, mean, scale, weights, warmth, penalty, mirrored=mirrored, normalisation=normalisation(network))

    # The temperature that a fold's answers are divided by is fitted without that fold.
    scorers = tuple(scorer(*one, temperature(held[groups != number])) for number, one in enumerate(fitted))
    best = float(np.median([one[3] for one in fitted]))
    final = scorer(*fit(found["none"], best), best, temperature(held))
    outs = [torch.from_numpy(groups == number) for number in range(FOLDS)]
    logits: dict[str, np.ndarray] = {name: np.zeros((len(groups), 4)) for name in controls}
    shares = np.zeros((len(groups), len(unit_names(network, final))))
    for one, out in zip(scorers, outs, strict=True):
        for name in controls:
            logits[name][out.numpy()] = one.logits(found[name][out])
        shares[out.numpy()] = unit_shares(network, one, found["none"][out])
    return _Study(indices, groups, final, scorers, logits, shares, found["none"])


def _speakers(network: Network, own: _Study, names: tuple[str, ...], seed: int) -> Speakers:
    """The units that add to the scores of held-out photographs, and of the loudest where, and in which photographs."""
    spoken = bootstrap_mean(own.shares, np.array(names), resamples=500, seed=seed)
    loudest = np.argsort(-np.asarray(spoken.estimate), kind="stable")[: Speakers.SHOWN]
    fields = np.concatenate(
        [field_shares(network, one, own.found[torch.from_numpy(out)], loudest).sum(0, keepdims=True) for one, out in own.per_fold()]
    )
    return Speakers(
        units=tuple(unit_names(network, own.final)),
        shares=np.stack([spoken.estimate, spoken.low, spoken.high], axis=1),
        loudest=loudest,
        fields=fields.sum(0) / len(names),
        heard=np.argsort(-own.shares[:, loudest], axis=0, kind="stable")[: Speakers.HEARD].T,
    )


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
    controls: Sequence[Control] = CONTROLS,
    mirrored: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> tuple[list[int], dict[str, Tensor]]:
    """Features [photo, 4, feature] (half precision) of every readable photograph's four turns, by control, and the photographs' numbers.

    A `LeftOutWarning` tells of the others.
    """
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
            for name, part in zip(controls, features(worker, own, turns, mirrored).half().split(4), strict=True):
                held[name].append(part)
    if not indices:
        raise SourceError(f"none of the {len(photos)} photographs can be read")
    photos.tell_left_out()
    return indices, {name: torch.stack(parts) for name, parts in held.items()}


def _square(photos: Photos, index: int, side: int, channels: int) -> np.ndarray | None:
    try:
        return square(photos.load(index, channels), side)
    except SourceError:
        return None


_Fitted = tuple[np.ndarray, np.ndarray, np.ndarray, float]


def _cross(found: Tensor, groups: np.ndarray, penalties: Sequence[float]) -> tuple[np.ndarray, list[_Fitted]]:
    """Raw scores of each fold by a scorer that has not seen it; its penalty is the best on one of the other folds, held out for that."""
    logits, fitted = np.zeros((len(found), 4)), []
    for tested in range(FOLDS):
        inside, chooses = groups != tested, groups == (tested + 1) % FOLDS
        penalty = _best(found, inside & ~chooses, chooses, penalties)
        fitted.append((*fit(found[torch.from_numpy(inside)], penalty), penalty))
        out = groups == tested
        logits[out] = _raw(found[torch.from_numpy(out)], fitted[-1])
    return logits, fitted


def _best(found: Tensor, inside: np.ndarray, outside: np.ndarray, penalties: Sequence[float]) -> float:
    if len(penalties) == 1 or not inside.any() or not outside.any():
        return float(penalties[0])
    apart, inner = found[torch.from_numpy(outside)], found[torch.from_numpy(inside)]
    mean, scale, weights = fits(inner, penalties)
    tried = {}
    for penalty, one in zip(penalties, weights, strict=True):
        scores = _raw(apart, (mean, scale, one, penalty))
        tried[penalty] = surprise(scores / temperature(scores))
    return float(min(tried, key=lambda penalty: tried[penalty]))


def _raw(found: Tensor, fitted: _Fitted) -> np.ndarray:
    mean, scale, weights, penalty = fitted
    return Scorer("", "", (), 0, mean, scale, weights, 1.0, penalty).logits(found)
